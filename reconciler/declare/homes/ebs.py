"""`home: {ebs: …}`: a gp3 volume that stays in one zone and outlives every instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reconciler.declare import gp3
from reconciler.declare.homes.questions import Context
from reconciler.declare.tree import Map, SourceSpan, required
from reconciler.declare.units import gib
from reconciler.errors import Problem, Where


@dataclass(frozen=True, slots=True)
class EbsHome:
    """An EBS volume as home."""

    size: int  # GiB
    iops: int
    throughput: int  # MiB/s
    availability_zone: str | None
    kms_key_id: str | None
    where: Where

    type: ClassVar[str] = "ebs"
    label: ClassVar[str] = "EBS"
    ties_to_zone: ClassVar[bool] = True
    crosses_zones: ClassVar[bool] = False
    file_system: ClassVar[None] = None
    forced_uid: ClassVar[None] = None


def built_in(own: Map) -> Mapping[str, Any]:
    """Return the IOPS and throughput that gp3 has at no extra cost."""
    return gp3.BUILT_IN


def check(own: Map, holder: SourceSpan) -> Iterator[Problem]:
    """Report what AWS refuses of a gp3 volume, and a missing size."""
    yield from gp3.check(own, holder, "the home volume")
    yield from required(own, "size", holder, "for example size: 200GiB")


def build(own: Map, context: Context) -> EbsHome:
    """Build the volume; nothing but its place comes from the workstation."""
    return EbsHome(
        size=gib(own["size"]),
        iops=own["iops"],
        throughput=own["throughput"],
        availability_zone=own.get("availability_zone"),
        kms_key_id=own.get("kms_key_id"),
        where=context.where,
    )
