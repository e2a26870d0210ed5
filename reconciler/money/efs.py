"""What EFS storage costs: by what is stored, and nothing while it is empty.

List prices of us-east-1 from the AWS pricing page of EFS as of 2026, for regional storage with
elastic throughput. What is read and written is billed besides, and does not follow from what is
stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.money.storage import month

GIB = 1024**3
_STANDARD, _INFREQUENT = 0.30, 0.016
"""$ per GB-month."""


def efs_month(size: Mapping[str, Any], region: str, *, one_zone: bool) -> str:
    """Say `about $30/month` for a size in bytes as EFS tells it (EFS API, FileSystemSize); "" for
    One Zone storage, whose prices are not in this table."""
    infrequent = size.get("ValueInIA") or 0
    standard = size.get("ValueInStandard") or size["Value"] - infrequent
    dollars = (standard * _STANDARD + infrequent * _INFREQUENT) / GIB
    return "" if one_zone else month(dollars, region)
