"""Every clock change of every zone until 2036: each local time fires once on each of its dates.

Judged by walking the UTC minutes around the change and reading the clock on the wall.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from reconciler.declare.fleet import Calendar, Edge
from reconciler.declare.hours import DAYS, cron
from reconciler.declare.timers import LINGER, CronRule, compiled
from reconciler.errors import Where

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NAMES = {name.upper(): number for number, name in enumerate(DAYS)}
Wall = dict[datetime, datetime]
"""By what the clock on the wall says, the UTC minute; the first of two."""


@cache
def changes() -> tuple[tuple[str, datetime], ...]:
    """A zone and the first minute of its new offset; of zones that never differ, one."""
    days = [datetime(2026, 1, 1, tzinfo=UTC) + n * DAY for n in range(11 * 366)]
    seen: dict[tuple[timedelta | None, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        seen.setdefault(tuple(day.astimezone(zone).utcoffset() for day in days), name)
    return tuple(
        (name, _exactly(ZoneInfo(name), days[n]))
        for offsets, name in seen.items()
        for n in range(len(days) - 1)
        if offsets[n] != offsets[n + 1]
    )


def _exactly(zone: ZoneInfo, low: datetime) -> datetime:
    high, before = low + DAY, low.astimezone(zone).utcoffset()
    while high - low > MINUTE:
        middle = low + (high - low) // MINUTE // 2 * MINUTE
        same = middle.astimezone(zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return high


def walk(zone: ZoneInfo, change: datetime) -> Wall:
    wall: Wall = {}
    for step in range(-26 * 60, 26 * 60):
        at = change + step * MINUTE
        local = at.astimezone(zone)
        if local.fold == 0:
            wall[local.replace(tzinfo=None)] = at
    return wall


def fires(rule: CronRule, wall: Wall) -> Iterator[datetime]:
    """What Scheduler does, by its user guide."""
    if rule.expression.startswith("at("):
        once = datetime.fromisoformat(rule.expression[3:-1])
        yield from [wall[once]] if once in wall else []
        return
    found = re.fullmatch(r"cron\((\d+) (\d+) \S+ \* (\S+) \*\)", rule.expression)
    assert found
    for day in dates(wall):
        at = wall.get(datetime.combine(day, time(int(found[2]), int(found[1]))))
        if at is not None and _matches(found[3], day.weekday()):
            begun, over = rule.begin is None or rule.begin <= at, rule.end and rule.end <= at
            if begun and not over:
                yield at


def dates(wall: Wall) -> list[date]:
    """Those that are whole, or almost."""
    return sorted({local.date() for local in list(wall)[::60]})[1:-1]


def _matches(days: str, weekday: int) -> bool:
    if days in "?*":
        return True
    parts = [part.partition("-")[::2] for part in days.split(",")]
    return any(NAMES[one] <= weekday <= NAMES[last or one] for one, last in parts)


def times(zone: ZoneInfo, change: datetime) -> set[time]:
    """In and around what is skipped or doubled."""
    before = (change - MINUTE).astimezone(zone).replace(tzinfo=None) + MINUTE
    after = change.astimezone(zone).replace(tzinfo=None)
    first, last = sorted((before, after))
    middle = first + (last - first) / 2
    picked = (first - MINUTE, first, middle, last - MINUTE, last)
    return {instant.time().replace(second=0, microsecond=0) for instant in picked}


def expected(wall: Wall, at: time, weekdays: set[int], off: set[date]) -> set[datetime]:
    """The first minute at which the clock says so, or has gone past it."""
    found = set()
    for day in dates(wall):
        if day.weekday() in weekdays and day not in off:
            local = datetime.combine(day, at)
            while local not in wall:
                local += MINUTE
            found.add(wall[local])
    return found


@pytest.mark.parametrize("quarter", range(4))
def test_each_local_time_fires_once_on_each_of_its_dates(quarter: int) -> None:
    here = Where("fleets/a.yaml", 1, 1)
    for number, (name, change) in enumerate(changes()):
        if number % 4 != quarter:
            continue
        zone = ZoneInfo(name)
        wall = walk(zone, change)
        today = change.astimezone(zone).date()
        for turn, at in enumerate(sorted(times(zone, change))):
            # By turns: daily or that day alone; with a day off or without; long before or just.
            daily, holiday = (number + turn) % 3 > 0, (number + turn) % 5 == 0
            day = "daily" if daily else DAYS[today.weekday()]
            text = f"{day} {at:%H:%M}"
            off = {today - DAY} if holiday else set[date]()
            calendars = tuple(Calendar("off", ((date_off, date_off),)) for date_off in off)
            edge = Edge("start", text, cron(text), name, here, calendars)
            weekdays = set(range(7)) if daily else {today.weekday()}
            wanted = expected(wall, at, weekdays, off)
            now = (change - 10 * DAY, change - 30 * HOUR, change + LINGER - MINUTE)[turn % 3]
            rules = [rule for _, rule in compiled([edge], now)]
            firings = sorted(
                instant for rule in rules for instant in fires(rule, wall) if instant > now - LINGER
            )
            assert firings == sorted(instant for instant in wanted if instant > now - LINGER), (
                name, change, text, now, rules,
            )  # fmt: skip


def test_there_are_changes_to_try() -> None:
    assert len(changes()) > 500
    assert {"Africa/Casablanca", "Australia/LHI"} <= {name for name, _ in changes()}
