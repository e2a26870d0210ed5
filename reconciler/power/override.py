"""An override: somebody's word that beats the schedule until it ends.

It is a tag on the group, `on until 2026-11-23T08:00:00Z alice@example.com`; sizes enforce it
(docs/power.md). One whose time has passed means nothing. Whoever takes an override back writes
over it which way they turned the group: `turned off 2026-11-23T08:00:00Z alice@example.com`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from reconciler.kinds.override_end import LONGEST_ON

_TEXT = re.compile(
    r"(?P<state>on|off) until (?P<until>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)(?: (?P<by>.+))?"
)


_TURNED = re.compile(r"turned (on|off) \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?: .+)?")


@dataclass(frozen=True)
class Sizes:
    """What a group may hold."""

    minimum: int
    maximum: int


NORMAL = Sizes(0, 1)

YEARS = range(1970, 2200)
"""A time outside of these was not written by us, and cannot be told in every zone."""


@dataclass(frozen=True)
class Override:
    """Kept on, or kept off, until a time (UTC, whole seconds)."""

    state: Literal["on", "off"]
    until: datetime
    by: str = ""

    def __str__(self) -> str:
        by = f" {self.by}" if self.by else ""
        return f"{self.state} until {stamp(self.until)}{by}"

    def agrees(self, other: Override | None) -> bool:
        """Tell whether the other one means the same, whoever gave it."""
        return other is not None and (self.state, self.until) == (other.state, other.until)

    def too_long(self, now: datetime) -> bool:
        """Tell whether it ends later than any command lets it end: somebody edited the tag."""
        return self.state == "on" and self.until - now > LONGEST_ON

    @property
    def author(self) -> str:
        """Who gave it, as far as anybody knows: whoever may write the tag may write any name."""
        return f"the tag names {self.by}" if self.by else "the tag names nobody"

    @property
    def sizes(self) -> Sizes:
        """What enforces it: a desired capacity outside these is refused by Auto Scaling."""
        return Sizes(1, 1) if self.state == "on" else Sizes(0, 0)


@dataclass(frozen=True)
class Turned:
    """An override is taken back, and the group turned on or off. No run acts on this."""

    state: Literal["on", "off"]
    at: datetime
    by: str = ""

    def __str__(self) -> str:
        by = f" {self.by}" if self.by else ""
        return f"turned {self.state} {stamp(self.at)}{by}"


def turned(text: str) -> Literal["on", "off"] | None:
    """Read which way whoever took an override back turned the group; None for another text."""
    found = _TURNED.fullmatch(text)
    if found is None:
        return None
    return "on" if found[1] == "on" else "off"


def active(text: str, now: datetime) -> Override | None:
    """Read the override that holds now; None for none, or one that is over or too long."""
    found = read(text)
    return found if found and found.until > now and not found.too_long(now) else None


def moment(text: str) -> datetime | None:
    """Read a time that a tag holds, in UTC; None for none, or one outside of `YEARS`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:  # 31 February: edited by hand
        return None
    if at.tzinfo is None or at.year not in YEARS:  # before astimezone, which year 1 or 9999 breaks
        return None
    return at.astimezone(UTC)


def read(text: str) -> Override | None:
    """Read what a tag's value says, whether it is over or not; None for anything else."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    until = moment(found["until"])
    if until is None:
        return None
    state: Literal["on", "off"] = "on" if found["state"] == "on" else "off"
    return Override(state, until, found["by"] or "")


def stamp(at: datetime) -> str:
    """A time as tags hold it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
