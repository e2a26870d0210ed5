"""The words of the developer's commands, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.declare import units
from reconciler.power.model import Attempt, Group, Kept, Machine, Reason
from reconciler.power.moments import said
from reconciler.power.override import Override, stamp
from reconciler.render.escape import terminal
from reconciler.render.look import Look

MARKETS = {"spot": "Spot", "on-demand": "On-Demand", "": ""}
duration = units.duration


def machine(it: Machine) -> str:
    """`g6.xlarge in us-east-1a, Spot`."""
    return terminal(f"{it.type} in {it.zone}, {MARKETS[it.market]}")


def override(it: Override, zone: ZoneInfo | None, now: datetime) -> str:
    """`kept on until Fri 20 Nov 19:00 CET (the tag names alice@example.com)`."""
    return terminal(f"kept {it.state} until {said(it.until, zone, now)} ({it.author})")


def table(rows: Iterable[Sequence[str]], look: Look, head: Sequence[str]) -> list[str]:
    """Columns as wide as they need; ids are never cut."""
    cells = [[look.plain(terminal(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(head), *cells]
    ]
    return [look.paint("quiet", lines[0]), *lines[1:]]


def attempts(
    found: Sequence[Attempt], zone: ZoneInfo | None, now: datetime, look: Look
) -> list[str]:
    """What was tried and why it failed: type × zone × error."""
    rows = [
        (
            it.last.instance_type or "all",
            it.last.zone or "all",
            MARKETS[it.last.market] or "?",
            it.last.code or it.last.cause.why,
            str(it.times),
            said(it.last.at, zone, now),
        )
        for it in found
    ]
    return table(rows, look, ("type", "zone", "market", "error", "tries", "last")) if rows else []


def kept(found: Sequence[Kept]) -> list[str]:
    """What goes on costing while it is off."""
    return [
        terminal(f"  {it.what} {it.id}, {it.gib:,} GiB{f', {it.cost}' if it.cost else ''}")
        for it in found
    ]


def reason(group: Group, it: Reason, look: Look) -> list[str]:
    """The cause, and the next step."""
    lines = look.wrap(terminal(f"{group.workstation}: {it.why}."), "", "  ")
    if it.mender:
        lines += look.wrap(f"Mended by: {it.mender.words}.", "", "  ")
    lines += look.wrap(terminal(f"Next: {it.step}."), "", "  ")
    return lines


def head(group: Group) -> dict[str, Any]:
    """What every JSON document of these begins with."""
    return {
        "version": 1,
        "site": group.site,
        "workstation": group.workstation,
        "region": group.region,
    }


def override_document(it: Override | None) -> dict[str, Any] | None:
    """An override, or null."""
    return {"state": it.state, "until": stamp(it.until), "by": it.by or None} if it else None


def machine_document(it: Machine | None) -> dict[str, Any] | None:
    """An instance, or null."""
    if it is None:
        return None
    return {
        "id": it.id,
        "type": it.type,
        "zone": it.zone,
        "market": it.market,
        "state": it.state,
        "since": stamp(it.launched),
        "reachable": it.online,
    }


def attempt_document(it: Attempt) -> dict[str, Any]:
    """Launches that failed alike."""
    last = it.last
    return {
        "instance_type": last.instance_type or None,
        "zone": last.zone or None,
        "market": last.market or None,
        "code": last.code or None,
        "cause": last.cause.why,
        "mended_by": last.cause.mender.code,
        "message": last.message,
        "times": it.times,
        "last": stamp(last.at),
    }


def reason_document(group: Group, it: Reason) -> dict[str, Any]:
    """A cause; its details as they are."""
    details = {k: stamp(v) if isinstance(v, datetime) else v for k, v in it.details.items()}
    return {
        **head(group),
        "state": group.state,
        "code": it.code,
        "why": it.why,
        "mended_by": it.mender.code if it.mender else None,
        "next": it.step,
        "details": details,
    }


def moment(at: datetime | None) -> str | None:
    """A time, or null."""
    return stamp(at.astimezone(UTC)) if at else None
