"""What storage costs while nobody uses it.

List prices of us-east-1, from the AWS pricing pages of FSx for Lustre and EBS as of 2026. Other
regions cost more, up to some tens of percent: a text about one of them says whose price it is.
"""

from __future__ import annotations

from dataclasses import dataclass

_SSD = {125: 0.145, 250: 0.210, 500: 0.340, 1000: 0.600}
"""PERSISTENT_2 SSD: $ per GB-month by throughput tier (MB/s per TiB)."""
_SSD_1 = {50: 0.140, 100: 0.190, 200: 0.290}
"""PERSISTENT_1 SSD."""
_HDD = {12: 0.025, 40: 0.083}
_SCRATCH = 0.140
_GP3, _GP3_IOPS, _GP3_THROUGHPUT = 0.08, 0.005, 0.04
"""$ per GB-month, per provisioned IOPS-month over 3,000, per MB/s-month over 125."""

LISTED = "us-east-1"
"""The region whose prices these are."""


@dataclass(frozen=True)
class RetainedStorage:
    """Storage that stays of a workstation that is off."""

    title: str  # "EBS home"
    id: str
    gib: int
    cost: str  # as `month` writes it; "" where no price is known


def lustre_month(
    deployment_type: str, storage_type: str, capacity: int, throughput: int | None, region: str
) -> str:
    """Write the price `about $174/month` of a file system of `capacity` GiB; "" where no price is
    known.

    `throughput` is in MB/s per TiB.
    """
    if deployment_type.startswith("SCRATCH"):
        price: float | None = _SCRATCH
    elif storage_type == "HDD":
        price = _HDD.get(throughput or 0)
    else:
        table = _SSD if deployment_type == "PERSISTENT_2" else _SSD_1
        price = table.get(throughput or 0)
    return month(capacity * price, region) if price else ""


def gp3_month(size: int, iops: int | None, throughput: int | None, region: str) -> str:
    """Write the price `about $16/month` of a gp3 volume of `size` GiB; `throughput` is in MB/s.

    3,000 IOPS and 125 MB/s are in the price of the size; None is as little as there is.
    """
    more = (
        max(0, (iops or 0) - 3000) * _GP3_IOPS + max(0, (throughput or 0) - 125) * _GP3_THROUGHPUT
    )
    return month(size * _GP3 + more, region)


def month(dollars: float, region: str) -> str:
    """Write a price as `about $16/month`, and whose price it is where the region is another."""
    basis = "" if region == LISTED else f" at {LISTED}'s price"
    return f"about ${dollars:,.0f}/month{basis}"
