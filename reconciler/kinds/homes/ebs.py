"""EBS volumes as homes: attached by the instance, in the zone of the instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Workstation
from reconciler.declare.homes.ebs import EbsHome
from reconciler.kinds import home_volume
from reconciler.money.storage import RetainedStorage, gp3_month
from reconciler.plan.kind import Kind
from reconciler.plan.model import Key, Ref
from reconciler.plan.ownership import FILE_SYSTEM, SITE, WORKSTATION
from reconciler.plan.projection import Unreadable, number, readable, text
from reconciler.plan.resolve import ResolvedWorkstation

KINDS: tuple[Kind, ...] = (home_volume,)


def home_key(site: str, user: Workstation) -> Key:
    """Return the key of the volume."""
    return home_volume.key(site, user.region, user.name)


def mount(data: Key, user: ResolvedWorkstation, at: str) -> dict[str, Any]:
    """Return the entry with the id of the volume that the instance attaches."""
    return {"type": EbsHome.type, "name": data.name, "volume_id": Ref(data, "id"), "at": at}


def mounted_id(entry: Mapping[str, Any]) -> str:
    """Return the id of the volume."""
    return str(entry.get("volume_id", ""))


def before_instances(data: Key, user: ResolvedWorkstation) -> tuple[Key, ...]:
    """Return the volume: its zone decides the group's."""
    return (data,)


def retained(aws: Aws, site: str, workstation: str) -> Iterator[RetainedStorage | Unreadable]:
    """Read the volumes that are tagged as the home of a workstation."""
    for volume in aws.pages(
        "ec2",
        "describe_volumes",
        "Volumes",
        Filters=[
            {"Name": f"tag:{SITE}", "Values": [site]},
            {"Name": f"tag:{WORKSTATION}", "Values": [workstation]},
            {"Name": f"tag:{FILE_SYSTEM}", "Values": ["home"]},
        ],
    ):
        yield readable(volume, partial(_retained, aws.region))


def _retained(region: str, volume: Mapping[str, Any]) -> RetainedStorage:
    size = number(volume, "Size")
    cost = gp3_month(size, volume.get("Iops"), volume.get("Throughput"), region)
    return RetainedStorage("EBS home", text(volume, "VolumeId"), size, cost)
