"""Check the addresses under `notices`."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.declare.merge import Item
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map, Seq
from reconciler.errors import Problem

OWNER = "owner"
"""Stands for the workstation's own owner."""


def mails(notices: Map) -> list[str]:
    """List what stands under `email`, one text or several, as written."""
    written = notices.get("email")
    if isinstance(written, Seq):
        return list(written)
    return [] if written is None else [written]


def check(item: Item) -> Iterator[Problem]:
    """Find an `owner` that is to be mailed and is a login, not an address."""
    notices, owner = item.settings.get("notices", Map()), item.settings.get("owner")
    if owner is None or OWNER not in mails(notices) or "." in owner.partition("@")[2]:
        return
    written = notices["email"]
    span = notices.spans["email"]
    if isinstance(written, Seq):
        span = written.spans[written.index(OWNER)]
    yield span.value(
        f"the owner {show(owner)} of {item.name} is no e-mail address",
        "write an address as its `owner`, or give it `notices` of its own",
    )
