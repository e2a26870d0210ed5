"""The ownership tags of a resource, and AWS's tag lists to and from dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SITE = "reconciler:site"
FLEET = "reconciler:fleet"
WORKSTATION = "reconciler:workstation"
OWNER = "reconciler:owner"
FILE_SYSTEM = "reconciler:file-system"
FALLBACK = "reconciler:fallback"
MAX_RUNTIME = "reconciler:max-runtime"
HOME = "reconciler:home"
DECLARED_KEYS = frozenset(
    {SITE, FLEET, WORKSTATION, OWNER, FILE_SYSTEM, FALLBACK, MAX_RUNTIME, HOME}
)
"""The keys the YAML decides. Any other under `reconciler:` is runtime state: never compared."""

OVERRIDE = "reconciler:override"
MARKET = "reconciler:market"
"""Runtime's, on groups: workstation/runtime_tags.py says what they read like."""

STOP_HOOK = "reconciler:stop-hook"
"""On groups: they have a lifecycle hook of so many seconds (workstation/stop_hook.py)."""

NEXT_STOP = "reconciler:next-stop"
"""On groups that are on: when they stop by themselves, for the machine that warns of it."""

STARTS = "reconciler:starts"
"""On groups: how many seconds the last starts took. The machine writes it."""

PHASE = "reconciler:phase"
"""On instances: how far the machine is. The machine writes it on itself."""

FLAVOUR = "reconciler:flavour"
DRIVER = "reconciler:driver"
"""On images: the flavour and the version of their NVIDIA driver (declare/drivers.py)."""

FORMAT, FORMAT_ALLOWED = "reconciler:format", "allowed"
"""On a new, empty home, until the machine has formatted it and deletes the tag."""

REPLACES = "reconciler:replaces"
"""On a home: the id of the home that it replaces, as somebody approved."""


def ownership(
    site: str, fleet: str = "", workstation: str = "", owner: str = "", file_system: str = ""
) -> dict[str, str]:
    """Build the ownership tags of one resource, without the empty ones."""
    values = (site, fleet, workstation, owner, file_system)
    keys = (SITE, FLEET, WORKSTATION, OWNER, FILE_SYSTEM)
    return {key: value for key, value in zip(keys, values, strict=True) if value}


def site_mark(site: str) -> str:
    """Name the site in a resource's text: a policy's Id (IAM user guide, "Id"), a description."""
    return f"reconciler-site-{site}"


def policy_is_ours(policy: object, site: str) -> bool:
    """Tell from its policy that a resource is ours, where its tags would cost another call."""
    return isinstance(policy, Mapping) and policy.get("Id") == site_mark(site)


def read_tags(pairs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Convert AWS's list of Key/Value to a dict."""
    return {pair["Key"]: pair.get("Value", "") for pair in pairs}


def write_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Convert a dict to AWS's list of Key/Value, in a stable order."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
