"""EFS as homes and as shared file systems: mounted over the network, in the instance's own zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import FileSystem, Workstation, of_type
from reconciler.declare.homes.efs import EfsFileSystem
from reconciler.kinds import efs_access_point, efs_file_system, efs_mount_target, efs_network
from reconciler.kinds.home_kind import Network
from reconciler.money.efs import GIB, efs_month
from reconciler.money.storage import RetainedStorage
from reconciler.plan.kind import Kind
from reconciler.plan.model import Key, Ref
from reconciler.plan.ownership import SITE, WORKSTATION, read_tags
from reconciler.plan.projection import Unreadable, number, readable, text
from reconciler.plan.resolve import ResolvedWorkstation

KINDS: tuple[Kind, ...] = (efs_file_system, efs_mount_target, efs_access_point)
NETWORK: Network = efs_network.NETWORK


def home_key(site: str, user: Workstation) -> Key:
    """Return the key of the file system that is the home of a workstation."""
    return efs_file_system.key(site, user.region, user.name, "home")


def shared_key(site: str, declared: FileSystem) -> Key:
    """Return the key of a shared file system."""
    return efs_file_system.key(site, declared.region, declared.fleet, declared.name)


def mount(data: Key, user: ResolvedWorkstation, at: str) -> dict[str, Any]:
    """Return the entry: what the EFS mount helper takes (EFS user guide, "Mounting with EFS access
    points")."""
    return {
        "type": EfsFileSystem.type,
        "name": data.name,
        "file_system_id": Ref(data, "id"),
        "access_point_id": Ref(efs_access_point.key(data, user.declared.name), "id"),
        "tls": True,
        "iam": True,
        "at": at,
    }


def mounted_id(entry: Mapping[str, Any]) -> str:
    """Return the id of the file system."""
    return str(entry.get("file_system_id", ""))


def before_instances(data: Key, user: ResolvedWorkstation) -> tuple[Key, ...]:
    """Return the mount targets of a home, without which it cannot be mounted at boot.

    Which zones a shared file system has is not the workstation's to say.
    """
    own = data.name.rpartition("/")[2] == "home"
    homes = of_type(EfsFileSystem, (user.declared.home,) if own else ())
    return tuple(
        target
        for home in homes
        for target in efs_mount_target.keys_of_home(data, home, user.subnets)
    )


def retained(aws: Aws, site: str, workstation: str) -> Iterator[RetainedStorage | Unreadable]:
    """Read the file systems of a workstation. EFS has no filter by tag: its list is of the whole
    region."""
    for item in aws.pages("efs", "describe_file_systems", "FileSystems", 100):
        found = readable(item, partial(_retained, aws.region, site, workstation))
        if found:
            yield found


def _retained(
    region: str, site: str, workstation: str, item: Mapping[str, Any]
) -> RetainedStorage | None:
    tags = read_tags(item.get("Tags", ()))
    if (tags.get(SITE), tags.get(WORKSTATION)) != (site, workstation):
        return None
    size = item["SizeInBytes"]
    cost = efs_month(size, region, one_zone="AvailabilityZoneName" in item)
    return RetainedStorage(
        "EFS home", text(item, "FileSystemId"), round(number(size, "Value") / GIB), cost
    )
