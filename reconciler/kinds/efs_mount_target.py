"""EFS mount targets: where instances of one zone reach a file system. Never deleted by a run.

They have no tags and no token: a zone has one of a file system, and a second is refused (EFS API,
CreateMountTarget). EFS lists those of one file system at a time; which security groups each is in,
EC2 tells of all their network interfaces together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.homes.efs import EfsFileSystem
from reconciler.errors import NotFound
from reconciler.kinds import efs_file_system, efs_network, group_keys
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Desired, Key, Live, Ref, Update
from reconciler.plan.projection import Unreadable, projected, readable, text
from reconciler.plan.resolve import ResolvedSite, Subnet
from reconciler.plan.update_policy import IN_PLACE, fixed

NAME = "efs_mount_target"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

FILTER_VALUES = 200
"""Values of one filter (EC2 API, "Filtering")."""


@dataclass(frozen=True, slots=True)
class EfsMountTarget:
    """An EFS mount target; its zone is part of its name."""

    subnet_id: str  # where it is made; any of the zone serves the whole zone
    file_system_id: str | Ref
    vpc_id: str
    security_group_ids: tuple[str | Ref, ...]


UPDATE_POLICY = {
    "file_system_id": fixed(
        "the file system of a mount target cannot change: two file systems bear the same tags; "
        "take the tag reconciler:site off the one that is not in use"
    ),
    "vpc_id": fixed(
        "a file system has mount targets in one VPC: choose subnets of that VPC in network.subnets"
    ),
    "security_group_ids": IN_PLACE,
}


def key(file_system: Key, zone: str) -> Key:
    """Return `acme-alice/home (us-east-1a)`."""
    return Key(file_system.region, NAME, f"{file_system.name} ({zone})")


def keys_of_home(
    file_system: Key, home: EfsFileSystem, subnets: Sequence[Subnet]
) -> tuple[Key, ...]:
    """Return the keys of the mount targets of a home, whose workstation may start in `subnets`."""
    zones = [home.availability_zone] if home.availability_zone else list(one_per_zone(subnets))
    return tuple(key(file_system, zone) for zone in zones)


def one_per_zone(subnets: Sequence[Subnet]) -> dict[str, Subnet]:
    """Choose the first subnet of every zone, in the order of the zones."""
    chosen: dict[str, Subnet] = {}
    for subnet in subnets:
        chosen.setdefault(subnet.availability_zone, subnet)
    return chosen


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield a mount target for each zone of each file system."""
    for each, declared in site.file_systems_of(EfsFileSystem):
        file_system = efs_file_system.key_of(site.name, declared)
        group = group_keys.of_file_system(site.name, each, efs_network.NETWORK.role)
        for zone, subnet in one_per_zone(each.subnets).items():
            yield Desired(
                key(file_system, zone),
                EfsMountTarget(
                    subnet_id=subnet.id,
                    file_system_id=Ref(file_system, "id"),
                    vpc_id=subnet.vpc_id,
                    security_group_ids=(Ref(group, "id"),),
                ),
                where=declared.where,
                fleet=declared.fleet,
                workstation=declared.workstation,
                after=(group_keys.rules_of(group),),
            )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield every mount target of our file systems."""
    yield from efs_file_system.unreadable(aws, scope, NAME)
    found: list[tuple[Live, dict[str, Any]]] = []
    for file_system_id, parent in efs_file_system.owned(aws, scope).items():
        try:
            of_one = aws.pages(
                "efs", "describe_mount_targets", "MountTargets", FileSystemId=file_system_id
            )
            found += [(parent, item) for item in of_one]
        except NotFound:  # the file system was deleted meanwhile, and has none
            continue
    groups = dict(_groups(aws, [str(item.get("NetworkInterfaceId")) for _, item in found]))
    for parent, item in found:
        if item.get("LifeCycleState") not in ("deleting", "deleted"):
            identify, live = partial(_identity, parent), partial(_live, groups)
            yield from projected(NAME, aws.region, item, identify, live)


def _groups(aws: Aws, interfaces: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Read the security groups of network interfaces, by interface, as far as they make sense."""
    for start in range(0, len(interfaces), FILTER_VALUES):
        some = interfaces[start : start + FILTER_VALUES]
        for item in aws.pages(
            "ec2",
            "describe_network_interfaces",
            "NetworkInterfaces",
            1000,
            Filters=[{"Name": "network-interface-id", "Values": some}],
        ):
            shown = readable(item, _groups_of)
            if not isinstance(shown, Unreadable):
                yield shown


def _groups_of(interface: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    groups = (text(group, "GroupId") for group in interface["Groups"])
    return text(interface, "NetworkInterfaceId"), tuple(sorted(groups))


def _identity(parent: Live, item: Mapping[str, Any]) -> Live:
    return Live(
        key(parent.key, text(item, "AvailabilityZoneName")),
        None,
        owned=False,
        attrs={"id": item["MountTargetId"]},
        fleet=parent.fleet,
        workstation=parent.workstation,
        owner=parent.owner,
        parent=parent.key,
    )


def _live(groups: Mapping[str, tuple[str, ...]], item: Mapping[str, Any], named: Live) -> Live:
    target_id, state = item["MountTargetId"], item["LifeCycleState"]
    if item["NetworkInterfaceId"] not in groups:
        raise Unreadable("its network interface is not shown yet")
    spec = EfsMountTarget(
        subnet_id=item["SubnetId"],
        file_system_id=item["FileSystemId"],
        vpc_id=item["VpcId"],
        security_group_ids=groups[item["NetworkInterfaceId"]],
    )
    busy = {"creating": "created", "updating": "updated"}.get(state, "")
    healthy = state in ("creating", "updating", "available")
    return replace(
        named,
        spec=spec,
        ready=state in ("updating", "available"),
        busy=f"{target_id} is being {busy}" if busy else "",
        broken="" if healthy else f"{target_id} is in state {state}: see the EFS console",
    )


def create(aws: Aws, change: Create) -> Live:
    """Create the mount target; whoever mounts it waits until it is available."""
    spec: EfsMountTarget = change.desired.spec
    answer = aws.call(
        "efs",
        "create_mount_target",
        FileSystemId=spec.file_system_id,
        SubnetId=spec.subnet_id,
        SecurityGroups=list(spec.security_group_ids),
    )
    ready = answer["LifeCycleState"] == "available"
    return Live(
        change.desired.key,
        spec,
        owned=True,
        attrs={"id": answer["MountTargetId"]},
        ready=ready,
        busy="" if ready else f"{answer['MountTargetId']} is being created",
    )


def update(aws: Aws, change: Update) -> Live:
    """Write the declared security groups, and no others."""
    live, spec = change.live, change.desired.spec
    aws.call(
        "efs",
        "modify_mount_target_security_groups",
        MountTargetId=live.attrs["id"],
        SecurityGroups=list(spec.security_group_ids),
    )
    return Live(live.key, spec, owned=True, attrs=live.attrs)
