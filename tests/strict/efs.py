"""EFS: tokens that are refused the second time, life cycles on the clock, one target a zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.strict.aws import ACCOUNT, Here, Refusal
from tests.strict.tables import Record
from tests.strict.tags import retagged, untagged

CREATE_SECONDS = 20
TARGET_SECONDS = 90
BETWEEN_MODES = 24 * 3600
"""Before the throughput mode changes again (M, TooManyRequests)."""
MOST_GROUPS = 5
"""Security groups of a network interface (D, Amazon VPC quotas)."""


def create_file_system(here: Here, p: Record) -> Record:
    """A token that is in use is refused, with the same parameters too (M)."""
    token = p["CreationToken"]
    for made, system in here.all("systems").items():
        if system["Fields"]["CreationToken"] == token:
            text = f"File system '{made}' already exists with creation token '{token}'"
            raise Refusal("FileSystemAlreadyExists", text, 409)
    if p.get("KmsKeyId") and not p.get("Encrypted"):
        raise Refusal("BadRequest", "KmsKeyId needs Encrypted")
    made = here.new_id("fs", token)
    zone = p.get("AvailabilityZoneName")
    fields = {
        "OwnerId": ACCOUNT,
        "CreationToken": token,
        "FileSystemId": made,
        "FileSystemArn": here.arn(f"file-system/{made}", "elasticfilesystem"),
        "CreationTime": here.aws.now(),
        "PerformanceMode": p.get("PerformanceMode", "generalPurpose"),
        "Encrypted": bool(p.get("Encrypted")),
        "KmsKeyId": p.get("KmsKeyId", here.arn("key/aws-efs", "kms")),
        "ThroughputMode": p.get("ThroughputMode", "bursting"),
        "SizeInBytes": {"Value": 6144, "ValueInIA": 0, "ValueInStandard": 6144},
        **({"AvailabilityZoneName": zone} if zone else {}),
    }
    record = {
        "Fields": fields,
        "Tags": list(p.get("Tags", ())),
        "Lifecycle": [],
        "ReadyAt": here.aws.seconds + CREATE_SECONDS,
        "ModeAt": -float(BETWEEN_MODES),
    }
    here.put("systems", made, record)
    return _view(here, record)


def _view(here: Here, system: Record) -> Record:
    made = system["Fields"]["FileSystemId"]
    targets = [each for each in here.all("targets").values() if each["FileSystemId"] == made]
    return {
        **system["Fields"],
        "LifeCycleState": _state(here, system),
        "NumberOfMountTargets": len(targets),
        "Tags": system["Tags"],
    }


def _state(here: Here, system: Record) -> str:
    return "creating" if here.aws.seconds < system["ReadyAt"] else "available"


def _system(here: Here, made: str) -> Record:
    """A file system that a write names."""
    return here.named("systems").get(made) or _absent("FileSystem", made)


def _available(here: Here, made: str) -> Record:
    system = _system(here, made)
    if _state(here, system) != "available":
        raise Refusal("IncorrectFileSystemLifeCycleState", f"{made} is not available", 409)
    return system


def _marked(here: Here, p: Record, items: str, found: Callable[[], list[Any]]) -> Record:
    """One page where tokens are called markers (M)."""
    answer = here.page({"NextToken": p.get("Marker")}, items, found, most=100)
    if "NextToken" in answer:
        answer["NextMarker"] = answer.pop("NextToken")
    return answer


def describe_file_systems(here: Here, p: Record) -> Record:
    """In no order, page by page."""
    seen = here.seen("systems")
    return _marked(here, p, "FileSystems", lambda: [_view(here, each) for each in seen.values()])


def update_file_system(here: Here, p: Record) -> Record:
    """The throughput mode, once in 24 hours (M)."""
    system = _available(here, p["FileSystemId"])
    mode, now = p["ThroughputMode"], here.aws.seconds
    if mode != system["Fields"]["ThroughputMode"]:
        if now < system["ModeAt"] + BETWEEN_MODES:
            raise Refusal("TooManyRequests", "wait 24 hours between two throughput modes", 429)
        fields = {**system["Fields"], "ThroughputMode": mode}
        system = {**system, "Fields": fields, "ModeAt": now}
        here.put("systems", p["FileSystemId"], system)
    return _view(here, system)


def put_lifecycle_configuration(here: Here, p: Record) -> Record:
    """All of it; one transition a policy (M)."""
    system = _available(here, p["FileSystemId"])
    policies = list(p["LifecyclePolicies"])
    if any(len(each) != 1 for each in policies):
        raise Refusal("BadRequest", "each lifecycle policy has one transition")
    here.put("systems", p["FileSystemId"], {**system, "Lifecycle": policies})
    return {"LifecyclePolicies": policies}


def describe_lifecycle_configuration(here: Here, p: Record) -> Record:
    """Of one file system; there is no list of all (M)."""
    made = p["FileSystemId"]
    system = here.seen("systems").get(made) or _absent("FileSystem", made)
    return {"LifecyclePolicies": system["Lifecycle"]}


def delete_file_system(here: Here, p: Record) -> Record:
    """By hand only, and not with mount targets (M, FileSystemInUse). Access points go with it."""
    made = p["FileSystemId"]
    _system(here, made)
    if any(each["FileSystemId"] == made for each in here.all("targets").values()):
        raise Refusal("FileSystemInUse", f"{made} has mount targets", 409)
    for point, each in list(here.all("points").items()):
        if each["FileSystemId"] == made:
            here.drop("points", point)
    here.drop("systems", made)
    return {}


# -- mount targets ---------------------------------------------------------------------------


def create_mount_target(here: Here, p: Record) -> Record:
    """One a zone, in one VPC; of One Zone storage in its zone (M)."""
    made = p["FileSystemId"]
    system, ec2 = _available(here, made), here.of("ec2")
    subnet = ec2.all("subnets").get(p["SubnetId"])
    if subnet is None:
        raise Refusal("SubnetNotFound", f"The subnet ID '{p['SubnetId']}' does not exist")
    zone = subnet["AvailabilityZone"]
    for each in here.all("targets").values():
        if each["FileSystemId"] == made and each["AvailabilityZoneName"] == zone:
            raise Refusal("MountTargetConflict", "mount target already exists in this AZ", 409)
        if each["FileSystemId"] == made and each["VpcId"] != subnet["VpcId"]:
            raise Refusal("MountTargetConflict", "existing ones are in another VPC", 409)
    if system["Fields"].get("AvailabilityZoneName", zone) != zone:
        raise Refusal("AvailabilityZonesMismatch", f"{made} is not in {zone}")
    _check_groups(here, p["SecurityGroups"])
    target = here.new_id("fsmt", f"{made} {zone}")
    record = {
        "OwnerId": ACCOUNT,
        "MountTargetId": target,
        "FileSystemId": made,
        "SubnetId": p["SubnetId"],
        "VpcId": subnet["VpcId"],
        "AvailabilityZoneName": zone,
        "NetworkInterfaceId": here.new_id("eni", target),
        "Groups": tuple(p["SecurityGroups"]),
        "ReadyAt": here.aws.seconds + TARGET_SECONDS,
    }
    here.put("targets", target, record)
    return _target(here, record)


def _check_groups(here: Here, groups: list[str]) -> None:
    if len(groups) > MOST_GROUPS:
        raise Refusal("SecurityGroupLimitExceeded", "too many security groups")
    known = here.of("ec2").named("groups")
    for each in groups:
        if each not in known:
            raise Refusal("SecurityGroupNotFound", f"The security group '{each}' does not exist")


def _target(here: Here, target: Record) -> Record:
    state = "creating" if here.aws.seconds < target["ReadyAt"] else "available"
    shown = {name: value for name, value in target.items() if name not in ("Groups", "ReadyAt")}
    return {**shown, "LifeCycleState": state}


def describe_mount_targets(here: Here, p: Record) -> Record:
    """Of one file system; there is no list of all (M)."""
    made = p["FileSystemId"]
    if made not in here.seen("systems"):
        _absent("FileSystem", made)
    found = [each for each in here.seen("targets").values() if each["FileSystemId"] == made]
    return _marked(here, p, "MountTargets", lambda: [_target(here, each) for each in found])


def modify_mount_target_security_groups(here: Here, p: Record) -> Record:
    """All are replaced (M)."""
    made = p["MountTargetId"]
    target = here.all("targets").get(made) or _absent("MountTarget", made)
    _check_groups(here, p["SecurityGroups"])
    here.put("targets", made, {**target, "Groups": tuple(p["SecurityGroups"])})
    return {}


def delete_mount_target(here: Here, p: Record) -> Record:
    """By hand only."""
    if p["MountTargetId"] not in here.all("targets"):
        _absent("MountTarget", p["MountTargetId"])
    here.drop("targets", p["MountTargetId"])
    return {}


# -- access points ---------------------------------------------------------------------------


def create_access_point(here: Here, p: Record) -> Record:
    """A token is refused the second time, of whatever file system (M; aws/aws-sdk issue 163)."""
    _available(here, p["FileSystemId"])
    for made, point in here.all("points").items():
        if point["ClientToken"] == p["ClientToken"]:
            raise Refusal("AccessPointAlreadyExists", f"Access point {made} has this token", 409)
    made = here.new_id("fsap", p["ClientToken"])
    record = {
        "ClientToken": p["ClientToken"],
        "AccessPointId": made,
        "AccessPointArn": here.arn(f"access-point/{made}", "elasticfilesystem"),
        "FileSystemId": p["FileSystemId"],
        "PosixUser": p["PosixUser"],
        "RootDirectory": p["RootDirectory"],
        "OwnerId": ACCOUNT,
        "LifeCycleState": "available",
        "Tags": list(p.get("Tags", ())),
    }
    here.put("points", made, record)
    return record


def describe_access_points(here: Here, p: Record) -> Record:
    """Of the whole region (M)."""
    return here.page(p, "AccessPoints", lambda: list(here.seen("points").values()), most=100)


def delete_access_point(here: Here, p: Record) -> Record:
    """By hand only; the files stay."""
    if p["AccessPointId"] not in here.all("points"):
        _absent("AccessPoint", p["AccessPointId"])
    here.drop("points", p["AccessPointId"])
    return {}


# -- tags ------------------------------------------------------------------------------------


def _tagged(here: Here, p: Record) -> tuple[str, str, Record]:
    made = p["ResourceId"].split("/")[-1]
    of_point = made.startswith("fsap-")
    table, noun = ("points", "AccessPoint") if of_point else ("systems", "FileSystem")
    return table, made, here.all(table).get(made) or _absent(noun, made)


def tag_resource(here: Here, p: Record) -> Record:
    """Set some tags."""
    table, made, record = _tagged(here, p)
    here.put(table, made, {**record, "Tags": retagged(record["Tags"], p["Tags"])})
    return {}


def untag_resource(here: Here, p: Record) -> Record:
    """Take some tags away."""
    table, made, record = _tagged(here, p)
    here.put(table, made, {**record, "Tags": untagged(record["Tags"], p["TagKeys"])})
    return {}


def _absent(noun: str, made: str) -> Record:
    raise Refusal(f"{noun}NotFound", f"{noun} '{made}' does not exist.", 404)
