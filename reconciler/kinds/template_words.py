"""Texts about a launch template for the person who approves a plan. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reconciler.plan.kind import Word, units
from reconciler.plan.model import SUMMARY, FieldChange, Shown
from reconciler.plan.ownership import OWNER
from reconciler.plan.resolve import ImageFacts, ResolvedWorkstation

SENSITIVE = {
    "instance_profile": Word("instance_profile"),
    "image_id": Word("image"),
    SUMMARY: Word("root disk"),
    "root": Word("root"),
    "user_data.mounts": Word("mounts"),
    "user_data.owner": Word("owner", personal=True),
    f"tags.{OWNER}": Word("owner", personal=True),
    f"volume_tags.{OWNER}": Word("owner", personal=True),
}


def details(each: ResolvedWorkstation, account: str, now: datetime) -> dict[str, str]:
    """Describe the sensitive values of one workstation's template, by path."""
    mounts = [f"{mount.file_system.name} at {mount.at}" for mount in each.declared.mounts]
    return {
        "image_id": f"{image(each.image, account, now)}, from {each.declared.image}",
        "root": "",  # its summary says it
        "user_data.mounts": ", ".join(mounts),
    }


def image(found: ImageFacts, account: str, now: datetime) -> str:
    """Describe an image: `ami-0abc (golden, 3 days old) of this account`."""
    owner = f"account {found.owner}" if found.owner else "an account that AWS does not tell"
    if found.owner == account:
        owner = "this account"
    elif found.owner_alias:
        owner += f" ({found.owner_alias})"
    elif found.owner:
        owner += ", which is not this one"
    known = ", ".join(filter(None, (found.name, age(found.created, now))))
    return f"{found.id} ({known}) of {owner}"


def age(created: str, now: datetime) -> str:
    """Describe how old an image is: `3 days old`; "" where EC2's time of it makes no sense."""
    try:
        days = (now - datetime.fromisoformat(created)).days
    except (TypeError, ValueError):  # no time at all, or one without a zone
        return ""
    return f"{days} day{'' if days == 1 else 's'} old" if days > 0 else "new today"


def summary(spec: Any) -> str:
    """Describe the root disk: `100 GiB gp3, encrypted`, and the key where one is declared."""
    root = spec.root
    key = f" with {root['KmsKeyId']}" if root.get("KmsKeyId") else ""
    encrypted = f"encrypted{key}" if root.get("Encrypted") else "NOT encrypted"
    return f"{root['VolumeSize']:,} GiB {root['VolumeType']}, {encrypted}"


def shown(change: FieldChange) -> Shown | None:
    """Show the root disk with its units."""
    return units(
        change,
        {"root.VolumeSize": "GiB", "root.Iops": "IOPS", "root.Throughput": "MiB/s"},
    )
