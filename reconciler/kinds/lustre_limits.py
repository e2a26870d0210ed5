"""Limits of FSx on changes of a Lustre file system, by deployment type. Pure.

Each function returns the reason and what to do, or "" where AWS takes the change.
"""

from __future__ import annotations

from typing import Protocol


class Lustre(Protocol):
    """The fields of a file system on which the limits depend."""

    @property
    def deployment_type(self) -> str:
        """`SCRATCH_2`, `PERSISTENT_2` and so on."""

    @property
    def storage_type(self) -> str:
        """SSD or HDD."""

    @property
    def storage_capacity(self) -> int:
        """GiB."""

    @property
    def per_unit_storage_throughput(self) -> int | None:
        """MB/s per TiB."""


_HDD_STEP = {12: 6000, 40: 1800}
_THROUGHPUT = {"PERSISTENT_1": (50, 100, 200), "PERSISTENT_2": (125, 250, 500, 1000)}


def grows(live: Lustre, want: Lustre) -> str:
    """Explain why UpdateFileSystem would refuse a StorageCapacity (FSx API); "" if not."""
    old, new = live.storage_capacity, want.storage_capacity
    if live.deployment_type == "SCRATCH_1":
        return f"SCRATCH_1 cannot grow (FSx API): put storage_capacity: {old}GiB back"
    step = _HDD_STEP.get(live.per_unit_storage_throughput or 0, 6000)
    step = step if live.storage_type == "HDD" else 2400
    if new % step:
        larger = -(-new // step) * step
        return (
            f"{live.deployment_type} on {live.storage_type} grows to multiples of {step} GiB (FSx "
            f"API): set storage_capacity: {larger}GiB, or put {old}GiB back"
        )
    return ""


def scales(live: Lustre, want: Lustre) -> str:
    """Explain why UpdateFileSystem would refuse a PerUnitStorageThroughput; "" if not.

    It takes one of persistent SSD file systems only (Lustre user guide, "Managing provisioned
    throughput capacity").
    """
    old, new = live.per_unit_storage_throughput, want.per_unit_storage_throughput
    takes = _THROUGHPUT.get(live.deployment_type, ()) if live.storage_type == "SSD" else ()
    if new in takes:
        return ""
    kind = f"{live.deployment_type} on {live.storage_type}"
    if not takes:
        return f"the throughput of {kind} cannot change (Lustre user guide): put {old} back"
    values = ", ".join(map(str, takes))
    return f"{kind} takes {values} MB/s per TiB, not {new}: choose one, or put {old} back"


def backs_up(live: Lustre, _want: Lustre) -> str:
    if not live.deployment_type.startswith("SCRATCH"):
        return ""
    return f"{live.deployment_type} has no backups (Lustre user guide): set 0"
