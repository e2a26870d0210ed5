"""iCalendar files: whether one can be used, and which days its events touch.

The only importer of icalendar and recurring-ical-events, which are slow to import and not needed
where no file is declared.

A file is somebody else's, and a rule in it can keep a computer busy for minutes: rules below a
day, and rules of which nobody could say when they are next, are refused before they are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Component

MAX_EVENTS = 1000
MAX_RULES = 50
_OLDEST = 1900  # the year of the first day of what repeats
_DAY = timedelta(days=1)
_TRIAL = (date(2024, 1, 1), date(2025, 2, 4))
_NAME = 80  # characters of what a day is called

_RULE = re.compile(r"(?:RRULE|EXRULE)[^:]*:(.*)", re.IGNORECASE)
_PARTS = {
    "YEARLY": {"BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"},
    "MONTHLY": {"BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"},
    "WEEKLY": {"BYDAY"},
    "DAILY": {"BYDAY"},
}
"""What a rule may say, by its frequency, beyond how often and until when."""

_ALWAYS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
_DAYS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}  # of a month, at most; 31 else


def flaw(text: str) -> tuple[int, str]:
    """Find what is wrong with an iCalendar file, and in which line; line 0 is the file as a whole.

    ("" if it can be used.)
    """
    rules = 0
    for number, line in _unfolded(text):
        found = _RULE.fullmatch(line)
        if found is None:
            continue
        rules += 1
        wrong = _of_rule(found[1].strip().upper())
        if wrong:
            return number, wrong
    if rules > MAX_RULES:
        return 0, f"more than {MAX_RULES} events that repeat"
    if len(re.findall(r"^BEGIN:VEVENT", text, re.IGNORECASE | re.MULTILINE)) > MAX_EVENTS:
        return 0, f"more than {MAX_EVENTS} events"
    return 0, _trial(text)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Whole lines, with the number of their first; a long one goes on after a blank. [RFC 5545]"""
    begin, unfolded = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in (" ", "\t"):
            unfolded += line[1:]
        else:
            yield begin, unfolded
            begin, unfolded = number, line
    yield begin, unfolded


def _of_rule(rule: str) -> str:
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    often = parts.get("FREQ", "")
    if often not in _PARTS:
        return "an event may repeat DAILY, WEEKLY, MONTHLY or YEARLY, and no other way"
    odd = sorted(set(parts) - _ALWAYS - _PARTS[often])
    if odd:
        return f"a rule that is {often} cannot have {odd[0][:20]} here"
    try:
        numbers = {name: _numbers(parts.get(name, "")) for name in ("BYMONTH", "BYMONTHDAY")}
        interval, weekdays = int(parts.get("INTERVAL", "1")), parts.get("BYDAY", "")
        nth = _numbers(re.sub(r"[^\d,]", "", weekdays)), _numbers(parts.get("BYSETPOS", ""))
    except ValueError:
        return "a rule with what is no number"
    months, days = numbers["BYMONTH"], numbers["BYMONTHDAY"]
    least = min(map(abs, days), default=1)
    longest = max((_DAYS.get(month, 31) for month in months), default=31)
    # Of these a library looks for the next day until the year 9999.
    narrow = all(nth) or (any(nth) and (bool(days) or not weekdays))
    narrow |= often == "MONTHLY" and bool(months) and not (days or weekdays)
    if least > longest or narrow or any(abs(number) > 5 for number in (*nth[0], *nth[1])):
        return "a rule of days that hardly ever come"
    if not 1 <= interval <= 100 or (interval > 1 and (months or days)):
        return "INTERVAL must be from 1 to 100, and 1 beside BYMONTH and BYMONTHDAY"
    return ""


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def _trial(text: str) -> str:
    """What the libraries say when they are asked for a year of it."""
    try:
        events = _parsed(text).events
        for event in events:
            if "RRULE" in event and event["DTSTART"].dt.year < _OLDEST:
                return f"an event that repeats begins before {_OLDEST}"
        touched(text, "UTC", *_TRIAL)
    except KeyError as error:  # an event without its begin
        return f"an event has no {error.args[0]}"
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError) as error:
        # The last three: what icalendar meets in a property of a wrong type.
        return " ".join(str(error).split())[:200] or type(error).__name__
    return ""


@lru_cache(maxsize=16)
def _parsed(text: str) -> Any:  # an icalendar.Calendar
    from icalendar import Calendar

    return Calendar.from_ical(text)


@lru_cache(maxsize=64)
def touched(text: str, timezone: str, first: date, last: date) -> tuple[tuple[date, str], ...]:
    """List the days from `first` to `last` that an event touches by the clock of a zone, in
    order, each with the event's name."""
    from recurring_ical_events import of

    zone = ZoneInfo(timezone)
    found: dict[date, str] = {}
    for event in of(_parsed(text), components=["VEVENT"]).between(first - _DAY, last + 2 * _DAY):
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        begin, end = _span(event, zone)
        day = max(begin, first)
        while day <= min(end, last):
            found.setdefault(day, " ".join(str(event.get("SUMMARY", "")).split())[:_NAME])
            day += _DAY
    return tuple(sorted(found.items()))


def _span(event: Component, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last day of an event. Its end is the time directly after it."""
    begin, end = _local(event.start, zone), _local(event.end, zone)  # type: ignore[attr-defined]  # VEVENT's
    last = end - timedelta(microseconds=1) if end > begin else begin
    return begin.date(), last.date()


def _local(moment: date | datetime, zone: ZoneInfo) -> datetime:
    """On the wall, without its zone; a time without a zone is anybody's."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), UTC).replace(tzinfo=None)
    return moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
