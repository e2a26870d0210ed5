"""Do the hours of a workstation make sense: zones, edges that meet, calendars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.declare.fleet import Calendar
from reconciler.declare.hours import clock, days, texts
from reconciler.declare.merge import Item
from reconciler.declare.scalars import show
from reconciler.declare.suggest import did_you_mean
from reconciler.declare.tree import Map
from reconciler.declare.zones import is_zone, meant
from reconciler.errors import Problem

EDGES = ("start", "stop")


def check(item: Item, calendars: Mapping[str, Calendar] | None) -> Iterator[Problem]:
    """Check the `schedule` of one workstation. `calendars` is None when not all are known."""
    schedule = item.settings.get("schedule")
    if not isinstance(schedule, Map):  # none, or `manual`
        return
    zone = schedule.get("timezone")
    if zone is not None and not is_zone(zone):
        close = meant(zone)
        yield schedule.spans["timezone"].value(
            f"there is no time zone {show(zone)}",
            f"write {close}" if close else "use an IANA name such as Europe/Berlin",
        )
    if any(map(schedule.mentions, EDGES)) and not schedule.mentions("timezone"):
        yield item.settings.spans["schedule"].key(
            "`schedule` has no `timezone`", "for example timezone: Europe/Berlin"
        )
    yield from _meetings(schedule)
    yield from _calendars(schedule, calendars)


def _meetings(schedule: Map) -> Iterator[Problem]:
    """No two of the edges in one minute."""
    seen: dict[tuple[int, int, int], tuple[str, str]] = {}
    for edge in EDGES:
        for text, span in texts(schedule, edge):
            minutes = [(day, *clock(text)) for day in days(text)]
            other, before = next((seen[minute] for minute in minutes if minute in seen), ("", ""))
            if other == edge:
                message = f"{show(text)} meets {show(before)}: the same minute twice"
                yield span.value(message, "keep the day in one of them")
            elif other:
                message = "it would stop in the minute it starts"
                yield span.value(message, "choose another time for one of them")
            seen.update(dict.fromkeys(minutes, (edge, text)))


def _calendars(schedule: Map, calendars: Mapping[str, Calendar] | None) -> Iterator[Problem]:
    named = schedule.get("except", ())
    if not named or calendars is None:
        return
    for name, span in zip(named, named.spans, strict=True):
        if name not in calendars:
            near = did_you_mean(name, calendars)
            hint = near or "declare it under `calendars`, in a file that begins with _"
            yield span.value(f"no calendar is called {show(name)}", hint)
