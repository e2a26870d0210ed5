"""Simulate the hours of a workstation, date by date, with reasons. Pure.

Counted by the calendar, not by EventBridge Scheduler's expressions (declare/timers.py): the same
rules twice, so that each one shows a mistake in the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

from reconciler.declare.calendars import days_off
from reconciler.declare.fleet import Edge, Workstation
from reconciler.declare.hours import clock, days
from reconciler.declare.timers import instant, skip_ends
from reconciler.errors import Where

_DAY = timedelta(days=1)
_BEFORE = timedelta(days=60)
"""How far back the schedule entry that decides the beginning is searched."""


@dataclass(frozen=True)
class Moment:
    """A start or a stop, or one that a day off cancels."""

    at: datetime  # UTC
    local: datetime  # the same, on the wall
    action: Literal["start", "stop"]
    fires: bool
    text: str  # as written: `Mon-Fri 09:00`
    where: Where
    note: str = ""  # why it is not as written


@dataclass(frozen=True)
class Week:
    """A week from Monday's midnight to the next, or as much of it as was asked for."""

    monday: date
    on: timedelta | None  # None: where a start or a stop is missing, nobody knows


@dataclass(frozen=True)
class Course:
    """The simulated weeks of a workstation."""

    fleet: str
    name: str
    timezone: str  # "" without a schedule
    moments: tuple[Moment, ...]
    weeks: tuple[Week, ...]


def simulate(declared: Workstation, begin: datetime, weeks: int) -> Course:
    """Simulate so many weeks of a workstation from `begin` (UTC, or naive local time)."""
    if not declared.schedule:
        return Course(declared.fleet, declared.name, "", (), ())
    timezone = declared.schedule[0].timezone
    zone = ZoneInfo(timezone)
    begin = begin if begin.tzinfo else begin.replace(tzinfo=zone)
    end = begin + weeks * 7 * _DAY
    found = sorted(
        (moment for edge in declared.schedule for moment in _moments(edge, begin - _BEFORE, end)),
        key=lambda moment: (moment.at, moment.action, moment.text),
    )
    found = list(_held(found))
    moments = tuple(moment for moment in found if moment.at >= begin)
    return Course(
        declared.fleet,
        declared.name,
        timezone,
        moments,
        tuple(_weeks(declared, found, begin, end, zone)),
    )


def _moments(edge: Edge, begin: datetime, end: datetime) -> Iterator[Moment]:
    zone = ZoneInfo(edge.timezone)
    day, last = begin.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
    off = days_off(edge.calendars, edge.timezone, day, last)
    weekdays, at = days(edge.text), time(*clock(edge.text))
    while day <= last:
        if day.weekday() in weekdays:
            moment = _moment(edge, datetime.combine(day, at), zone, off.get(day))
            if begin <= moment.at < end:
                yield moment
        day += _DAY


def _moment(edge: Edge, local: datetime, zone: ZoneInfo, off: str | None) -> Moment:
    at, note, shown = instant(local, zone), "", local
    if at is None:
        shown = skip_ends(local, zone)
        note = f"moved: the clocks go forward over {local:%H:%M}"
        at = shown.replace(tzinfo=zone)
    elif local.replace(tzinfo=zone).utcoffset() != local.replace(tzinfo=zone, fold=1).utcoffset():
        note = f"runs once: the clocks go back, {local:%H:%M} comes twice"
    if off is not None:
        note = f"skipped: {off}"
    utc = at.astimezone(UTC)
    return Moment(utc, shown, edge.action, off is None, edge.text, edge.where, note)


def _held(found: Iterable[Moment]) -> Iterator[Moment]:
    """Of a start and a stop that a clock change moves to one minute, the one declared for later
    holds: EventBridge Scheduler promises no order."""
    for _, together in groupby(found, key=lambda moment: moment.at):
        moments = list(together)
        last = max((moment for moment in moments if moment.fires), key=_declared, default=None)
        for moment in moments:
            if last is None or not moment.fires or moment.action == last.action:
                yield moment
            else:
                note = f"{moment.note}, where {last.action} {_declared(last):%H:%M} holds"
                yield replace(moment, fires=False, note=note)


def _declared(moment: Moment) -> datetime:
    """The local time as written, which is before the one that a skipped time is moved to."""
    local = datetime.combine(moment.local.date(), time(*clock(moment.text)))
    return local if local <= moment.local else local - _DAY


def _weeks(
    declared: Workstation, found: list[Moment], begin: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[Week]:
    known = {edge.action for edge in declared.schedule} == {"start", "stop"}
    spans = list(_on(found, end)) if known else []
    today = begin.astimezone(zone).date()
    monday = today - today.weekday() * _DAY
    while (since := _midnight(monday, zone)) < end:
        until = _midnight(monday + 7 * _DAY, zone)
        on = sum(
            (max(min(off, until) - max(start, since, begin), timedelta()) for start, off in spans),
            timedelta(),
        )
        yield Week(monday, on if known else None)
        monday += 7 * _DAY


def _on(found: list[Moment], end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From each start that turns it on to the stop that turns it off."""
    since: datetime | None = None
    for moment in found:
        if not moment.fires:
            continue
        if moment.action == "start":
            since = since or moment.at
        elif since:
            yield since, moment.at
            since = None
    if since:
        yield since, end


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
