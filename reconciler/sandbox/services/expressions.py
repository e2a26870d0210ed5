"""When a schedule fires: ``cron``, ``rate`` and ``at``, in their own time zone.

A cron expression is tried out: the wall clock is read at one instant after another, which is
slow and hard to get wrong. A local time that summer time skips is never read; one that comes
twice counts the first time. [D scheduler schedule-types, "Daylight savings time"]
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
QUARTER = 15
"""Minutes. No zone changes its clocks at any other time than on a quarter of an hour."""

Fits = Callable[[date], bool]
Following = Callable[[datetime, datetime], datetime | None]
"""The first time it fires later than the one and no later than the other instant."""

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
SUNDAY_1 = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
SUNDAY_0 = {name: n - 1 for name, n in SUNDAY_1.items()}


@dataclass(frozen=True)
class Cron:
    """An expression that fires whenever the wall clock shows the time."""

    minutes: frozenset[int]
    hours: frozenset[int]
    day: Fits
    zone: ZoneInfo

    def following(self, after: datetime, until: datetime) -> datetime | None:
        """Find the first time that it fires in (after, until]."""
        at = after.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
        while at <= until:
            local = at.astimezone(self.zone)
            if local.hour in self.hours and not local.fold and self.day(local.date()):
                if local.minute in self.minutes:
                    return at
                at += MINUTE
            else:
                at += (QUARTER - local.minute % QUARTER) * MINUTE
        return None


@dataclass(frozen=True)
class Rate:
    """An expression that fires at a fixed interval from its start, by no wall clock."""

    every: timedelta
    start: datetime

    def following(self, after: datetime, until: datetime) -> datetime | None:
        """Find the first time that it fires in (after, until]."""
        at = self.start
        if at <= after:
            at += ((after - at) // self.every + 1) * self.every
        return at if at <= until else None


@dataclass(frozen=True)
class At:
    """An expression that fires once; never, when the wall clock does not show that time."""

    local: datetime
    zone: ZoneInfo

    def following(self, after: datetime, until: datetime) -> datetime | None:
        """Return that instant, if it is in (after, until]."""
        at = self.local.replace(tzinfo=self.zone).astimezone(UTC)
        shown = at.astimezone(self.zone).replace(tzinfo=None)
        return at if shown == self.local and after < at <= until else None


def read(expression: str, zone: ZoneInfo, start: datetime) -> Cron | Rate | At:
    """Parse an expression of EventBridge Scheduler; ``start`` is when a rate begins to count.

    Raises: ValueError for what it is not.
    """
    kind, _, rest = expression.partition("(")
    if not rest.endswith(")"):
        raise ValueError(expression)
    words = rest[:-1]
    if kind == "rate" and (found := re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", words)):
        return Rate(timedelta(**{f"{found[2]}s": int(found[1])}), start)
    if kind == "at" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", words):
        return At(datetime.fromisoformat(words), zone)
    if kind == "cron":
        return _six_fields(words.split(" "), zone)
    raise ValueError(expression)


def _six_fields(fields: list[str], zone: ZoneInfo) -> Cron:
    minute, hour, day, month, week, year = fields
    if (day == "?") == (week == "?"):  # one of the two days must be open
        raise ValueError("exactly one of the two days must be ?")
    months, years = _numbers(month, 1, 12, MONTHS), _numbers(year, 1970, 2199)
    fits = _day_of_month(day) if week == "?" else _day_of_week(week)
    return Cron(
        _numbers(minute, 0, 59),
        _numbers(hour, 0, 23),
        lambda it: it.month in months and it.year in years and fits(it),
        zone,
    )


def crontab(expression: str, zone: ZoneInfo) -> Cron:
    """Parse the five fields of an Auto Scaling recurrence; Sunday is 0, and 7 as well.

    Of two days that are both given either will do, as in any crontab.
    Raises: ValueError for what it is not.
    """
    minute, hour, day, month, week = expression.split()
    months = _numbers(month, 1, 12, MONTHS)
    in_month = _numbers(day, 1, 31)
    in_week = {number % 7 for number in _numbers(week, 0, 7, SUNDAY_0)}
    either = not day.startswith("*") and not week.startswith("*")

    def fits(candidate: date) -> bool:
        both = (candidate.day in in_month, candidate.isoweekday() % 7 in in_week)
        return candidate.month in months and (any(both) if either else all(both))

    return Cron(_numbers(minute, 0, 59), _numbers(hour, 0, 23), fits, zone)


def _numbers(
    text: str, least: int, most: int, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    """``*``, ``5``, ``1-5``, ``FRI-MON``, ``0/15``, and any list of these."""
    names = names or {}

    def number(word: str) -> int:
        value = names[word] if word in names else int(word)
        if not least <= value <= most or not (word in names or word.isdecimal()):
            raise ValueError(f"{word} is not between {least} and {most}")
        return value

    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            begin, end = least, most
        else:
            begin = number(first)
            end = number(last) if dash else (most if step else begin)
        if end < begin:
            if not names:
                raise ValueError(f"{span} runs backwards")
            found.update(range(begin, most + 1))
            begin = least
        found.update(range(begin, end + 1, _step(step) if "/" in part else 1))
    return frozenset(found)


def _step(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{text!r} is not a step")
    return int(text)


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _day_of_month(text: str) -> Fits:
    """Numbers, ``L`` for the last day, ``15W`` for the weekday nearest to the 15th."""
    if text == "L":
        return lambda it: it.day == _last(it)
    if text.endswith("W"):
        (wanted,) = _numbers(text[:-1], 1, 31)
        return lambda it: wanted <= _last(it) and it == _weekday_near(it.replace(day=wanted))
    days = _numbers(text, 1, 31)
    return lambda it: it.day in days


def _weekday_near(day: date) -> date:
    """Saturday goes back and Sunday on, but never into another month."""
    shift = {6: -1, 7: 1}.get(day.isoweekday(), 0)
    near = day + timedelta(days=shift)
    return near if near.month == day.month else day - timedelta(days=2 * shift)


def _day_of_week(text: str) -> Fits:
    """Sunday is 1. ``6L`` is the last Friday, ``6#3`` the third one."""
    if text == "L":
        text = "SAT"
    if found := re.fullmatch(r"(\w+)#([1-5])", text):
        (wanted,), place = _numbers(found[1], 1, 7, SUNDAY_1), int(found[2])
        return lambda it: _weekday(it) == wanted and (it.day + 6) // 7 == place
    if text.endswith("L"):
        (wanted,) = _numbers(text[:-1], 1, 7, SUNDAY_1)
        return lambda it: _weekday(it) == wanted and it.day > _last(it) - 7
    days = _numbers(text, 1, 7, SUNDAY_1)
    return lambda it: _weekday(it) in days


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1
