"""Turn a workstation off, and say what goes on costing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from reconciler.aws_api import Aws
from reconciler.money.storage import gp3_month, lustre_month
from reconciler.plan.ownership import FILE_SYSTEM, SITE, WORKSTATION, read_tags
from reconciler.plan.projection import Unreadable, number, readable, text
from reconciler.power import keep, settle
from reconciler.power.hours import Hours
from reconciler.power.model import Group, Kept
from reconciler.power.override import Turned, active

log = logging.getLogger(__name__)

Wire: TypeAlias = Mapping[str, Any]


def stop(aws: Aws, group: Group, hours: Hours, by: str, now: datetime) -> bool:
    """Turn it off and take back its request or override (rows 15 to 17); whether there was one.

    An override *off* stays: it is off as somebody meant it.

    Raises: Refused when somebody gave another command at the same time, and that one holds.
    """
    state = settle.read(aws, group)
    on = bool(state.group.desired)
    standing = active(state.group.override, now)
    if standing and standing.state == "off":
        keep.complete(aws, state, hours, standing, now)
        return on
    taken_back = keep.take_back(aws, state, hours, Turned("off", now, by), now)
    if not taken_back and on:
        settle.set_desired(aws, state, hours, 0, now)
    return taken_back or on


def kept(aws: Aws, group: Group) -> list[Kept]:
    """Its own storage, which costs on or off; what a fleet shares is not its own."""
    return [*_volumes(aws, group), *_file_systems(aws, group)]


def _volumes(aws: Aws, group: Group) -> Iterator[Kept]:
    for volume in aws.pages(
        "ec2",
        "describe_volumes",
        "Volumes",
        Filters=[
            {"Name": f"tag:{SITE}", "Values": [group.site]},
            {"Name": f"tag:{WORKSTATION}", "Values": [group.workstation]},
            {"Name": f"tag:{FILE_SYSTEM}", "Values": ["home"]},
        ],
    ):
        yield from _readable(volume, partial(_volume, aws.region))


def _readable(
    item: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Kept | None]
) -> list[Kept]:
    """What is kept; with a warning, and not at all, where it cannot be read."""
    found = readable(item, read)
    if isinstance(found, Unreadable):
        log.warning("a home is kept, and %s", found)
        return []
    return [found] if found else []


def _volume(region: str, item: Wire) -> Kept:
    size = number(item, "Size")
    cost = gp3_month(size, item.get("Iops"), item.get("Throughput"), region)
    return Kept("EBS home", text(item, "VolumeId"), size, cost)


def _file_systems(aws: Aws, group: Group) -> Iterator[Kept]:
    """FSx has no filter by tag: its list is of the whole region."""
    for item in aws.pages("fsx", "describe_file_systems", "FileSystems", 100):
        yield from _readable(item, partial(_file_system, aws.region, group))


def _file_system(region: str, group: Group, item: Wire) -> Kept | None:
    tags = read_tags(item.get("Tags", ()))
    if (tags.get(SITE), tags.get(WORKSTATION)) != (group.site, group.workstation):
        return None
    lustre, size = item.get("LustreConfiguration", {}), number(item, "StorageCapacity")
    cost = lustre_month(
        lustre.get("DeploymentType", ""),
        item.get("StorageType", ""),
        size,
        lustre.get("PerUnitStorageThroughput"),
        region,
    )
    return Kept("FSx for Lustre home", text(item, "FileSystemId"), size, cost)
