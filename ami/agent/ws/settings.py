"""The instance file, `/etc/ws/instance.json`: what this machine is (docs/machine.md).

An agent reads what it knows and ignores the rest, so an old agent reads a newer file.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from ws.host import Host

FILE = "/etc/ws/instance.json"

_NAME = "[a-z][a-z0-9-]{0,31}"
_FORMS = {
    "at": r"(/[\w-][\w.-]*)+",
    "volume_id": "vol-[0-9a-f]+",
    "dns_name": "[a-z0-9.-]+",
    "mount_name": "[a-z0-9]+",
    "file_system_id": "fs-[0-9a-f]+",
    "access_point_id": "(fsap-[0-9a-f]+)?",
}
"""What goes into units and command lines, and what it looks like."""

NEEDED = {
    "ebs": ("at", "volume_id"),
    "fsx_lustre": ("at", "dns_name", "mount_name"),
    "efs": ("at", "file_system_id"),
}
"""What an entry of each type must have. Another type is one that this agent does not know."""


class Unusable(Exception):
    """The instance file is missing, or says nothing that a machine can be made of."""


class Settings(NamedTuple):
    """The instance file, with what it leaves out."""

    site: str
    workstation: str
    owner: str
    region: str
    group: str  # the Auto Scaling group
    user: str
    uid: int
    ssh_keys: list[str]
    home: dict[str, Any] | None
    mounts: list[dict[str, Any]]
    idle: dict[str, Any] | None
    metrics: dict[str, Any] | None
    stop_hook: str  # the lifecycle hook of the group; "" for none


def load(host: Host) -> Settings:
    """Read the instance file. Raises: Unusable."""
    try:
        found = json.loads(host.path(FILE).read_text())
        account = found.get("account", {})
        settings = Settings(
            found["site"],
            found["workstation"],
            found.get("owner", ""),
            found["region"],
            found["auto_scaling_group"],
            account.get("name", found["workstation"]),
            int(account.get("uid", 20000)),
            account.get("ssh_keys", []),
            found.get("home"),
            found.get("mounts", []),
            found.get("idle"),
            found.get("metrics"),
            found.get("stop_hook", ""),
        )
        _check(settings)
        return settings
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unusable(f"{FILE}: {type(error).__name__}: {error}") from error


def _check(settings: Settings) -> None:
    _fit("account.name", settings.user, _NAME)
    _fit("region", settings.region, "[a-z0-9-]+")
    if settings.uid < 1:
        raise ValueError("account.uid: the account of a person is never root's")
    for key in settings.ssh_keys:
        _fit("account.ssh_keys", key, "[ -~]+")
    for entry in [*([settings.home] if settings.home else []), *settings.mounts]:
        for name in NEEDED.get(entry["type"], ()):
            entry[name]
        for name in _FORMS.keys() & entry.keys():
            _fit(name, entry[name], _FORMS[name])
    if any(entry["at"].startswith("/home/") for entry in settings.mounts):
        raise ValueError("mounts.at: below a home, root would follow what a person puts there")
    if settings.home and settings.home["at"] != f"/home/{settings.user}":
        raise ValueError("home.at: a home is mounted at /home/ and the name of the account")


def _fit(name: str, text: str, form: str) -> None:
    if not re.fullmatch(form, text, re.ASCII):
        raise ValueError(f"{name}: {text[:40]!r} is none")
