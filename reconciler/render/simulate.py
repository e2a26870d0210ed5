"""The course of workstations: each start and stop with its reason, and the hours of each week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.render.as_json import VERSION, place
from reconciler.render.escape import terminal
from reconciler.render.style import Role, Style
from reconciler.schedule.simulate import Course, Moment, Week

_ROLES: dict[str, Role] = {"start": "add", "stop": "remove"}


def text(courses: Sequence[Course], style: Style) -> str:
    """Write each firing as `Mon 23 Nov 2026 09:00 CET +01:00  start  Mon-Fri 09:00
    (fleets/vision.yaml:12:25)`."""
    lines: list[str] = []
    for course in courses:
        zone = f" ({course.timezone})" if course.timezone else ""
        lines.append(style.paint("strong", terminal(f"{course.fleet}/{course.name}{zone}")))
        if not course.timezone:
            lines.append("  no schedule: it starts and stops when somebody says so")
        lines += [*_lines(course, style), ""]
    return style.finish(lines[:-1])


def _lines(course: Course, style: Style) -> Iterator[str]:
    moments = list(course.moments)
    for number, week in enumerate(course.weeks):
        later = course.weeks[number + 1].monday if number + 1 < len(course.weeks) else None
        while moments and (later is None or moments[0].local.date() < later):
            yield from _moment(moments.pop(0), course.timezone, style)
        yield style.paint("quiet", f"  week of {week.monday:%a %d %b %Y}: {_hours(week)}")


def _moment(moment: Moment, timezone: str, style: Style) -> list[str]:
    at = moment.at.astimezone(ZoneInfo(timezone))
    word = moment.action if moment.fires else "-"
    note = f"{moment.note}; {moment.action} " if moment.note else ""
    when = f"{at:%a %d %b %Y %H:%M} {_zone(moment, timezone)}".ljust(35)
    line = terminal(f"{when} {word:<5}  {note}{moment.text} ({moment.where})")
    first, *rest = style.wrap(line, "  ", " " * 8)
    role = _ROLES[moment.action] if moment.fires else "quiet"
    return [first.replace(f" {word} ", f" {style.paint(role, word)} ", 1), *rest]


def _zone(moment: Moment, timezone: str) -> str:
    """`CET +01:00`; where a zone's name is only its offset, that once."""
    at = moment.at.astimezone(ZoneInfo(timezone))
    offset = at.isoformat()[-6:]
    return f"{at.tzname()} {offset}" if (at.tzname() or "").isalpha() else offset


def _hours(week: Week) -> str:
    if week.on is None:
        return "how long it is on is not known: it has no start, or no stop"
    hours, rest = divmod(round(week.on.total_seconds() / 60), 60)
    return f"on {hours} h {rest} min" if rest else f"on {hours} h"


def document(site: str, begin: str, courses: Sequence[Course]) -> dict[str, Any]:
    """Build the JSON document of a simulation; `fires` is false for a start or stop that is
    skipped."""
    return {
        "version": VERSION,
        "site": site,
        "from": begin,
        "workstations": [_course(course) for course in courses],
    }


def _course(course: Course) -> dict[str, Any]:
    return {
        "fleet": course.fleet,
        "workstation": course.name,
        "timezone": course.timezone or None,
        "moments": [_document(moment, course.timezone) for moment in course.moments],
        "weeks": [
            {
                "monday": week.monday.isoformat(),
                "hours_on": None if week.on is None else week.on / timedelta(hours=1),
            }
            for week in course.weeks
        ],
    }


def _document(moment: Moment, timezone: str) -> dict[str, Any]:
    return {
        "at": moment.at.isoformat(),
        "local": moment.at.astimezone(ZoneInfo(timezone)).isoformat(),
        "action": moment.action,
        "fires": moment.fires,
        "text": moment.text,
        "note": moment.note or None,
        "where": place(moment.where),
    }
