"""The instance file: what a machine knows about itself (docs/machine.md). Pure.

Fields are only ever added, so an older agent reads a newer file. Nothing in it is secret
(promise 11): every process of the machine can read its user data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from reconciler.declare.fleet import Workstation

VERSION = 1

STOP_HOOK = "reconciler-stop"
"""The lifecycle hook of each group, which gives a machine the time to leave."""

FIRST_UID, UIDS = 20_000, 40_000
"""User ids of accounts: above those of people and packages of the image, below systemd's."""


def home_path(workstation: str) -> str:
    """Return where the home is mounted: the home directory of the person alone."""
    return f"/home/{workstation}"


def uid(site: str, declared: Workstation) -> int:
    """Return the user id of the account: what EFS writes every file as, or a stable number.

    The number is 20000 + (the first 8 hexadecimal digits of SHA-256 of `site/workstation`) modulo
    40000. It must never change: files on a home or a file system belong to it.
    """
    if declared.home and declared.home.forced_uid is not None:
        return declared.home.forced_uid
    digest = hashlib.sha256(f"{site}/{declared.name}".encode()).hexdigest()
    return FIRST_UID + int(digest[:8], 16) % UIDS


def content(
    site: str,
    declared: Workstation,
    group: str,
    home: Mapping[str, Any] | None,
    mounts: tuple[Mapping[str, Any], ...],
) -> dict[str, Any]:
    """Build the content; `home` and `mounts` are entries, which may hold Refs."""
    written: dict[str, Any] = {
        "version": VERSION,
        "site": site,
        "fleet": declared.fleet,
        "workstation": declared.name,
        "owner": declared.owner,
        "region": declared.region,
        "auto_scaling_group": group,
        "account": {
            "name": declared.name,
            "uid": uid(site, declared),
            "ssh_keys": declared.ssh_keys,
        },
        "mounts": mounts,
        "stop_hook": STOP_HOOK,
    }
    if home:
        written["home"] = home
    if declared.idle:
        written["idle"] = {
            "after": declared.idle.after,
            "warn": declared.idle.warn,
            "signals": declared.idle.signals,
            "unknown": declared.idle.unknown,
        }
    if declared.metrics_namespace:
        written["metrics"] = {"namespace": declared.metrics_namespace}
    return written
