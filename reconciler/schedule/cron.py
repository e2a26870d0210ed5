"""Compute when EventBridge Scheduler fires: its expressions, time zones and DST rule. Pure.

A local time that summer time skips does not fire; one that comes twice fires once, the first
time (EventBridge Scheduler user guide, "Daylight savings time"). Both of what we compile and of
what stands in AWS, so that a plan can tell what a change alters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

from reconciler.declare.fleet import Workstation
from reconciler.declare.timers import CronRule, compiled, instant, skip_ends

__all__ = ["CronRule", "Firing", "fires", "following", "instant", "latest", "rules_of", "skip_ends"]

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_CRON = re.compile(r"cron\((\d{1,2}) (\d{1,2}) (\*|\?) \* (\*|\?|[A-Z,-]+) \*\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Firing:
    """The time at which a schedule fires, in UTC."""

    at: datetime
    action: Literal["start", "stop"]


def rules_of(declared: Workstation, now: datetime) -> tuple[CronRule, ...]:
    """Compile a workstation's schedules, valid from two weeks before `now` (UTC) to three months
    after it: days off and clock changes are in them."""
    return tuple(rule for _, rule in compiled(declared.schedule, now, 15 * _DAY, 100 * _DAY))


def fires(rules: Iterable[CronRule], after: datetime, until: datetime) -> list[Firing]:
    """Yield every firing later than `after`, up to and with `until`, in order of time.

    Raises: ValueError for an expression that is none of ours.
    """
    return sorted(
        {Firing(at, rule.action) for rule in rules for at in _instants(rule, after, until)}
    )


def latest(rules: Iterable[CronRule], at: datetime, days: int = 8) -> Firing | None:
    """Find the last firing up to and with `at`; weekly schedules need no more than a week."""
    found = fires(rules, at - days * _DAY, at)
    return found[-1] if found else None


def following(
    rules: Iterable[CronRule], at: datetime, action: Literal["start", "stop"], days: int = 60
) -> datetime | None:
    """Find the first firing of this action after `at`; holidays can delay a start by weeks."""
    chosen = [rule for rule in rules if rule.action == action]
    for week in range(0, days, 7):
        found = fires(chosen, at + week * _DAY, at + min(week + 7, days) * _DAY)
        if found:
            return found[0].at
    return None


def _instants(rule: CronRule, after: datetime, until: datetime) -> Iterator[datetime]:
    zone = ZoneInfo(rule.timezone)
    if once := _AT.fullmatch(rule.expression):
        local = datetime.fromisoformat(once[1])
        at = instant(local, zone)
        if at is not None and after < at <= until:
            yield at
        return
    minute, hour, weekdays = _cron(rule.expression)
    first = max(after, rule.begin - timedelta(seconds=1)) if rule.begin else after
    last = min(until, rule.end - timedelta(seconds=1)) if rule.end else until
    day = first.astimezone(zone).date() - _DAY
    while day <= last.astimezone(zone).date() + _DAY:
        if day.weekday() in weekdays:
            at = instant(datetime.combine(day, time(hour, minute)), zone)
            if at is not None and first < at <= last:
                yield at
        day += _DAY


def weekly(rule: CronRule) -> tuple[frozenset[int], date | None, time]:
    """Parse the weekdays (Monday is 0), or the date of one that fires once, and the local time.

    Raises: ValueError for an expression that is none of ours.
    """
    if once := _AT.fullmatch(rule.expression):
        local = datetime.fromisoformat(once[1])
        return frozenset({local.weekday()}), local.date(), local.time()
    minute, hour, weekdays = _cron(rule.expression)
    return weekdays, None, time(hour, minute)


def days_text(weekdays: Iterable[int]) -> str:
    """Format weekdays as the YAML has them: `daily`, `Mon-Fri`, `Mon,Wed-Thu`."""
    days = sorted(weekdays)
    if len(days) == len(DAYS):
        return "daily"
    runs = [
        [day for _, day in run] for _, run in groupby(enumerate(days), lambda it: it[1] - it[0])
    ]
    names = [DAYS[run[0]] + (f"-{DAYS[run[-1]]}" if len(run) > 1 else "") for run in runs]
    return re.sub("[A-Z]{3}", lambda name: name[0].capitalize(), ",".join(names))


def _cron(expression: str) -> tuple[int, int, frozenset[int]]:
    found = _CRON.fullmatch(expression)
    if found is None:
        raise ValueError(f"not a schedule of ours: {expression}")
    minute, hour, day, week = int(found[1]), int(found[2]), found[3], found[4]
    if minute > 59 or hour > 23 or (day == "?") == (week == "?"):
        raise ValueError(f"not a schedule of ours: {expression}")
    return minute, hour, _weekdays(week, expression)


def _weekdays(text: str, expression: str) -> frozenset[int]:
    if text in ("*", "?"):
        return frozenset(range(7))
    chosen: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"not a schedule of ours: {expression}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        chosen.update(range(begin, end + 1))
    return frozenset(chosen)
