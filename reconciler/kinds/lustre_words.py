"""Texts about a Lustre file system for the person who approves a plan. Pure."""

from __future__ import annotations

from typing import Any

from reconciler.plan.kind import Word, units
from reconciler.plan.model import SUMMARY, FieldChange, Shown
from reconciler.plan.ownership import OWNER

SENSITIVE = {
    SUMMARY: Word("Lustre"),
    "kms_key_id": Word("key of the file system"),
    f"tags.{OWNER}": Word("owner", personal=True),
}


def summary(spec: Any) -> str:
    """Describe it: `1,200 GiB PERSISTENT_2 SSD, 125 MB/s per TiB, in us-east-1a`."""
    throughput = spec.per_unit_storage_throughput
    return ", ".join(
        filter(
            None,
            (
                f"{spec.storage_capacity:,} GiB {spec.deployment_type} {spec.storage_type}",
                f"{throughput} MB/s per TiB" if throughput else "",
                f"in {spec.availability_zone or spec.subnet_id}",
            ),
        )
    )


def shown(change: FieldChange) -> Shown | None:
    """Show sizes with their unit."""
    return units(
        change,
        {
            "storage_capacity": "GiB",
            "per_unit_storage_throughput": "MB/s per TiB",
            "automatic_backup_retention_days": "days",
        },
    )
