"""Parse and format times as people write them: `Mon 18:00`, `2027-01-04`, `18:00`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reconciler.declare.timers import CronRule, instant, skip_ends
from reconciler.errors import UsageError
from reconciler.schedule.cron import DAYS, fires
from reconciler.workstation.runtime_tags import YEARS

BEFORE_START = timedelta(minutes=5)
"""Auto Scaling may be two minutes late with a scheduled action, and refuses a start until then."""

_FORMS = 'write Mon, "Mon 18:00", 18:00, tomorrow, 2027-01-04 or "2027-01-04 18:00"'
_TEXT = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)|(?P<day>[a-z]+))?(?:(?:^|[ t])(?P<time>\d{1,2}:\d\d))?",
    re.IGNORECASE,
)
_DAY = timedelta(days=1)
_EARLIEST = datetime(YEARS.start, 1, 2, tzinfo=UTC)
_LATEST = datetime(YEARS.stop, 1, 1, tzinfo=UTC)


def parse_time(
    text: str, now: datetime, zone: ZoneInfo | None, rules: tuple[CronRule, ...]
) -> datetime:
    """Parse a time as the next one after `now`, in UTC.

    A bare day is that day's first start, where it has one, else its beginning. `zone` None is
    the machine's. Raises: UsageError for a text that is no time, or a time that is past.
    """
    words = " ".join(text.split())
    found = _TEXT.fullmatch(words)
    if found is None or not words:
        raise UsageError(f"{text!r} is not a time: {_FORMS}")
    clock = _clock(found["time"], text)
    for day in _days(found["date"], found["day"], now, zone, text):
        at = _at(day, clock, zone, rules)
        if at > now:
            return at
    raise UsageError(f"{text!r} is in the past ({format_local(at, zone, now)})")


def local(at: datetime, zone: ZoneInfo | None) -> datetime:
    """Convert a time to this zone; None is the machine's. Before 1970 is 1970, and so on:
    the years 1 and 9999 are not in every zone."""
    return min(max(at, _EARLIEST), _LATEST).astimezone(zone)


def format_local(at: datetime, zone: ZoneInfo | None, now: datetime) -> str:
    """Format a time: `Fri 20 Nov 19:00 CET`, with the year when it is not this one."""
    wall = local(at, zone)
    year = f" {wall:%Y}" if wall.year != local(now, zone).year else ""
    return f"{wall:%a %d %b}{year} {wall:%H:%M %Z}"


def off_end(until: datetime, rules: tuple[CronRule, ...]) -> datetime:
    """Compute the end of an override *off* that lets a start at `until` pass (row 11)."""
    begin = until - timedelta(seconds=1)
    starts = [f.at for f in fires(rules, begin, until + BEFORE_START) if f.action == "start"]
    return min(until, starts[0] - BEFORE_START) if starts else until


def _clock(text: str | None, whole: str) -> time | None:
    try:
        return time.fromisoformat(text.zfill(5)) if text else None
    except ValueError as error:
        raise UsageError(f"{whole!r}: {text} is not a time of day: {_FORMS}") from error


def _days(
    written: str | None, name: str | None, now: datetime, zone: ZoneInfo | None, whole: str
) -> Iterator[date]:
    """The days it could be, the earliest first."""
    today = local(now, zone).date()
    if written:
        try:
            return iter([date.fromisoformat(written)])
        except ValueError as error:
            raise UsageError(f"{whole!r}: there is no such date as {written}") from error
    if name is None:  # a time alone
        return iter([today, today + _DAY])
    lowered = name.lower()
    if lowered in ("today", "tomorrow"):
        return iter([today + (lowered == "tomorrow") * _DAY])
    full = [d.strftime("%A").lower() for d in (date(2024, 1, 1) + n * _DAY for n in range(7))]
    for number, short in enumerate(DAYS):
        if lowered in (short.lower(), full[number]):
            ahead = (number - today.weekday()) % 7
            return iter([today + ahead * _DAY, today + (ahead + 7) * _DAY])
    other = f" ({name} is not a day)" if name != whole else ""
    raise UsageError(f"{whole!r} is not a time{other}: {_FORMS}")


def _at(
    day: date, clock: time | None, zone: ZoneInfo | None, rules: tuple[CronRule, ...]
) -> datetime:
    begin = _instant(datetime.combine(day, clock or time()), zone)
    if clock is not None:
        return begin
    end = _instant(datetime.combine(day + _DAY, time()), zone)
    just_before = timedelta(seconds=1)
    starts = [
        fire.at
        for fire in fires(rules, begin - just_before, end - just_before)
        if fire.action == "start"
    ]
    return starts[0] if starts else begin


def _instant(wall: datetime, zone: ZoneInfo | None) -> datetime:
    """One that summer time skips is the end of the gap."""
    if zone is None:
        return wall.astimezone(UTC)
    found = instant(wall, zone) or instant(skip_ends(wall, zone), zone)
    assert found is not None  # skip_ends ends where there is one
    return found
