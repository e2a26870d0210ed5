"""How workstations stand and until when, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.power.model import Ahead, Status
from reconciler.power.moments import said
from reconciler.power.override import Override
from reconciler.render.escape import terminal
from reconciler.render.look import Look, Role
from reconciler.render.power import (
    MARKETS,
    duration,
    machine,
    machine_document,
    moment,
    override,
    override_document,
    table,
)

_ROLES: dict[str, Role] = {
    "on": "add",
    "starting": "change",
    "stopping": "change",
    "off": "quiet",
}
_CAUSES = {
    "schedule": "its schedule",
    "override": "what keeps it on ends",
    "max_runtime": "its max_runtime, at the latest",
}


def until(
    kept: Override | None, ahead: Ahead, zone: ZoneInfo | None, now: datetime, *, readable: bool
) -> str:
    """Until when one that is on stays so, and what ends it."""
    stop = said(ahead.stop, zone, now) if ahead.stop else ""
    if kept and kept.state == "on":
        then = "then it goes off"
        if kept.until != ahead.stop:
            then = f"then its schedule holds: next stop {stop}" if stop else "then it stays on"
        if ahead.cause == "max_runtime" and kept.until != ahead.stop:
            then = f"its max_runtime ends it {stop} at the latest"
        return f"{override(kept, zone, now)}, {then}"
    unread = "" if readable else "; its schedules could not be read"
    if not stop:
        return f"on until somebody stops it: no schedule and no max_runtime ends it{unread}"
    return f"on until {stop}, {_CAUSES[ahead.cause or 'schedule']}{unread}"


def cost(
    hourly: Decimal | None, stop: datetime | None, zone: ZoneInfo | None, now: datetime
) -> str:
    """`about $0.17/h, $0.68 until Fri 20 Nov 19:00 CET`; what is not known is said."""
    if hourly is None:
        return "the price of an hour is not known"
    text = f"about ${hourly:.2f}/h"
    if stop is None or stop <= now:
        return text
    return f"{text}, ${total(hourly, stop, now):,.2f} until {said(stop, zone, now)}"


def total(hourly: Decimal, stop: datetime, now: datetime) -> Decimal:
    """Dollars from now until the stop."""
    return hourly * Decimal((stop - now).total_seconds()) / 3600


def status(it: Status, now: datetime, look: Look) -> list[str]:
    """One workstation, line by line."""
    group, its, zone = it.group, it.machine, it.zone
    lines = [f"{look.paint('strong', terminal(group.workstation))}: {_state(it, now, look)}"]
    if its:
        answers = "answers" if its.online else "does not answer yet"
        lines.append(f"  machine    {machine(its)}, {its.id}, {answers}")
        lines.append(f"  cost       {f'about {it.price}' if it.price else 'not known'}")
    if it.override:
        lines.append(f"  override   {override(it.override, zone, now)}")
    lines += [f"  {word:<10} {said(at, zone, now)}{why}" for at, word, why in _next(it)]
    if not it.readable:
        lines.append("  schedule   could not be read: when it starts and stops is not known")
    if its and its.launched < now:
        lines.append(f"  up for     {duration((now - its.launched).total_seconds())}")
    return lines


def _next(it: Status) -> list[tuple[datetime, str, str]]:
    """The next stop and start, the earlier one first."""
    rows: list[tuple[datetime, str, str]] = []
    if it.ahead.stop:
        why = "" if it.ahead.cause == "schedule" else f" ({_CAUSES[it.ahead.cause or 'schedule']})"
        rows.append((it.ahead.stop, "next stop", why))
    if it.ahead.start:
        rows.append((it.ahead.start, "next start", ""))
    return sorted(rows)


def _state(it: Status, now: datetime, look: Look) -> str:
    state = it.group.state
    since = f" since {said(it.machine.launched, it.zone, now)}" if it.machine else ""
    return look.paint(_ROLES[state], state) + (since if state == "on" else "")


def statuses(found: Sequence[Status], now: datetime, look: Look) -> list[str]:
    """Many, one a line, and what they cost together; where a line has no room, two a piece."""
    if not found:
        return ["No workstations."]
    head = ("workstation", "owner", "region", "state", "machine", "price", "next")
    rows = [_row(it, now) for it in found]
    lines = table(rows, look, head)
    if look.width is not None and max(map(len, lines)) > look.width:
        lines = [line for row in rows for line in _block(row, look)]
    return [*lines, "", _sum(found)]


def _row(it: Status, now: datetime) -> tuple[str, ...]:
    group, its = it.group, it.machine
    name = f"{group.site}/{group.workstation}"
    what = f"{its.type} {MARKETS[its.market]} {its.zone}" if its else ""
    price = (str(it.price) if it.price else "not known") if its else ""
    ahead = [f"{word.removeprefix('next ')} {said(at, it.zone, now)}" for at, word, _ in _next(it)]
    upcoming = ahead[0] if ahead else ("" if it.readable else "schedule not readable")
    return name, group.owner, group.region, group.state, what, price, upcoming


def _block(row: tuple[str, ...], look: Look) -> Iterator[str]:
    name, owner, region, state, what, price, upcoming = (look.plain(terminal(c)) for c in row)
    yield f"{look.paint('strong', name)}: {look.paint(_ROLES[state], state)}, {owner}"
    rest = ", ".join(filter(None, (what or region, price, upcoming)))
    yield from look.wrap(rest, "  ", "    ")


def _sum(found: Sequence[Status]) -> str:
    """What all that runs costs an hour, as far as it is known."""
    up = [it for it in found if it.machine]
    unknown = sum(it.price is None for it in up)
    text = f"{len(up)} of {len(found)} on, about ${hourly(found):.2f}/h together"
    return f"{text}; the price of {unknown} is not known" if unknown else text


def hourly(found: Sequence[Status]) -> Decimal:
    """The known prices of an hour, together."""
    return sum((it.price.hourly for it in found if it.price and it.machine), Decimal())


def statuses_document(found: Sequence[Status], unread: Sequence[str]) -> dict[str, Any]:
    """All of them; `unread` are regions that could not be read."""
    return {
        "version": 1,
        "workstations": [document(it) for it in found],
        "dollars_per_hour": float(hourly(found)),
        "unread_regions": list(unread),
    }


def document(it: Status) -> dict[str, Any]:
    """One workstation."""
    group = it.group
    return {
        "site": group.site,
        "fleet": group.fleet,
        "workstation": group.workstation,
        "owner": group.owner,
        "region": group.region,
        "state": group.state,
        "machine": machine_document(it.machine),
        "override": override_document(it.override),
        "next_start": moment(it.ahead.start),
        "next_stop": moment(it.ahead.stop),
        "stopped_by": it.ahead.cause,
        "dollars_per_hour": _dollars(it),
    }


def _dollars(it: Status) -> float | None:
    """What its instance costs an hour; None when nobody knows."""
    if it.machine is None and not it.group.member:
        return 0.0
    return float(it.price.hourly) if it.price else None
