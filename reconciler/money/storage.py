"""What storage costs while nobody uses it.

List prices of us-east-1, from the AWS pricing pages of FSx for Lustre and EBS as of 2026;
other regions differ by some percent, hence "about".
"""

from __future__ import annotations

_SSD = {125: 0.145, 250: 0.210, 500: 0.340, 1000: 0.600}
"""PERSISTENT_2 SSD: $ per GB-month by throughput tier (MB/s per TiB)."""
_SSD_1 = {50: 0.140, 100: 0.190, 200: 0.290}
"""PERSISTENT_1 SSD."""
_HDD = {12: 0.025, 40: 0.083}
_SCRATCH = 0.140
_GP3 = 0.08


def lustre_month(
    deployment_type: str, storage_type: str, capacity: int, throughput: int | None
) -> str:
    """`about $174/month` for a file system of `capacity` GiB; "" where no price is known."""
    if deployment_type.startswith("SCRATCH"):
        price: float | None = _SCRATCH
    elif storage_type == "HDD":
        price = _HDD.get(throughput or 0)
    else:
        table = _SSD if deployment_type == "PERSISTENT_2" else _SSD_1
        price = table.get(throughput or 0)
    return f"about ${capacity * price:,.0f}/month" if price else ""


def gp3_month(size: int) -> str:
    """`about $16/month` for a gp3 volume of `size` GiB at the included performance."""
    return f"about ${size * _GP3:,.0f}/month"
