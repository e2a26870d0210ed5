"""Office hours: `Mon-Fri 09:00` → EventBridge Scheduler's six-field cron.

Scheduler's day names are SUN to SAT, and a range that runs past SAT is not defined there, so
anything but a plain run from Monday on is written as a list.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.declare.tree import Map, Seq, SourceSpan

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def days(text: str) -> tuple[int, ...]:
    """List the weekdays of `daily 09:00` or `Fri-Mon,Wed 09:00`, Monday being 0, sorted.

    A range may run over the week's end.
    """
    which = text.partition(" ")[0]
    if which == "daily":
        return tuple(range(7))
    found: set[int] = set()
    for part in which.split(","):
        first, _, last = part.partition("-")
        begin = DAYS.index(first)
        length = (DAYS.index(last or first) - begin) % 7
        found.update((begin + step) % 7 for step in range(length + 1))
    return tuple(sorted(found))


def clock(text: str) -> tuple[int, int]:
    """Read hour and minute of `Mon-Fri 09:00`."""
    hour, _, minute = text.partition(" ")[2].partition(":")
    return int(hour), int(minute)


def texts(schedule: Map, edge: str) -> Iterator[tuple[str, SourceSpan]]:
    """List the texts under `start` or `stop`, one or several, each with its source span."""
    written = schedule.get(edge)
    if isinstance(written, Seq):
        yield from zip(written, written.spans, strict=True)
    elif written is not None:
        yield written, schedule.spans[edge]


def cron(text: str) -> str:
    """Compile `Mon-Fri 09:00` to `cron(0 9 ? * MON-FRI *)`."""
    hour, minute = clock(text)
    on = days(text)
    if len(on) == 7:
        return f"cron({minute} {hour} * * ? *)"
    names = [DAYS[day].upper() for day in on]
    is_run = len(on) > 2 and on[-1] - on[0] == len(on) - 1 and on[-1] < 6
    which = f"{names[0]}-{names[-1]}" if is_run else ",".join(names)
    return f"cron({minute} {hour} ? * {which} *)"
