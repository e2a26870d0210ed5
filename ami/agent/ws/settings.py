"""The instance file, `/etc/ws/instance.json`: what this machine is (docs/machine.md).

An agent reads what it knows and ignores the rest, so an old agent reads a newer file.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from ws.host import Host

FILE = "/etc/ws/instance.json"


class Unusable(Exception):
    """The instance file is missing, or says nothing that a machine can be made of."""


class Settings(NamedTuple):
    """The instance file, with what it leaves out."""

    site: str
    workstation: str
    region: str
    group: str  # the Auto Scaling group
    user: str
    uid: int
    ssh_keys: list[str]
    mounts: list[dict[str, Any]]
    owner: str = ""
    home: dict[str, Any] | None = None
    idle: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    stop_hook: str = ""  # the lifecycle hook of the group; "" for none


def load(host: Host) -> Settings:
    """Read the instance file. Raises: Unusable."""
    try:
        found = json.loads(host.path(FILE).read_text())
        account = found["account"]
        settings = Settings(
            found["site"],
            found["workstation"],
            found["region"],
            found["auto_scaling_group"],
            account["name"],
            account["uid"],
            account.get("ssh_keys", []),
            found.get("mounts", []),
            **{name: found[name] for name in Settings._field_defaults if name in found},
        )
        _check(settings)
        return settings
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unusable(f"{FILE}: {type(error).__name__}: {error}") from error


def _check(settings: Settings) -> None:
    home = f"/home/{settings.user}"
    _fit(settings.user, "[a-z][a-z0-9-]{0,31}")
    _fit(settings.uid, "[1-9][0-9]*")  # the account of a person is never root's
    for key in settings.ssh_keys:
        _fit(key, "[ -~]+")
    if settings.home:
        _fit(settings.home["at"], home)
    for entry in [*settings.mounts, settings.home or {"at": home}]:
        _fit(entry["at"], r"(/\w[\w.-]*)+")
        for value in entry.values():  # they go into units and command lines
            _fit(value, r"(?!.*\.\.)[\w./-]*")
        # In a home, root would follow what a person puts there.
        if entry["at"].startswith("/home/") and entry["at"] != home:
            raise ValueError(f"{entry['at']} is in a home")


def _fit(value: object, form: str) -> None:
    if not re.fullmatch(form, str(value), re.ASCII):
        raise ValueError(f"{str(value)[:40]!r} does not fit {form}")
