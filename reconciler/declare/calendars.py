"""Calendars of days off: from `calendars:` in files that begin with _ to the days they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.declare.files import beside
from reconciler.declare.fleet import Calendar
from reconciler.declare.ics import flaw, touched
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map, Source, SourceSpan
from reconciler.errors import Problem

if TYPE_CHECKING:
    from reconciler.declare.merge import Document

LONGEST = 366  # days of one range
_DAY = timedelta(days=1)


def collect(documents: Sequence[Document]) -> tuple[dict[str, Calendar] | None, list[Problem]]:
    """Collect the site's calendars by name, and the problems; None when not all could be read."""
    found: dict[str, Calendar] = {}
    spans: dict[str, SourceSpan] = {}
    problems: list[Problem] = []
    doubtful = False
    for document in documents:
        own = document.top.get("calendars") if document.top is not None else None
        section = own if isinstance(own, Map) else Map()
        doubtful |= document.top is None or document.top.hides("calendars")
        doubtful |= bool(section.broken)
        for name, calendar in section.items():
            span = section.spans[name]
            first = spans.setdefault(name, span)
            if first is not span:
                hint = "a calendar's name is unique in the whole site; rename one of them"
                problems.append(span.key(f"{show(name)} is declared in {first.where} too", hint))
                continue
            days = list(_ranges(calendar, problems))
            found[name] = Calendar(name, tuple(days), _ics(document, calendar, problems))
    return None if doubtful else found, problems


def _ranges(calendar: Map, problems: list[Problem]) -> Iterator[tuple[date, date]]:
    dates = calendar.get("dates", ())
    for text, span in zip(dates, dates.spans if dates else (), strict=True):
        first, _, last = text.partition("/")
        try:
            begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            problems.append(span.value(f"there is no day {show(text)}", "year, month, day"))
            continue
        if not 0 <= (end - begin).days < LONGEST:
            message = f"{show(text)} is not a range of days"
            problems.append(span.value(message, f"the earlier first, at most {LONGEST} days"))
            continue
        yield begin, end


def _ics(document: Document, calendar: Map, problems: list[Problem]) -> str:
    """The text of its file; "" without one, or with one that cannot be used."""
    name = calendar.get("ics")
    if name is None:
        return ""
    span = calendar.spans["ics"]
    found = beside(document.file.folder, name)
    if isinstance(found, str):
        hint = "its path begins at this file's folder, and stays in it"
        problems.append(span.value(f"{show(name)}: {found}", hint))
        return ""
    try:
        text = found.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.append(span.value(f"{show(name)} is not UTF-8", "export it as iCalendar again"))
        return ""
    line, wrong = flaw(text)
    if wrong and line:
        file = document.file.name.rpartition("/")[0]
        source = Source(f"{file}/{name}" if file else name, tuple(text.splitlines()))
        problems.append(source.problem(line, 1, wrong, "a calendar says which days are off"))
    elif wrong:
        message = f"{show(name)} is no calendar that can be used: {wrong}"
        problems.append(span.value(message, "export it as iCalendar again"))
    return "" if wrong else text


@lru_cache(maxsize=256)
def days_off(
    calendars: tuple[Calendar, ...], timezone: str, first: date, last: date
) -> Mapping[date, str]:
    """List the days off in a zone from `first` to `last`, each with its reason: `de-holidays:
    Christmas`."""
    found: dict[date, str] = {}
    for calendar in calendars:
        for day in _within(calendar.days, first, last):
            found.setdefault(day, calendar.name)
        if calendar.ics:
            for day, called in touched(calendar.ics, timezone, first, last):
                found.setdefault(day, f"{calendar.name}: {called}" if called else calendar.name)
    return found


def _within(ranges: Iterable[tuple[date, date]], first: date, last: date) -> Iterator[date]:
    for begin, end in ranges:
        day = max(begin, first)
        while day <= min(end, last):
            yield day
            day += _DAY
