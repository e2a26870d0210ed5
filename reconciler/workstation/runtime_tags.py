"""The tags of a group that the runtime reads and writes: one parser and one formatter for each.

`reconciler:override` keeps a group on or off until a time, against its schedule, by its sizes
(docs/power.md): `on until 2026-11-23T08:00:00Z alice@example.com`. With `unless idle` behind the
time, the machine may turn itself off before, when nobody uses it. One whose time has passed means
nothing. Whoever takes an override back writes over it which way they turned the group:
`turned off 2026-11-23T08:00:00Z alice@example.com`.

`reconciler:market` is the On-Demand lease: `on-demand since 2026-11-20T09:10:00Z`.

The machine writes two. `reconciler:phase` on its instance says how far it is:
`attaching: i-0abc still holds vol-0def`. `reconciler:starts` on the group says how many seconds its
last starts took, newest last: `95 102 88`.

`reconciler:next-stop` is when a workstation that is on stops by itself, and what stops it:
`2026-11-23T18:00:00Z its schedule`. Its machine reads it, and warns of the stop.

`reconciler:fallback` and `reconciler:max-runtime` say what is declared where there is no YAML:
`after 600 max 28800`, and `43200` or `none`, all in seconds.

Anybody who may tag the group can write any text: what does not parse is None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from reconciler.declare.fleet import Fallback

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_UNLESS_IDLE = " unless idle"
_OVERRIDE = re.compile(
    rf"(?P<state>on|off) until (?P<until>{_TIME})(?P<idle>{_UNLESS_IDLE})?(?: (?P<by>.+))?"
)
_TURNED = re.compile(rf"turned (?P<state>on|off) (?P<at>{_TIME})(?: (?P<by>.+))?")
_PHASE = re.compile(r"(attaching|mounting|ready|failed|stopping)(?:: (.+))?", re.DOTALL)
_STARTS = re.compile(r"[1-9][0-9]{0,4}(?: [1-9][0-9]{0,4}){0,19}")
_LONGEST_VALUE = 256
"""Characters in the value of a tag (EC2 user guide, "Tag restrictions")."""

_LEASE = "on-demand since "
_FALLBACK = re.compile(r"after (\d{1,9}) max (\d{1,9})")

YEARS = range(1970, 2200)
"""A time outside of these was not written by us, and cannot be converted to every zone."""

LONGEST_ON = timedelta(days=31)
"""An override *on* costs money every hour, so no command gives a longer one, and no run believes
one. An override *off* costs nothing, and its owner ends it by `start`: it may be longer."""

NO_LIMIT = NO_HOME = "none"
"""The value of `reconciler:max-runtime` and `reconciler:home` for a workstation without either."""

IDLE = "idle"
"""Who turned a workstation off that nobody used: its machine, which names nobody."""

DEFAULT_MAX_RUNTIME = 24 * 3600
"""Seconds, for a group without a tag that says it: the same as an undeclared `max_runtime`."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The smallest and the largest number of instances of a group."""

    minimum: int
    maximum: int


NORMAL = Sizes(0, 1)


@dataclass(frozen=True)
class Override:
    """An override: it keeps a group on, or off, until a time (UTC, whole seconds)."""

    state: Literal["on", "off"]
    until: datetime
    by: str = ""
    unless_idle: bool = False  # nobody asked for that time: the machine may turn itself off before

    def __str__(self) -> str:
        idle, by = _UNLESS_IDLE if self.unless_idle else "", f" {self.by}" if self.by else ""
        return f"{self.state} until {format_time(self.until)}{idle}{by}"

    def agrees(self, other: Override | None) -> bool:
        """Tell whether the other one means the same, whoever gave it."""
        return other is not None and replace(self, by="") == replace(other, by="")

    def too_long(self, now: datetime) -> bool:
        """Tell whether it ends later than any command lets it end: somebody edited the tag."""
        return self.state == "on" and self.until - now > LONGEST_ON

    @property
    def author(self) -> str:
        """The name of the author, if known: who may write the tag may write any name."""
        return f"the tag names {self.by}" if self.by else "the tag names nobody"

    @property
    def sizes(self) -> Sizes:
        """The sizes that enforce it: Auto Scaling refuses a desired capacity outside them."""
        return Sizes(1, 1) if self.state == "on" else Sizes(0, 0)


@dataclass(frozen=True)
class Turned:
    """The end of an override, with the group turned on or off. No run acts on this."""

    state: Literal["on", "off"]
    at: datetime
    by: str = ""

    @property
    def idle(self) -> bool:
        """Whether the machine turned itself off, because nobody used it."""
        return (self.state, self.by) == ("off", IDLE)

    def __str__(self) -> str:
        by = f" {self.by}" if self.by else ""
        return f"turned {self.state} {format_time(self.at)}{by}"


Step = Literal["", "attaching", "mounting", "ready", "failed", "stopping", "unknown"]


@dataclass(frozen=True)
class Phase:
    """How far a machine says that it is. `ready` means that its home is mounted."""

    step: Step = ""  # "": it has not reported
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.step}: {self.detail}" if self.detail else self.step


def parse_phase(text: str) -> Phase:
    """Parse how far a machine is. A word that nobody of us writes is `unknown`, with the text."""
    if not text:
        return Phase()
    found = _PHASE.fullmatch(text)
    step: Step = found[1] if found else "unknown"  # type: ignore[assignment]  # one of _PHASE
    detail = (found[2] or "") if found else text
    visible = "".join(c if c.isprintable() else "?" for c in detail[:_LONGEST_VALUE])
    return Phase(step, " ".join(visible.split()))


def parse_starts(text: str) -> tuple[int, ...]:
    """Parse how many seconds the last starts took, newest last; none for another text."""
    return tuple(map(int, text.split(" "))) if _STARTS.fullmatch(text) else ()


def parse_override(text: str) -> Override | None:
    """Parse an override, whether it is over or not; None for any other text."""
    found = _OVERRIDE.fullmatch(text)
    until = parse_time(found["until"]) if found else None
    if found is None or until is None:
        return None
    state: Literal["on", "off"] = "on" if found["state"] == "on" else "off"
    return Override(state, until, found["by"] or "", bool(found["idle"]))


def active_override(text: str, now: datetime) -> Override | None:
    """Parse the override that holds now; None for none, or one that is over or too long."""
    found = parse_override(text)
    return found if found and found.until > now and not found.too_long(now) else None


def parse_turned(text: str) -> Turned | None:
    """Parse the end of an override, which turned the group on or off; None for another text."""
    found = _TURNED.fullmatch(text)
    at = parse_time(found["at"]) if found else None
    if found is None or at is None:
        return None
    return Turned("on" if found["state"] == "on" else "off", at, found["by"] or "")


def parse_lease(text: str) -> datetime | None:
    """Parse since when an On-Demand lease runs (UTC); None for no lease, or another text."""
    return parse_time(text.removeprefix(_LEASE)) if text.startswith(_LEASE) else None


def format_lease(since: datetime) -> str:
    """Format an On-Demand lease as the tag holds it."""
    return f"{_LEASE}{format_time(since)}"


def parse_next_stop(text: str) -> datetime | None:
    """Parse the time of a next stop (UTC); None for another text."""
    return parse_time(text.partition(" ")[0])


def format_next_stop(at: datetime, why: str) -> str:
    """Format a next stop as the tag holds it: the time, and what stops the workstation."""
    return f"{format_time(at)} {why}"


def parse_fallback(text: str) -> Fallback | None:
    """Parse a declared fallback to On-Demand; None for another text: the group stays on Spot."""
    found = _FALLBACK.fullmatch(text)
    return Fallback(int(found[1]), int(found[2])) if found else None


def format_fallback(fallback: Fallback) -> str:
    """Format a declared fallback as the tag holds it."""
    return f"after {fallback.after} max {fallback.max_duration}"


def parse_max_runtime(text: str) -> int | None:
    """Parse how many seconds an instance may run; None for no limit, the default for odd text."""
    if text == NO_LIMIT:
        return None
    return int(text) if re.fullmatch(r"[1-9]\d{0,8}", text) else DEFAULT_MAX_RUNTIME


def format_max_runtime(seconds: int | None) -> str:
    """Format a declared `max_runtime` as the tag holds it."""
    return str(seconds or NO_LIMIT)


def parse_time(text: str) -> datetime | None:
    """Parse a time that a tag holds, in UTC; None for no time, or one outside of `YEARS`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:  # 31 February: edited manually
        return None
    if at.tzinfo is None or at.year not in YEARS:  # before astimezone, which year 1 or 9999 breaks
        return None
    return at.astimezone(UTC)


def format_time(at: datetime) -> str:
    """Format a time as tags hold it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
