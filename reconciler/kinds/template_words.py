"""Texts about a launch template for the person who approves a plan. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from reconciler import __version__
from reconciler.plan.kind import Word, units
from reconciler.plan.model import SUMMARY, FieldChange, Shown
from reconciler.plan.ownership import OWNER
from reconciler.plan.resolve import ImageFacts, ResolvedWorkstation

SENSITIVE = {
    "instance_profile": Word("instance_profile"),
    "image_id": Word("image"),
    SUMMARY: Word("root disk"),
    "root": Word("root"),
    "agent": Word("agent"),
    "user_data.account.ssh_keys": Word("ssh_keys"),
    "user_data.mounts": Word("mounts"),
    "user_data.owner": Word("owner", personal=True),
    f"tags.{OWNER}": Word("owner", personal=True),
    f"volume_tags.{OWNER}": Word("owner", personal=True),
}


def details(
    each: ResolvedWorkstation, account: str, now: datetime, instance: Mapping[str, Any]
) -> dict[str, str]:
    """Describe the sensitive values of one workstation's template, by path.

    `instance` is the content of its instance file.
    """
    mounts = [f"{mount.file_system.name} at {mount.at}" for mount in each.declared.mounts]
    return {
        "image_id": f"{image(each.image, account, now)}, from {each.declared.image}",
        "root": "",  # its summary says it
        "agent": _agent(each.image),
        "user_data.account.ssh_keys": _keys(instance["account"]["ssh_keys"]),
        "user_data.mounts": ", ".join(mounts),
    }


def _agent(found: ImageFacts) -> str:
    if found.agent:
        return f"in the image, {found.agent}"
    return f"carried, {__version__}" if found.id else ""


def _keys(lines: Iterable[str]) -> str:
    return ", ".join(map(ssh_key, lines))


def ssh_key(line: object) -> str:
    """Describe a public key as `ssh-keygen -l` does: type, fingerprint and comment."""
    of_type, _, rest = str(line).partition(" ")
    encoded, _, comment = rest.partition(" ")
    try:
        digest = hashlib.sha256(base64.b64decode(encoded, validate=True)).digest()
    except (binascii.Error, ValueError):  # somebody wrote it in AWS by hand
        return str(line)
    fingerprint = base64.b64encode(digest).decode().rstrip("=")
    return " ".join(filter(None, (of_type, f"SHA256:{fingerprint}", comment)))


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
    """Show the root disk with its units, and SSH keys by their fingerprints."""
    if change.path == "user_data.account.ssh_keys":
        old, new = (_keys(lines or ()) for lines in (change.old, change.new))
        return Shown("ssh_keys", old or "none", new or "none")
    return units(
        change,
        {"root.VolumeSize": "GiB", "root.Iops": "IOPS", "root.Throughput": "MiB/s"},
    )
