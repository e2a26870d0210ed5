"""EFS file systems and access points: moto's are available at once, and take any call in any state.

Mount targets are in `sandbox/services/efs_mount_targets.py`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.sandbox.operations import (
    AwsError,
    Call,
    Wire,
    operation,
    page,
    tag_list,
    tag_map,
)
from reconciler.sandbox.world import ACCOUNT, hex_id

LARGEST_PAGE = 100
BETWEEN_MODES = timedelta(hours=24)
"""Before the throughput mode changes again. [M efs.TooManyRequests]"""


@dataclass
class FileSystem:
    """One file system; what it shows follows from these and the clock."""

    id: str
    arn: str
    token: str
    created: datetime
    available: datetime
    fields: Wire
    tags: dict[str, str]
    lifecycle: list[Wire] = field(default_factory=list)
    mode_changed: datetime | None = None
    mount_targets: dict[str, Wire] = field(default_factory=dict)  # by id


@dataclass
class AccessPoint:
    """One access point: a user, a directory, and nothing that changes but its tags."""

    id: str
    arn: str
    token: str
    fields: Wire
    tags: dict[str, str]


@dataclass
class Efs:
    """What a region has."""

    file_systems: dict[str, FileSystem] = field(default_factory=dict)
    access_points: dict[str, AccessPoint] = field(default_factory=dict)


def find(call: Call, named: str) -> FileSystem:
    """Return a file system by its id or ARN. Raises: AwsError when it is not there."""
    systems = call.state(Efs).file_systems
    file_system_id = named.rpartition("/")[2]
    if file_system_id not in systems:
        raise AwsError("FileSystemNotFound", f"File system '{file_system_id}' does not exist.")
    return systems[file_system_id]


def available(call: Call, named: str) -> FileSystem:
    """Return a file system that takes changes.

    Raises: AwsError while it is being created. [M efs.IncorrectFileSystemLifeCycleState]
    """
    system = find(call, named)
    state = _state(call, system)
    if state != "available":
        text = f"The file system '{system.id}' is in the {state} state; it has to be available."
        raise AwsError("IncorrectFileSystemLifeCycleState", text)
    return system


def bad(message: str) -> AwsError:
    """Return the error of a request that makes no sense."""
    return AwsError("BadRequest", message)


def _state(call: Call, system: FileSystem) -> str:
    return "creating" if call.world.now() < system.available else "available"


@operation("efs", "CreateFileSystem")
def create(call: Call) -> Wire:
    """A token that was used is always an error, even with the same words: its text names the file
    system. [M efs.CreateFileSystem]"""
    params = copy.deepcopy(call.params)
    token = params["CreationToken"]
    for system in call.state(Efs).file_systems.values():
        if system.token == token:
            text = f"File system '{system.id}' already exists with creation token '{token}'"
            raise AwsError("FileSystemAlreadyExists", text)
    _check(call, params)
    system_id, made = hex_id("fs-"), call.world.now()
    fields = {
        "PerformanceMode": params.get("PerformanceMode", "generalPurpose"),
        "Encrypted": bool(params.get("Encrypted")),
        "ThroughputMode": params.get("ThroughputMode", "bursting"),
    }
    if fields["Encrypted"]:
        default = call.arn("kms", "key/00000000-0000-4000-8000-000000000001")
        fields["KmsKeyId"] = params.get("KmsKeyId", default)
    if zone := params.get("AvailabilityZoneName"):
        zones = {each.name: each.zone_id for each in call.ec2.describe_availability_zones()}
        fields |= {"AvailabilityZoneName": zone, "AvailabilityZoneId": zones[zone]}
    # EFS takes about as long as FSx here, so that one setting moves both.
    system = FileSystem(
        system_id,
        call.arn("elasticfilesystem", f"file-system/{system_id}"),
        token,
        made,
        made + timedelta(seconds=call.world.settings.fsx_create_seconds),
        fields,
        tag_map(params.get("Tags")),
    )
    call.state(Efs).file_systems[system_id] = system
    return _view(call, system)


def _check(call: Call, params: Wire) -> None:
    """Refuse what CreateFileSystem refuses. [M efs.CreateFileSystem]"""
    mode, zone = params.get("ThroughputMode", "bursting"), params.get("AvailabilityZoneName")
    if params.get("KmsKeyId") and not params.get("Encrypted"):
        raise bad("KmsKeyId was given, and Encrypted is not true.")
    if mode == "provisioned":
        raise AwsError("NotImplemented", "The sandbox has no provisioned throughput.", 501)
    if params.get("PerformanceMode") == "maxIO" and (zone or mode == "elastic"):
        raise bad("maxIO is for regional file systems without elastic throughput.")
    if zone and zone not in {each.name for each in call.ec2.describe_availability_zones()}:
        raise AwsError("UnsupportedAvailabilityZone", f"{zone} is not supported.")


def _view(call: Call, system: FileSystem) -> Wire:
    """As DescribeFileSystems shows it: tags inline, mount targets as a number."""
    return {
        **system.fields,
        "OwnerId": ACCOUNT,
        "CreationToken": system.token,
        "FileSystemId": system.id,
        "FileSystemArn": system.arn,
        "CreationTime": system.created,
        "LifeCycleState": _state(call, system),
        "NumberOfMountTargets": len(system.mount_targets),
        "SizeInBytes": {"Value": 6144, "ValueInIA": 0, "ValueInStandard": 6144},
        "Tags": tag_list(system.tags),
        **({"Name": system.tags["Name"]} if "Name" in system.tags else {}),
    }


@operation("efs", "DescribeFileSystems")
def describe(call: Call) -> Wire:
    """All, or one by its id or token. [M efs.DescribeFileSystems]"""
    chosen = list(call.state(Efs).file_systems.values())
    if named := call.params.get("FileSystemId"):
        chosen = [find(call, named)]
    if token := call.params.get("CreationToken"):
        chosen = [each for each in chosen if each.token == token]
    return marked(call, "FileSystems", [_view(call, each) for each in chosen])


def marked(call: Call, items: str, found: list[Wire]) -> Wire:
    """Return one page of a list with markers; its size is AWS's alone."""
    shown, marker = page(found, LARGEST_PAGE, call.params.get("Marker"))
    return {items: shown, "NextMarker": marker}


@operation("efs", "UpdateFileSystem")
def update(call: Call) -> Wire:
    """The throughput mode, once in 24 hours. [M efs.UpdateFileSystem]"""
    system = available(call, call.params["FileSystemId"])
    mode, now = call.params.get("ThroughputMode", system.fields["ThroughputMode"]), call.world.now()
    if mode == "provisioned":
        raise AwsError("NotImplemented", "The sandbox has no provisioned throughput.", 501)
    if mode != system.fields["ThroughputMode"]:
        if system.mode_changed and now < system.mode_changed + BETWEEN_MODES:
            text = "The throughput mode changes once in 24 hours at most."
            raise AwsError("TooManyRequests", text)
        system.fields, system.mode_changed = {**system.fields, "ThroughputMode": mode}, now
    return _view(call, system)


@operation("efs", "DeleteFileSystem")
def delete(call: Call) -> None:
    """Not while it has mount targets. Its access points go with it. [M efs.DeleteFileSystem]"""
    system = find(call, call.params["FileSystemId"])
    if system.mount_targets:
        text = f"The file system '{system.id}' has mount targets and cannot be deleted."
        raise AwsError("FileSystemInUse", text)
    here = call.state(Efs)
    del here.file_systems[system.id]
    points = here.access_points.values()
    gone = [point.id for point in points if point.fields["FileSystemId"] == system.id]
    for point_id in gone:
        del here.access_points[point_id]


@operation("efs", "PutLifecycleConfiguration")
def put_lifecycle(call: Call) -> Wire:
    """All of it is replaced. Each policy has one transition. [M efs.PutLifecycleConfiguration]"""
    system = available(call, call.params["FileSystemId"])
    policies = copy.deepcopy(call.params["LifecyclePolicies"])
    named = [name for each in policies for name in each]
    if any(len(each) != 1 for each in policies) or len(named) != len(set(named)):
        raise bad("Each lifecycle policy has one transition, and each transition one policy.")
    system.lifecycle = policies
    return {"LifecyclePolicies": policies}


@operation("efs", "DescribeLifecycleConfiguration")
def describe_lifecycle(call: Call) -> Wire:
    """Empty where none was put."""
    return {"LifecyclePolicies": find(call, call.params["FileSystemId"]).lifecycle}


@operation("efs", "CreateAccessPoint")
def create_access_point(call: Call) -> Wire:
    """A token is an error the second time, of the region and not of the file system.

    [M efs.AccessPointAlreadyExists; github.com/aws/aws-sdk issue 163: with the same words too]
    """
    params = copy.deepcopy(call.params)
    system = available(call, params["FileSystemId"])
    points, token = call.state(Efs).access_points, params["ClientToken"]
    for point in points.values():
        if point.token == token:
            text = f"Access point '{point.id}' already exists with client token '{token}'"
            raise AwsError("AccessPointAlreadyExists", text)
    root = params.get("RootDirectory") or {}
    fields = {
        "FileSystemId": system.id,
        "RootDirectory": {"Path": "/", **root},
        **({"PosixUser": params["PosixUser"]} if params.get("PosixUser") else {}),
    }
    point_id = hex_id("fsap-")
    arn = call.arn("elasticfilesystem", f"access-point/{point_id}")
    points[point_id] = AccessPoint(point_id, arn, token, fields, tag_map(params.get("Tags")))
    return _point(points[point_id])


def _point(point: AccessPoint) -> Wire:
    return {
        **point.fields,
        "ClientToken": point.token,
        "AccessPointId": point.id,
        "AccessPointArn": point.arn,
        "OwnerId": ACCOUNT,
        "LifeCycleState": "available",
        "Tags": tag_list(point.tags),
        **({"Name": point.tags["Name"]} if "Name" in point.tags else {}),
    }


@operation("efs", "DescribeAccessPoints")
def describe_access_points(call: Call) -> Wire:
    """All of the region, or one, or those of a file system. [M efs.DescribeAccessPoints]"""
    points = call.state(Efs).access_points
    chosen = list(points.values())
    if named := call.params.get("FileSystemId"):
        system = find(call, named)
        chosen = [each for each in chosen if each.fields["FileSystemId"] == system.id]
    if named := call.params.get("AccessPointId"):
        chosen = [_access_point(call, named)]
    size = min(int(call.params.get("MaxResults", LARGEST_PAGE)), LARGEST_PAGE)
    shown, token = page([_point(each) for each in chosen], size, call.params.get("NextToken"))
    return {"AccessPoints": shown, "NextToken": token}


def _access_point(call: Call, named: str) -> AccessPoint:
    points, point_id = call.state(Efs).access_points, named.rpartition("/")[2]
    if point_id not in points:
        raise AwsError("AccessPointNotFound", f"Access point {point_id} does not exist.")
    return points[point_id]


@operation("efs", "DeleteAccessPoint")
def delete_access_point(call: Call) -> None:
    """Its directory stays. [M efs.DeleteAccessPoint]"""
    point = _access_point(call, call.params["AccessPointId"])
    del call.state(Efs).access_points[point.id]


def _tagged(call: Call) -> FileSystem | AccessPoint:
    named = call.params["ResourceId"].rpartition("/")[2]
    return _access_point(call, named) if named.startswith("fsap-") else find(call, named)


@operation("efs", "TagResource")
def tag(call: Call) -> None:
    """Up to 50 tags a resource, of file systems and access points. [M efs.TagResource]"""
    thing = _tagged(call)
    tags = {**thing.tags, **tag_map(call.params["Tags"])}
    if len(tags) > 50:
        raise bad("A resource can have at most 50 tags.")
    thing.tags = tags


@operation("efs", "UntagResource")
def untag(call: Call) -> None:
    """Keys that are not there are no error."""
    thing = _tagged(call)
    for key in call.params["TagKeys"]:
        thing.tags.pop(key, None)


@operation("efs", "ListTagsForResource")
def list_tags(call: Call) -> Wire:
    """All at once."""
    return {"Tags": tag_list(_tagged(call).tags)}
