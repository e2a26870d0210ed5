"""Root squash of a Lustre file system: one text here, a structure in AWS's API.

Lustre believes its clients who a user is, and root of a client is root of the file system unless
AWS maps it to another user (Lustre user guide, "Lustre root squash"; FSx API,
LustreRootSquashConfiguration: "0:0" disables it, and clients can be left out by address).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ON = "65534:65534"
"""Root becomes `nobody`."""

OFF = "0:0"


def declared(wanted: bool | None) -> str | None:
    """Format the declared root squash; None where none is declared, as of a home."""
    return None if wanted is None else ON if wanted else OFF


def read(configuration: Mapping[str, Any]) -> str:
    """Format AWS's answer: `65534:65534`, and the clients that stay root."""
    mapped = configuration.get("RootSquash") or OFF
    spared = configuration.get("NoSquashNids") or ()
    return f"{mapped} except {', '.join(spared)}" if spared and mapped != OFF else str(mapped)


def create(text: str | None) -> dict[str, Any] | None:
    """Build the parameters of a create; None for AWS's default, which is off."""
    return {"RootSquash": text} if text not in (None, OFF) else None


def update(text: str) -> dict[str, Any]:
    """Build the parameters of an update, which end exceptions that somebody added by hand."""
    return {"RootSquash": text, "NoSquashNids": []}
