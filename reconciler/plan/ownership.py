"""Whose a thing is: the ownership tags, and how AWS's tag lists read and write."""

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

PHASE = "reconciler:phase"
"""On instances: how far the machine is. The machine writes it on itself."""

REPLACES = "reconciler:replaces"
"""On a home: the id of the home that it replaces, as somebody approved."""


def ownership(
    site: str, fleet: str = "", workstation: str = "", owner: str = "", file_system: str = ""
) -> dict[str, str]:
    """The ownership tags of one thing; empty ones are left out."""
    values = (site, fleet, workstation, owner, file_system)
    keys = (SITE, FLEET, WORKSTATION, OWNER, FILE_SYSTEM)
    return {key: value for key, value in zip(keys, values, strict=True) if value}


def site_mark(site: str) -> str:
    """Name the site in a text of a thing: a policy's Id (IAM user guide, "Id"), a description."""
    return f"reconciler-site-{site}"


def policy_is_ours(policy: object, site: str) -> bool:
    """Tell by a thing's own policy that it is ours, where reading its tags costs a call more."""
    return isinstance(policy, Mapping) and policy.get("Id") == site_mark(site)


def read_tags(pairs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """AWS's list of Key/Value as a dict."""
    return {pair["Key"]: pair.get("Value", "") for pair in pairs}


def write_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A dict as AWS's list of Key/Value, in a stable order."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
