"""EFS mount targets: one a zone, each a network interface with security groups of its own."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.operations import AwsError, Call, Wire, operation
from reconciler.sandbox.services import efs
from reconciler.sandbox.world import ACCOUNT, hex_id

MOST_GROUPS = 5
"""Of one network interface, unless AWS has raised it. [D VPC user guide, "Amazon VPC quotas"]"""


@operation("efs", "CreateMountTarget")
def create(call: Call) -> Wire:
    """One a zone, all in one VPC; of a One Zone file system one in its zone.

    [M efs.CreateMountTarget; the texts: hashicorp/terraform-provider-aws issue 2525]
    """
    system = efs.available(call, call.params["FileSystemId"])
    subnet = _subnet(call, call.params["SubnetId"])
    for other in system.mount_targets.values():
        if other["VpcId"] != subnet.vpc_id:
            text = "requested subnet for new mount target is not in the same VPC as existing ones"
            raise AwsError("MountTargetConflict", text)
        if other["AvailabilityZoneName"] == subnet.availability_zone:
            raise AwsError("MountTargetConflict", "mount target already exists in this AZ")
    zone = system.fields.get("AvailabilityZoneName", subnet.availability_zone)
    if zone != subnet.availability_zone:
        text = f"The file system is in {zone}, and the subnet in {subnet.availability_zone}."
        raise AwsError("AvailabilityZonesMismatch", text)
    groups = call.params.get("SecurityGroups") or [
        call.ec2.get_default_security_group(subnet.vpc_id).id
    ]
    _check_groups(call, groups, subnet.vpc_id)
    target_id = hex_id("fsmt-")
    interface: Any = call.ec2.create_network_interface(
        subnet,
        None,
        group_ids=groups,
        description=f"EFS mount target for {system.id} ({target_id})",
    )
    interface.status = "in-use"
    system.mount_targets[target_id] = {
        "OwnerId": ACCOUNT,
        "MountTargetId": target_id,
        "FileSystemId": system.id,
        "SubnetId": subnet.id,
        "LifeCycleState": "available",
        "IpAddress": interface.private_ip_address,
        "NetworkInterfaceId": interface.id,
        "AvailabilityZoneId": subnet.availability_zone_id,
        "AvailabilityZoneName": subnet.availability_zone,
        "VpcId": subnet.vpc_id,
    }
    return system.mount_targets[target_id]


def _subnet(call: Call, subnet_id: str) -> Any:
    found = [zone[subnet_id] for zone in call.ec2.subnets.values() if subnet_id in zone]
    if not found:
        raise AwsError("SubnetNotFound", f"The subnet ID '{subnet_id}' does not exist")
    return found[0]


def _check_groups(call: Call, groups: list[str], vpc_id: str) -> None:
    if len(groups) > MOST_GROUPS:
        text = "The maximum number of security groups per interface has been reached."
        raise AwsError("SecurityGroupLimitExceeded", text)
    for group_id in groups:
        group = call.ec2.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc_id:
            text = f"The security group '{group_id}' does not exist in VPC '{vpc_id}'"
            raise AwsError("SecurityGroupNotFound", text)


def _find(call: Call, target_id: str) -> tuple[efs.FileSystem, Wire]:
    for system in call.state(efs.Efs).file_systems.values():
        if target_id in system.mount_targets:
            return system, system.mount_targets[target_id]
    raise AwsError("MountTargetNotFound", f"Mount target '{target_id}' does not exist.")


@operation("efs", "DescribeMountTargets")
def describe(call: Call) -> Wire:
    """Those of one file system, or one; there is no list of all. [M efs.DescribeMountTargets]"""
    if target_id := call.params.get("MountTargetId"):
        chosen = [_find(call, target_id)[1]]
    elif named := call.params.get("FileSystemId"):
        chosen = list(efs.find(call, named).mount_targets.values())
    else:
        raise efs.bad("Name a file system, an access point or a mount target.")
    return efs.marked(call, "MountTargets", chosen)


@operation("efs", "DescribeMountTargetSecurityGroups")
def describe_groups(call: Call) -> Wire:
    """Those of its network interface."""
    interface = _interface(call)
    return {"SecurityGroups": [group.id for group in interface.group_set]}


@operation("efs", "ModifyMountTargetSecurityGroups")
def modify_groups(call: Call) -> None:
    """All of them are replaced. [M efs.ModifyMountTargetSecurityGroups]"""
    groups = call.params.get("SecurityGroups") or []
    _, target = _find(call, call.params["MountTargetId"])
    _check_groups(call, groups, target["VpcId"])
    call.ec2.modify_network_interface_attribute(target["NetworkInterfaceId"], groups)


def _interface(call: Call) -> Any:
    _, target = _find(call, call.params["MountTargetId"])
    return call.ec2.get_network_interface(target["NetworkInterfaceId"])


@operation("efs", "DeleteMountTarget")
def delete(call: Call) -> None:
    """Gone at once, with its interface."""
    system, target = _find(call, call.params["MountTargetId"])
    del system.mount_targets[target["MountTargetId"]]
    call.ec2.delete_network_interface(target["NetworkInterfaceId"])
