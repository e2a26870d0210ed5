"""FSx for Lustre as homes and as shared file systems: mounted over the network, from any zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import FileSystem, Workstation
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from reconciler.kinds import file_system, lustre_network
from reconciler.kinds.home_kind import Network
from reconciler.money.storage import RetainedStorage, lustre_month
from reconciler.plan.kind import Kind
from reconciler.plan.model import Key, Ref
from reconciler.plan.ownership import SITE, WORKSTATION, read_tags
from reconciler.plan.projection import Unreadable, number, readable, text
from reconciler.plan.resolve import ResolvedWorkstation

KINDS: tuple[Kind, ...] = (file_system,)
NETWORK: Network = lustre_network.NETWORK


def home_key(site: str, user: Workstation) -> Key:
    """Return the key of the file system that is the home of a workstation."""
    return file_system.key(site, user.region, user.name, "home")


def shared_key(site: str, declared: FileSystem) -> Key:
    """Return the key of a shared file system."""
    return file_system.key(site, declared.region, declared.fleet, declared.name)


def mount(data: Key, user: ResolvedWorkstation, at: str) -> dict[str, Any]:
    """Return the entry; the mount name cannot be derived from the id, FSx tells it."""
    return {
        "type": LustreFileSystem.type,
        "name": data.name,
        "dns_name": Ref(data, "dns_name"),
        "mount_name": Ref(data, "mount_name"),
        "at": at,
    }


def mounted_id(entry: Mapping[str, Any]) -> str:
    """Return the id, with which the DNS name begins (FSx API, FileSystem.DNSName)."""
    return str(entry.get("dns_name", "")).partition(".")[0]


def before_instances(data: Key, user: ResolvedWorkstation) -> tuple[Key, ...]:
    """Return nothing: the template waits for the DNS name of the file system."""
    return ()


def retained(aws: Aws, site: str, workstation: str) -> Iterator[RetainedStorage | Unreadable]:
    """Read the file systems of a workstation. FSx has no filter by tag: its list is of the whole
    region."""
    for item in aws.pages("fsx", "describe_file_systems", "FileSystems", 100):
        found = readable(item, partial(_retained, aws.region, site, workstation))
        if found:
            yield found


def _retained(
    region: str, site: str, workstation: str, item: Mapping[str, Any]
) -> RetainedStorage | None:
    tags = read_tags(item.get("Tags", ()))
    if (tags.get(SITE), tags.get(WORKSTATION)) != (site, workstation):
        return None
    lustre, size = item.get("LustreConfiguration", {}), number(item, "StorageCapacity")
    cost = lustre_month(
        lustre.get("DeploymentType", ""),
        item.get("StorageType", ""),
        size,
        lustre.get("PerUnitStorageThroughput"),
        region,
    )
    return RetainedStorage("FSx for Lustre home", text(item, "FileSystemId"), size, cost)
