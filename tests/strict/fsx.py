"""FSx for Lustre: no names, tokens, a life cycle on the clock, and updates that only grow."""

from __future__ import annotations

import base64
import gzip
from typing import Any

from tests.strict.aws import ACCOUNT, Here, Refusal
from tests.strict.tables import Record
from tests.strict.tags import retagged, untagged

CREATE_SECONDS = 480
UPDATE_SECONDS = 300
BETWEEN = 6 * 3600
"""No second increase of storage, and no other throughput, within six hours (D, "Managing storage
capacity", "Managing provisioned throughput capacity")."""

RESOURCE_OF = {"GrownAt": "storage", "ScaledAt": "throughput"}
MOUNTED = "clients are still connected to the file system: unmount them, then try again"

LUSTRE_PORT = 988
THROUGHPUTS = {
    "PERSISTENT_1": (12, 40, 50, 100, 200),
    "PERSISTENT_2": (125, 250, 500, 1000),
}


def create_file_system(here: Here, p: Record) -> Record:
    """Same token and parameters: the same file system. Other parameters:
    IncompatibleParameterError. A token whose file system is gone makes a new one (M)."""
    made = here.once(
        p.get("ClientRequestToken"),
        p,
        lambda: _make(here, p),
        "IncompatibleParameterError",
        lambda made: made in here.all("systems"),
    )
    return {"FileSystem": _view(here, here.all("systems")[made])}


def _make(here: Here, p: Record) -> str:
    lustre = p.get("LustreConfiguration", {})
    deployment = lustre.get("DeploymentType", "SCRATCH_1")
    _check_size(p["StorageCapacity"], p.get("StorageType", "SSD"), 1200)
    _check_throughput(lustre.get("PerUnitStorageThroughput"), deployment)
    _check_root_squash(lustre)
    _check_network(here, p)
    made = here.new_id("fs", p.get("ClientRequestToken", ""))
    here.put(
        "systems",
        made,
        {
            "Fields": {
                "OwnerId": ACCOUNT,
                "CreationTime": here.aws.now(),
                "FileSystemId": made,
                "FileSystemType": "LUSTRE",
                "StorageCapacity": p["StorageCapacity"],
                "StorageType": p.get("StorageType", "SSD"),
                "VpcId": _subnet(here, p["SubnetIds"][0])["VpcId"],
                "SubnetIds": list(p["SubnetIds"]),
                "DNSName": f"{made}.fsx.{here.region}.amazonaws.com",
                "KmsKeyId": p.get("KmsKeyId", here.arn("key/aws-fsx", "kms")),
                "ResourceARN": here.arn(f"file-system/{made}"),
                "FileSystemTypeVersion": p.get("FileSystemTypeVersion", "2.12"),
            },
            "Lustre": {
                "DataCompressionType": "NONE",
                "WeeklyMaintenanceStartTime": "7:05:00",
                "AutomaticBackupRetentionDays": 0,
                "CopyTagsToBackups": False,
                **lustre,
                "DeploymentType": deployment,
                "MountName": f"m{made[-7:]}",
            },
            "Tags": list(p.get("Tags", ())),
            "Groups": tuple(p.get("SecurityGroupIds", ())),
            "ReadyAt": here.aws.seconds + CREATE_SECONDS,
            "UpdatedAt": 0.0,
            "Asked": {},  # when storage and throughput were last asked for
            "Target": {},
            "Given up": "",
        },
    )
    return made


def _check_size(size: int, storage: str, smallest: int) -> None:
    """1200, or a multiple of 2400 (M, StorageCapacity)."""
    if storage == "SSD" and size != smallest and (size <= 0 or size % 2400):
        raise Refusal("BadRequest", f"StorageCapacity {size} GiB is not valid")


def _check_throughput(given: int | None, deployment: str) -> None:
    if deployment in THROUGHPUTS and given not in THROUGHPUTS[deployment]:
        raise Refusal("InvalidPerUnitStorageThroughput", f"{given} is not valid for {deployment}")


def _check_root_squash(lustre: Record) -> None:
    """UID:GID, and both are zero or neither is (M, LustreRootSquashConfiguration)."""
    given = lustre.get("RootSquashConfiguration", {}).get("RootSquash", "0:0")
    if len({int(part) == 0 for part in given.split(":")}) > 1:
        raise Refusal("BadRequest", f"RootSquash {given} is not valid")


def _subnet(here: Here, made: str) -> Record:
    found = here.of("ec2").all("subnets").get(made)
    if found is None:
        raise Refusal("InvalidNetworkSettings", f"The subnet ID '{made}' does not exist")
    return found


def _check_network(here: Here, p: Record) -> None:
    """A group must admit Lustre from itself (D, "File system fails to create")."""
    _subnet(here, p["SubnetIds"][0])
    groups = here.of("ec2").named("groups")
    for made in p.get("SecurityGroupIds", ()):
        if made not in groups:
            raise Refusal("InvalidNetworkSettings", f"The security group '{made}' does not exist")
        if not any(
            rule[1] <= LUSTRE_PORT <= rule[2] and rule[3] == ("GroupId", made)
            for rule in groups[made]["Rules"]
        ):
            raise Refusal(
                "InvalidNetworkSettings",
                "The file system cannot be created because the default security group in the "
                "subnet provided or the provided security groups do not permit Lustre LNET "
                f"network traffic on port {LUSTRE_PORT}",
            )


def describe_file_systems(here: Here, p: Record) -> Record:
    """In no order, page by page; an unknown id is refused, and absent from the list (M)."""
    seen = here.seen("systems")
    wanted = p.get("FileSystemIds") or list(seen)
    if set(wanted) - set(seen):
        _absent(", ".join(sorted(set(wanted) - set(seen))))
    return here.page(
        p, "FileSystems", lambda: [_view(here, seen[made]) for made in wanted], most=100
    )


def _view(here: Here, system: Record) -> Record:
    now = here.aws.seconds
    updating = bool(system["Target"]) and now < system["UpdatedAt"]
    fields, lustre = system["Fields"], system["Lustre"]
    if updating or system["Given up"]:  # rolled back (D, "Managing Lustre versions")
        fields = {**fields, **system["Before"]["Fields"]}
        lustre = {**lustre, **system["Before"]["Lustre"]}
    ready = "UPDATING" if updating else "AVAILABLE"
    view = {
        **fields,
        "Lifecycle": "CREATING" if now < system["ReadyAt"] else ready,
        "LustreConfiguration": lustre,
        "Tags": system["Tags"],
    }
    if system["Target"]:
        status = "FAILED" if system["Given up"] else "COMPLETED"
        view["AdministrativeActions"] = [
            {
                "AdministrativeActionType": "FILE_SYSTEM_UPDATE",
                "RequestTime": system["AskedAt"],
                "Status": "IN_PROGRESS" if updating else status,
                "TargetFileSystemValues": system["Target"],
                "FailureDetails": {"Message": system["Given up"]},
            }
        ]
    return view


def update_file_system(here: Here, p: Record) -> Record:
    """A repeated token repeats the answer (M)."""
    made = here.once(
        p.get("ClientRequestToken"), p, lambda: _update(here, p), "IncompatibleParameterError"
    )
    return {"FileSystem": _view(here, here.all("systems").get(made) or _absent(made))}


def _update(here: Here, p: Record) -> str:
    """Capacity and version only go up; one growth at a time, and in six hours (M)."""
    made: str = p["FileSystemId"]
    system = here.named("systems").get(made) or _absent(made)
    now = here.aws.seconds
    if now < system["ReadyAt"]:
        raise Refusal("BadRequest", f"{made} is not in a state that can be updated: CREATING")
    if system["Target"] and now < system["UpdatedAt"]:
        raise Refusal(
            "BadRequest",
            "Unable to perform the storage capacity update. There is an update already in "
            "progress.",
        )
    if system["Given up"]:
        system = {**system, "Fields": {**system["Fields"], **system["Before"]["Fields"]}}
    size = p.get("StorageCapacity")
    changed: dict[str, Any] = {}
    asked = dict(system["Asked"])
    if size is not None:
        if size <= system["Fields"]["StorageCapacity"]:
            raise Refusal("BadRequest", "StorageCapacity can only be increased")
        _not_too_soon(asked, "GrownAt", now)
        _check_size(size, system["Fields"]["StorageType"], 0)
        changed["StorageCapacity"] = size
    version = p.get("FileSystemTypeVersion")
    if version is not None:
        if version <= system["Fields"]["FileSystemTypeVersion"]:
            raise Refusal("BadRequest", "FileSystemTypeVersion can only go up")
        changed["FileSystemTypeVersion"] = version
    lustre = dict(p.get("LustreConfiguration", {}))
    _check_root_squash(lustre)
    if "PerUnitStorageThroughput" in lustre:
        _check_throughput(lustre["PerUnitStorageThroughput"], system["Lustre"]["DeploymentType"])
        _not_too_soon(asked, "ScaledAt", now)
    mounted = version is not None and _clients(here, made)
    before = {
        "Fields": {key: system["Fields"][key] for key in changed},
        "Lustre": {key: system["Lustre"][key] for key in lustre if key in system["Lustre"]},
    }
    here.put(
        "systems",
        made,
        {
            **system,
            "Fields": {**system["Fields"], **changed},
            "Lustre": {**system["Lustre"], **lustre},
            "Before": before,
            "Target": {**changed, **({"LustreConfiguration": lustre} if lustre else {})},
            "AskedAt": here.aws.now(),
            "UpdatedAt": now + UPDATE_SECONDS,
            "Asked": asked,
            "Given up": MOUNTED if mounted else "",
        },
    )
    return made


def _not_too_soon(asked: dict[str, float], action: str, now: float) -> None:
    if action in asked and now - asked[action] < BETWEEN:
        # AWS's own words for this are not known.
        raise Refusal("BadRequest", f"{RESOURCE_OF[action]} was changed less than six hours ago")
    asked[action] = now


def _clients(here: Here, made: str) -> bool:
    """Whether a group that runs may have it mounted: as its newest template version says."""
    ec2 = here.of("ec2")
    for group in here.of("autoscaling").all("groups").values():
        policy = group["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
        version = ec2.all("versions").get(f"{policy['LaunchTemplateId']}/{policy['Version']}")
        data = (version or {}).get("LaunchTemplateData", {}).get("UserData", "")
        if group["Instances"] and f"{made}.fsx" in _plain(data):
            return True
    return False


def _plain(user_data: str) -> str:
    raw = base64.b64decode(user_data)
    return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode()


def delete_file_system(here: Here, p: Record) -> Record:
    """Delete a file system, which only people do."""
    if p["FileSystemId"] not in here.all("systems"):
        _absent(p["FileSystemId"])
    here.drop("systems", p["FileSystemId"])
    return {"FileSystemId": p["FileSystemId"], "Lifecycle": "DELETING"}


def tag_resource(here: Here, p: Record) -> Record:
    """Set some tags of a file system."""
    made = p["ResourceARN"].split("/")[-1]
    system = here.all("systems").get(made) or _absent(made)
    here.put("systems", made, {**system, "Tags": retagged(system["Tags"], p["Tags"])})
    return {}


def untag_resource(here: Here, p: Record) -> Record:
    """Remove some tags of a file system."""
    made = p["ResourceARN"].split("/")[-1]
    system = here.all("systems").get(made) or _absent(made)
    here.put("systems", made, {**system, "Tags": untagged(system["Tags"], p["TagKeys"])})
    return {}


def _absent(made: str) -> Record:
    raise Refusal("FileSystemNotFound", f"File system '{made}' does not exist.")
