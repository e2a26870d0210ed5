"""Print the results of the developer's commands, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.commands.model import Attempt, Reason
from reconciler.declare import units
from reconciler.money.storage import RetainedStorage
from reconciler.render.escape import terminal
from reconciler.render.style import Style
from reconciler.schedule.human_time import format_local
from reconciler.workstation.model import Group, Instance
from reconciler.workstation.runtime_tags import Override, format_time
from reconciler.workstation.start_times import StartTimes

MARKETS = {"spot": "Spot", "on-demand": "On-Demand", "": ""}
duration = units.duration


def machine(instance: Instance) -> str:
    """Write an instance as `g6.xlarge in us-east-1a, Spot`."""
    return terminal(f"{instance.type} in {instance.zone}, {MARKETS[instance.market]}")


def override(active: Override, zone: ZoneInfo | None, now: datetime) -> str:
    """Write an override as `kept on until Fri 20 Nov 19:00 CET (the tag names
    alice@example.com)`; one that an idle stop may end says so."""
    until, idle = format_local(active.until, zone, now), ""
    if active.unless_idle:
        idle = " unless nobody uses it"
    return terminal(f"kept {active.state} until {until}{idle} ({active.author})")


def table(rows: Iterable[Sequence[str]], style: Style, head: Sequence[str]) -> list[str]:
    """Align rows in columns as wide as they need; ids are never cut."""
    cells = [[style.plain(terminal(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(head), *cells]
    ]
    return [style.paint("quiet", lines[0]), *lines[1:]]


def attempts(
    found: Sequence[Attempt], zone: ZoneInfo | None, now: datetime, style: Style
) -> list[str]:
    """Write a table of the failed launches: type × zone × error."""
    rows = [
        (
            attempt.last.instance_type or "all",
            attempt.last.zone or "all",
            MARKETS[attempt.last.market] or "?",
            attempt.last.code or attempt.last.cause.why,
            str(attempt.times),
            format_local(attempt.last.at, zone, now),
        )
        for attempt in found
    ]
    return table(rows, style, ("type", "zone", "market", "error", "tries", "last")) if rows else []


def kept(found: Sequence[RetainedStorage]) -> list[str]:
    """List the storage that goes on costing while the workstation is off."""
    return [
        terminal(", ".join(filter(None, (f"  {k.title} {k.id}", f"{k.gib:,} GiB", k.cost))))
        for k in found
    ]


def reason(group: Group, cause: Reason, style: Style) -> list[str]:
    """Write the cause why a workstation does not start, and the next step."""
    lines = style.wrap(terminal(f"{group.workstation}: {cause.why}."), "", "  ")
    if cause.mender:
        lines += style.wrap(f"Who can fix it: {cause.mender.words}.", "", "  ")
    lines += style.wrap(terminal(f"Next: {cause.step}."), "", "  ")
    return lines


def head(group: Group) -> dict[str, Any]:
    """Build the members that every JSON document of a workstation begins with."""
    return {
        "version": 1,
        "site": group.site,
        "workstation": group.workstation,
        "region": group.region,
    }


def override_document(active: Override | None) -> dict[str, Any] | None:
    """Convert an override to JSON, or to null."""
    if active is None:
        return None
    return {
        "state": active.state,
        "until": format_time(active.until),
        "unless_idle": active.unless_idle,
        "by": active.by or None,
    }


def machine_document(instance: Instance | None) -> dict[str, Any] | None:
    """Convert an instance to JSON, or to null."""
    if instance is None:
        return None
    return {
        "id": instance.id,
        "type": instance.type,
        "zone": instance.zone,
        "market": instance.market,
        "state": instance.state,
        "since": format_time(instance.launched),
        "reachable": instance.online,
        "phase": instance.phase.step or None,
        "phase_detail": instance.phase.detail or None,
        "ready": instance.ready,
    }


def attempt_document(attempt: Attempt) -> dict[str, Any]:
    """Convert launches that failed in the same way to JSON."""
    last = attempt.last
    return {
        "instance_type": last.instance_type or None,
        "zone": last.zone or None,
        "market": last.market or None,
        "code": last.code or None,
        "cause": last.cause.why,
        "mended_by": last.cause.mender.code,
        "message": last.message,
        "times": attempt.times,
        "last": format_time(last.at),
    }


def reason_document(group: Group, cause: Reason) -> dict[str, Any]:
    """Convert a cause to JSON; its details are not renamed."""
    details = {
        k: format_time(v) if isinstance(v, datetime) else v for k, v in cause.details.items()
    }
    return {
        **head(group),
        "state": group.state,
        "code": cause.code,
        "why": cause.why,
        "mended_by": cause.mender.code if cause.mender else None,
        "next": cause.step,
        "details": details,
    }


def usual_start(times: StartTimes) -> str:
    """Write how long a start usually takes."""
    usual = f"usually ready {duration(times.usual)} after its launch"
    if times.nine_of_ten is not None:
        return f"{usual}, 9 of 10 times within {duration(times.nine_of_ten)}"
    return f"{usual}; the slowest of its last {times.count} starts took {duration(times.slowest)}"


def start_times_document(times: StartTimes | None) -> dict[str, Any] | None:
    """Convert how long the last starts took to JSON, or to null."""
    if times is None:
        return None
    return {
        "starts": times.count,
        "usual_seconds": times.usual,
        "nine_of_ten_seconds": times.nine_of_ten,
        "slowest_seconds": times.slowest,
    }


def moment(at: datetime | None) -> str | None:
    """Convert a time to JSON, or to null."""
    return format_time(at.astimezone(UTC)) if at else None
