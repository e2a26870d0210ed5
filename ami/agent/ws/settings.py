"""The instance file, `/etc/ws/instance.json`: what this machine is (docs/machine.md).

An agent reads what it knows and ignores the rest, so an old agent reads a newer file.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ws.host import Host

FILE = "/etc/ws/instance.json"


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
        return Settings(
            found["site"],
            found["workstation"],
            found.get("owner", ""),
            found["region"],
            found["auto_scaling_group"],
            account.get("name", found["workstation"]),
            int(account.get("uid", 1500)),
            account.get("ssh_keys", []),
            found.get("home"),
            found.get("mounts", []),
            found.get("idle"),
            found.get("metrics"),
            found.get("stop_hook", ""),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unusable(f"{FILE}: {type(error).__name__}: {error}") from error
