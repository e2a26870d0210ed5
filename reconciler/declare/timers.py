"""An edge of a schedule as EventBridge Scheduler can keep it: what fires, and between which bounds.

Scheduler knows neither days off nor a time that the clocks skip. So a recurring schedule ends
before a day off and another begins after it, and a skipped time gets a schedule of its own, for
that one day. Both only for the weeks ahead: every run computes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from reconciler.declare.calendars import days_off
from reconciler.declare.fleet import Calendar, Edge
from reconciler.declare.hours import clock, days

AHEAD = timedelta(days=35)
"""How far ahead days off and skipped times are computed: runs may fail for a month."""

FARTHEST = timedelta(days=400)
"""How long a row of days off can be."""

WINDOW = timedelta(minutes=5)
"""Scheduler calls within it, and spreads the calls of one time over it (EventBridge Scheduler user
guide, "Configuring flexible time windows"): Auto Scaling has one bucket for the whole account."""

RETRIED = timedelta(minutes=15)
"""How long a call that was refused is tried again: later, a start would come at night."""

LATEST = WINDOW + timedelta(minutes=1) + RETRIED
"""How late a schedule may act; it fires within a minute even without a window."""

LINGER = LATEST + timedelta(minutes=4)
"""How long what has fired stays as it is: deleted before, it might never have fired."""

SOON = timedelta(minutes=5)
"""A time that is so near is no longer given to Scheduler: a past one is refused, or never fires."""

NEAR = WINDOW + timedelta(minutes=10)
"""A start and a stop that are nearer than this could change places within their windows."""

_DAY = timedelta(days=1)
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


@dataclass(frozen=True)
class CronRule:
    """One schedule, as far as time goes. `begin` and `end` bound a recurring one (UTC)."""

    action: Literal["start", "stop"]
    expression: str
    timezone: str
    begin: datetime | None = None
    end: datetime | None = None
    moved_from: datetime | None = field(default=None, compare=False)
    """Of a schedule for one day: the local time as declared, which the clocks skip."""


def compiled(
    edges: Iterable[Edge], now: datetime, past: timedelta = LINGER, ahead: timedelta = AHEAD
) -> Iterator[tuple[Edge, CronRule]]:
    """Compile each edge to its schedules, in order; the same schedule once. `now` is in UTC."""
    seen: set[CronRule] = set()
    declared = tuple(edges)
    for edge in declared:
        parts = (edge.action, edge.text, edge.expression, edge.timezone, edge.calendars)
        for rule in _of(*parts, now, past, ahead):
            if rule not in seen and overruling(edge, rule.moved_from, declared) is None:
                seen.add(rule)
                yield edge, rule


def overruled(
    edges: Iterable[Edge], now: datetime, ahead: timedelta
) -> Iterator[tuple[date, Edge, Edge]]:
    """List each skipped time that another edge replaces: the day, the edge, and that other edge."""
    declared = tuple(edges)
    for edge in declared:
        parts = (edge.action, edge.text, edge.expression, edge.timezone, edge.calendars)
        for rule in _of(*parts, now, timedelta(), ahead):
            other = overruling(edge, rule.moved_from, declared)
            if other and rule.moved_from:
                yield rule.moved_from.date(), edge, other


def overruling(edge: Edge, local: datetime | None, edges: Iterable[Edge]) -> Edge | None:
    """Find the edge that replaces a skipped one, which would fire in the same minute.

    A skipped time is moved to the first minute after the gap, and there it can meet a stop, or be a
    stop that meets a start. Scheduler promises no order within a minute, so only the one that is
    declared for later holds.
    """
    if local is None:
        return None
    at = _fires_at(local, ZoneInfo(edge.timezone))
    for other in edges:
        if other.action == edge.action:
            continue
        zone, here = ZoneInfo(other.timezone), time(*clock(other.text))
        for day in (local.date(), local.date() + _DAY):
            other_time = datetime.combine(day, here)
            if other_time > local and _fires_at(other_time, zone) == at and _is_due(other, day):
                return other
    return None


def _fires_at(local: datetime, zone: ZoneInfo) -> datetime | None:
    return instant(local, zone) or instant(skip_ends(local, zone), zone)


def _is_due(edge: Edge, day: date) -> bool:
    """Whether an edge is declared for a day, and the day is not off."""
    off = days_off(edge.calendars, edge.timezone, day, day) if edge.calendars else {}
    return day.weekday() in days(edge.text) and day not in off


@lru_cache(maxsize=256)  # most workstations keep the same hours
def _of(
    action: Literal["start", "stop"],
    text: str,
    expression: str,
    timezone: str,
    calendars: tuple[Calendar, ...],
    now: datetime,
    past: timedelta,
    ahead: timedelta,
) -> tuple[CronRule, ...]:
    zone = ZoneInfo(timezone)
    since, horizon = now - past, now + ahead
    first = since.astimezone(zone).date() - _DAY
    last = first + (FARTHEST if calendars else ahead + past) + 3 * _DAY
    off = days_off(calendars, timezone, first, last) if calendars else {}
    times: list[tuple[datetime, bool]] = []  # each time it would fire, and whether it is a day off
    once: list[CronRule] = []
    for day in _dates(first, last, days(text)):
        local = datetime.combine(day, time(*clock(text)))
        at = instant(local, zone)
        if at is not None:
            if at > since:
                times.append((at, day in off))
        elif day not in off:
            moved = skip_ends(local, zone)
            fires = instant(moved, zone)
            if fires is not None and since < fires <= horizon:
                at_once = f"at({moved.isoformat()})"
                once.append(CronRule(action, at_once, timezone, moved_from=local))
    return (*_pieces(CronRule(action, expression, timezone), times, horizon), *once)


def _dates(first: date, last: date, weekdays: Iterable[int]) -> Iterator[date]:
    day = first
    while day <= last:
        if day.weekday() in weekdays:
            yield day
        day += _DAY


def _pieces(
    rule: CronRule, times: list[tuple[datetime, bool]], horizon: datetime
) -> Iterator[CronRule]:
    """The schedule cut at days off that begin before the horizon.

    A bound is half-way between the time that fires and the one that does not, so that it does
    not matter on which side of its bounds Scheduler counts.
    """
    runs = [(off, [at for at, _ in run]) for off, run in groupby(times, key=lambda it: it[1])]
    begin: datetime | None = None
    for (off, run), (_, following) in pairwise([*runs, (False, [])]):
        middle = _half_way(run[-1], following[0]) if following else None
        if off:
            begin = middle
            if begin is None:  # days off as far as can be seen
                return
        elif middle is None or following[0] > horizon:
            yield CronRule(rule.action, rule.expression, rule.timezone, begin)
            return
        else:
            yield CronRule(rule.action, rule.expression, rule.timezone, begin, middle)


def once_at(expression: str, timezone: str) -> datetime | None:
    """Tell when an `at(…)` fires, in UTC; None for any other expression, and for no time at all."""
    found = _AT.fullmatch(expression)
    try:
        return instant(datetime.fromisoformat(found[1]), ZoneInfo(timezone)) if found else None
    except (ValueError, KeyError, OSError):  # edited manually: no date, or no zone known here
        return None


def keep_order(edges: Iterable[Edge]) -> bool:
    """Tell whether each start and each stop of a week are far enough from each other."""
    week = 7 * 24 * 60
    times = [
        (24 * 60 * day + 60 * hour + minute, edge.action)
        for edge in edges
        for hour, minute in (clock(edge.text),)
        for day in days(edge.text)
    ]
    near = NEAR // timedelta(minutes=1)
    return all(
        one == other or min((a - b) % week, (b - a) % week) >= near
        for a, one in times
        for b, other in times
    )


def _half_way(one: datetime, other: datetime) -> datetime:
    return (one + (other - one) / 2).replace(second=0, microsecond=0)


def instant(local: datetime, zone: ZoneInfo) -> datetime | None:
    """Find the instant of a wall-clock time; the first of two; None when the clocks skip it."""
    at = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == local else None


def skip_ends(local: datetime, zone: ZoneInfo) -> datetime:
    """Find the first wall-clock minute after the gap that contains `local`."""
    minute = local
    while instant(minute, zone) is None:
        minute += timedelta(minutes=1)
    return minute
