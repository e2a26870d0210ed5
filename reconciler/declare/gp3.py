"""gp3 volumes: what is built in, and what AWS accepts. Root volumes and EBS homes are both gp3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.declare.tree import Map, SourceSpan, wrong
from reconciler.declare.units import gib
from reconciler.errors import Problem

BUILT_IN: Mapping[str, Any] = {"iops": 3000, "throughput": 125}  # what gp3 has at no extra cost
LARGEST = 64 * 1024  # GiB


def check(volume: Map, holder: SourceSpan, label: str) -> Iterator[Problem]:
    """Report what AWS refuses of a volume; `label` is its name in messages."""
    size = gib(volume["size"]) if "size" in volume else None
    iops, throughput = volume.get("iops"), volume.get("throughput")
    if size is not None and size > LARGEST:
        yield wrong(volume, "size", holder, f"{label} can have at most 64TiB, the limit of gp3")
    if size is not None and iops is not None and iops > max(3000, 500 * size):
        yield wrong(
            volume,
            "iops",
            holder,
            f"{iops} IOPS are too many for {volume['size']}: gp3 has at most 500 per GiB",
            f"at most {max(3000, 500 * size)}, or a larger volume",
        )
    if iops is not None and throughput is not None and throughput * 4 > iops:
        room = size is None or throughput * 4 <= max(3000, 500 * size)
        yield wrong(
            volume,
            "throughput",
            holder,
            f"{throughput} MiB/s are too many for {iops} IOPS: gp3 has at most 0.25 MiB/s per IOPS",
            f"at most {iops // 4}" + (f", or iops: {throughput * 4}" if room else ""),
        )
