"""FSx for Lustre file systems: moto's have no life cycle, no updates and no rules at all."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reconciler.sandbox.operations import (
    AwsError,
    Call,
    Wire,
    forget,
    once,
    operation,
    page,
    tag_list,
    tag_map,
)
from reconciler.sandbox.services import lustre
from reconciler.sandbox.services.lustre_updates import MOUNTED, Update, Updates, clients
from reconciler.sandbox.world import ACCOUNT, hex_id, mount_name

LARGEST_PAGE = 100


@dataclass
class FileSystem:
    """One file system; its state follows from these fields and the clock."""

    id: str
    arn: str
    created: datetime
    available: datetime
    fields: Wire
    lustre: Wire
    tags: dict[str, str]
    updates: Updates = field(default_factory=Updates)


@dataclass
class FileSystems:
    """The file systems of a region."""

    by_id: dict[str, FileSystem] = field(default_factory=dict)


def find(call: Call, file_system_id: str) -> FileSystem:
    """Find a file system. Raises: AwsError if it is not there."""
    systems = call.state(FileSystems).by_id
    if file_system_id not in systems:
        raise AwsError("FileSystemNotFound", f"File system '{file_system_id}' does not exist.")
    return systems[file_system_id]


@operation("fsx", "CreateFileSystem")
def create(call: Call) -> Wire:
    """Answer CreateFileSystem. Moto takes any size, throughput and subnet, and ignores
    ClientRequestToken.

    [M fsx.CreateFileSystem]
    """

    def make() -> Wire:
        params = copy.deepcopy(call.params)
        if params["FileSystemType"] != "LUSTRE":
            raise AwsError("NotImplemented", "The sandbox has FSx for Lustre only.", 501)
        lustre.check_create(params)
        config = lustre.configuration(params)
        made = call.world.now()
        system_id = hex_id("fs-")
        ready = made + timedelta(seconds=call.world.settings.fsx_create_seconds)
        network = _network(call, system_id, params)
        config["MountName"] = mount_name(hashlib.sha256(system_id.encode()).hexdigest())
        if config["DeploymentType"] == "SCRATCH_1":
            config["MountName"] = "fsx"
        fields = {
            "OwnerId": ACCOUNT,
            "FileSystemType": "LUSTRE",
            "StorageType": params.get("StorageType", "SSD"),
            "StorageCapacity": params.get("StorageCapacity"),
            "DNSName": f"{system_id}.fsx.{call.region}.amazonaws.com",
            "FileSystemTypeVersion": lustre.version(params),
            **network,
        }
        if config["DeploymentType"].startswith("PERSISTENT"):
            default = call.arn("kms", "key/00000000-0000-4000-8000-000000000000")
            fields["KmsKeyId"] = params.get("KmsKeyId", default)
        system = FileSystem(
            system_id,
            call.arn("fsx", f"file-system/{system_id}"),
            made,
            ready,
            fields,
            config,
            tag_map(params.get("Tags")),
        )
        call.state(FileSystems).by_id[system_id] = system
        return {"FileSystemId": system_id}

    made = once(call, make, "IncompatibleParameterError", "ClientRequestToken")
    return {"FileSystem": view(call, find(call, made["FileSystemId"]))}


def _network(call: Call, system_id: str, params: Wire) -> Wire:
    """The interface in the subnet. Groups show on it alone, never on the file system."""
    subnet_id = params["SubnetIds"][0]
    zone = [subnets for subnets in call.ec2.subnets.values() if subnet_id in subnets]
    if not zone:
        raise AwsError("InvalidNetworkSettings", f"The subnet ID '{subnet_id}' does not exist")
    subnet = zone[0][subnet_id]
    for group_id in params.get("SecurityGroupIds", []):
        group = call.ec2.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != subnet.vpc_id:
            raise AwsError(
                "InvalidNetworkSettings",
                f"The security group '{group_id}' does not exist in the VPC",
            )
    interface: Any = call.ec2.create_network_interface(
        subnet,
        None,
        group_ids=params.get("SecurityGroupIds", []),
        description=f"Created by Amazon FSx for file system {system_id}",
    )
    interface.status = "in-use"
    return {
        "SubnetIds": [subnet_id],
        "VpcId": subnet.vpc_id,
        "NetworkInterfaceIds": [interface.id],
    }


def lifecycle(call: Call, system: FileSystem) -> str:
    """Compute the lifecycle of a file system, by the clock alone."""
    now = call.world.now()
    if now < system.available:
        return "CREATING"
    for update in reversed(system.updates.made):
        if not update.applied and now >= update.done:
            _finish(call, system, update)
    return "UPDATING" if system.updates.under_way(now) else "AVAILABLE"


def _finish(call: Call, system: FileSystem, update: Update) -> None:
    """The new values show once an update is done; a version with clients mounted is given up."""
    update.applied = True
    dns_name = system.fields["DNSName"]
    if "FileSystemTypeVersion" in update.target and clients(call, dns_name):
        update.failure = MOUNTED
    else:
        system.fields, system.lustre = update.fields, update.lustre


def view(call: Call, system: FileSystem) -> Wire:
    """Show a file system as DescribeFileSystems does: tags inline, security groups not at all."""
    state = lifecycle(call, system)
    actions = system.updates.actions(call.world.now())
    return {
        **system.fields,
        "FileSystemId": system.id,
        "CreationTime": system.created,
        "Lifecycle": state,
        "ResourceARN": system.arn,
        "Tags": tag_list(system.tags),
        "LustreConfiguration": system.lustre,
        **({"AdministrativeActions": actions} if actions else {}),
    }


@operation("fsx", "DescribeFileSystems")
def describe(call: Call) -> Wire:
    """Answer DescribeFileSystems. An unknown id is an error on AWS, nothing in moto."""
    ids = call.params.get("FileSystemIds")
    systems = call.state(FileSystems).by_id
    chosen = [find(call, system_id) for system_id in ids] if ids else list(systems.values())
    size = min(int(call.params.get("MaxResults", LARGEST_PAGE)), LARGEST_PAGE)
    shown, token = page(chosen, size, call.params.get("NextToken"))
    return {"FileSystems": [view(call, system) for system in shown], "NextToken": token}


@operation("fsx", "UpdateFileSystem")
def update(call: Call) -> Wire:
    """Answer UpdateFileSystem, which moto does not have. One update runs at a time, and its targets
    are shown while it runs.

    [M fsx.UpdateFileSystem]
    """
    system = find(call, call.params["FileSystemId"])
    if lifecycle(call, system) != "AVAILABLE":
        raise AwsError(
            "BadRequest", f"Unable to perform the update: file system {system.id} is not AVAILABLE."
        )
    fields, config = lustre.check_update(system.fields, system.lustre, call.params)
    target: Wire = {
        name: fields[name] for name in fields if fields[name] != system.fields.get(name)
    }
    if config != system.lustre:
        changed = {
            name: value for name, value in config.items() if value != system.lustre.get(name)
        }
        target["LustreConfiguration"] = changed
    if target:
        now = call.world.now()
        system.updates.refuse_too_soon(now, target)
        takes = timedelta(seconds=call.world.settings.fsx_update_seconds)
        update = Update(now, now + takes, now + 2 * takes, target, fields, config)
        system.updates.made.insert(0, update)
    return {"FileSystem": view(call, system)}


@operation("fsx", "DeleteFileSystem")
def delete(call: Call) -> Wire:
    """Answer DeleteFileSystem. The file system and its interface are gone at once; Lustre makes
    a final backup only on request."""
    system = find(call, call.params["FileSystemId"])
    if lifecycle(call, system) == "CREATING":
        raise AwsError("BadRequest", f"File system {system.id} is being created.")
    del call.state(FileSystems).by_id[system.id]
    forget(call, "FileSystemId", system.id)
    for interface in system.fields["NetworkInterfaceIds"]:
        call.ec2.delete_network_interface(interface)
    return {"FileSystemId": system.id, "Lifecycle": "DELETING"}


def _by_arn(call: Call) -> FileSystem:
    arn = call.params["ResourceARN"]
    for system in call.state(FileSystems).by_id.values():
        if system.arn == arn:
            return system
    raise AwsError("ResourceNotFound", f"The resource '{arn}' does not exist.")


@operation("fsx", "TagResource")
def tag(call: Call) -> Wire:
    """Answer TagResource. A resource has up to 50 tags."""
    system = _by_arn(call)
    tags = {**system.tags, **tag_map(call.params["Tags"])}
    if len(tags) > 50:
        raise AwsError("BadRequest", "A resource can have at most 50 tags.")
    system.tags = tags
    return {}


@operation("fsx", "UntagResource")
def untag(call: Call) -> Wire:
    """Answer UntagResource. Keys that are not there are no error."""
    system = _by_arn(call)
    for key in call.params["TagKeys"]:
        system.tags.pop(key, None)
    return {}


@operation("fsx", "ListTagsForResource")
def list_tags(call: Call) -> Wire:
    """Answer ListTagsForResource, in one page."""
    return {"Tags": tag_list(_by_arn(call).tags)}


@operation("fsx", "DescribeBackups", "DescribeDataRepositoryAssociations")
def describe_none(call: Call) -> Wire:
    """Answer DescribeBackups and DescribeDataRepositoryAssociations. The sandbox has no backups
    and no S3 links, so there are none to show."""
    key = "Backups" if call.operation == "DescribeBackups" else "Associations"
    return {key: []}
