"""An override: somebody's word that beats the schedule until it ends.

It is a tag on the group, `on until 2026-11-23T08:00:00Z alice@example.com`; sizes enforce it
(docs/power.md). One whose time has passed means nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from reconciler.plan.ownership import OVERRIDE

TAG = OVERRIDE
END_ACTION = "reconciler-override-end"
"""The group's scheduled action that puts the sizes back."""

_TEXT = re.compile(
    r"(?P<state>on|off) until (?P<until>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)(?: (?P<by>.+))?"
)


@dataclass(frozen=True)
class Sizes:
    """What a group may hold."""

    minimum: int
    maximum: int


NORMAL = Sizes(0, 1)


@dataclass(frozen=True)
class Override:
    """Kept on, or kept off, until a time (UTC, whole seconds)."""

    state: Literal["on", "off"]
    until: datetime
    by: str = ""

    def __str__(self) -> str:
        by = f" {self.by}" if self.by else ""
        return f"{self.state} until {stamp(self.until)}{by}"

    @property
    def sizes(self) -> Sizes:
        """What enforces it: a desired capacity outside these is refused by Auto Scaling."""
        return Sizes(1, 1) if self.state == "on" else Sizes(0, 0)


def active(text: str, now: datetime) -> Override | None:
    """What a tag's value says now: None when it is empty, over, or not ours to understand."""
    found = read(text)
    return found if found and found.until > now else None


def read(text: str) -> Override | None:
    """What a tag's value said, be it over or not."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    try:
        until = datetime.fromisoformat(found["until"])
    except ValueError:  # 31 February: edited by hand
        return None
    state: Literal["on", "off"] = "on" if found["state"] == "on" else "off"
    return Override(state, until, found["by"] or "")


def stamp(at: datetime) -> str:
    """A time as tags hold it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
