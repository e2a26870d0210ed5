"""How workstations stand and until when, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.commands.model import Ahead, Status
from reconciler.render.escape import terminal
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
from reconciler.render.style import Role, Style
from reconciler.schedule.human_time import format_local
from reconciler.workstation.model import Instance
from reconciler.workstation.runtime_tags import Override

_ROLES: dict[str, Role] = {
    "on": "add",
    "starting": "change",
    "stopping": "change",
    "off": "quiet",
}
_CAUSES = {
    "schedule": "its schedule",
    "override": "the end of its override",
    "max_runtime": "its max_runtime, at the latest",
}


def until(
    kept: Override | None, ahead: Ahead, zone: ZoneInfo | None, now: datetime, *, readable: bool
) -> str:
    """Write until when a workstation stays on, and what ends it."""
    stop = format_local(ahead.stop, zone, now) if ahead.stop else ""
    if kept and kept.state == "on":
        then = "then it is turned off"
        if kept.until != ahead.stop:
            then = f"then its schedule decides: next stop {stop}" if stop else "then it stays on"
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
    """Write the cost as `about $0.17/h, $0.68 until Fri 20 Nov 19:00 CET`; an unknown price is
    called so."""
    if hourly is None:
        return "the price of an hour is not known"
    text = f"about ${hourly:.2f}/h"
    if stop is None or stop <= now:
        return text
    return f"{text}, ${total(hourly, stop, now):,.2f} until {format_local(stop, zone, now)}"


def total(hourly: Decimal, stop: datetime, now: datetime) -> Decimal:
    """Compute the dollars from now until the stop."""
    return hourly * Decimal((stop - now).total_seconds()) / 3600


def status(workstation: Status, now: datetime, style: Style) -> list[str]:
    """Write the status of one workstation, line by line."""
    group, instance, zone = workstation.group, workstation.machine, workstation.zone
    name = style.paint("strong", terminal(group.workstation))
    lines = [f"{name}: {_state(workstation, now, style)}"]
    if instance:
        answers = "answers" if instance.online else "does not answer yet"
        lines.append(f"  machine    {machine(instance)}, {instance.id}, {answers}")
        lines.append(f"  phase      {_phase(instance)}")
        price = f"about {workstation.price}" if workstation.price else "not known"
        lines.append(f"  cost       {price}")
    if workstation.leaving:
        lines.append(f"  machine    {workstation.leaving.id}, {_phase(workstation.leaving)}")
    if workstation.idle_stop:
        at = format_local(workstation.idle_stop, zone, now)
        lines.append(f"  turned off {at} because nobody used it")
    if workstation.override:
        lines.append(f"  override   {override(workstation.override, zone, now)}")
    lines += [
        f"  {word:<10} {format_local(at, zone, now)}{why}" for at, word, why in _next(workstation)
    ]
    if not workstation.readable:
        lines.append("  schedule   could not be read: when it starts and stops is not known")
    if instance and instance.launched < now:
        lines.append(f"  up for     {duration((now - instance.launched).total_seconds())}")
    return lines


def _phase(instance: Instance) -> str:
    """How far it says that it is, in words."""
    if instance.phase.step == "":
        return "not reported, so nobody knows whether its home is mounted"
    return terminal(str(instance.phase))


def _next(workstation: Status) -> list[tuple[datetime, str, str]]:
    """The next stop and start, the earlier one first."""
    rows: list[tuple[datetime, str, str]] = []
    ahead = workstation.ahead
    if ahead.stop:
        why = "" if ahead.cause == "schedule" else f" ({_CAUSES[ahead.cause or 'schedule']})"
        rows.append((ahead.stop, "next stop", why))
    if ahead.start:
        rows.append((ahead.start, "next start", ""))
    return sorted(rows)


def _state(workstation: Status, now: datetime, style: Style) -> str:
    state, instance = workstation.group.state, workstation.machine
    since = f" since {format_local(instance.launched, workstation.zone, now)}" if instance else ""
    return style.paint(_ROLES[state], state) + (since if state == "on" else "")


def statuses(found: Sequence[Status], now: datetime, style: Style) -> list[str]:
    """Write a table of workstations, and what they cost together; on a narrow terminal two lines
    each."""
    if not found:
        return ["No workstations."]
    head = ("workstation", "owner", "region", "state", "machine", "price", "next")
    rows = [_row(workstation, now) for workstation in found]
    lines = table(rows, style, head)
    if style.width is not None and max(map(len, lines)) > style.width:
        lines = [line for row in rows for line in _block(row, style)]
    return [*lines, "", _sum(found)]


def _row(workstation: Status, now: datetime) -> tuple[str, ...]:
    group, instance = workstation.group, workstation.machine
    name = f"{group.site}/{group.workstation}"
    hardware = f"{instance.type} {MARKETS[instance.market]} {instance.zone}" if instance else ""
    price = (str(workstation.price) if workstation.price else "not known") if instance else ""
    ahead = [
        f"{word.removeprefix('next ')} {format_local(at, workstation.zone, now)}"
        for at, word, _ in _next(workstation)
    ]
    upcoming = ahead[0] if ahead else ("" if workstation.readable else "schedule not readable")
    return name, group.owner, group.region, group.state, hardware, price, upcoming


def _block(row: tuple[str, ...], style: Style) -> Iterator[str]:
    name, owner, region, state, hardware, price, upcoming = (style.plain(terminal(c)) for c in row)
    yield f"{style.paint('strong', name)}: {style.paint(_ROLES[state], state)}, {owner}"
    rest = ", ".join(filter(None, (hardware or region, price, upcoming)))
    yield from style.wrap(rest, "  ", "    ")


def _sum(found: Sequence[Status]) -> str:
    """What all that runs costs an hour, as far as it is known."""
    up = [workstation for workstation in found if workstation.machine]
    unknown = sum(workstation.price is None for workstation in up)
    text = f"{len(up)} of {len(found)} on, about ${hourly(found):.2f}/h together"
    return f"{text}; the price of {unknown} is not known" if unknown else text


def hourly(found: Sequence[Status]) -> Decimal:
    """Add up the known prices per hour."""
    prices = (workstation.price for workstation in found if workstation.machine)
    return sum((price.hourly for price in prices if price), Decimal())


def statuses_document(found: Sequence[Status], unread: Sequence[str]) -> dict[str, Any]:
    """Build the JSON document of all workstations; `unread` are regions that could not be read."""
    return {
        "version": 1,
        "workstations": [document(workstation) for workstation in found],
        "dollars_per_hour": float(hourly(found)),
        "unread_regions": list(unread),
    }


def document(workstation: Status) -> dict[str, Any]:
    """Convert the status of one workstation to JSON."""
    group = workstation.group
    return {
        "site": group.site,
        "fleet": group.fleet,
        "workstation": group.workstation,
        "owner": group.owner,
        "region": group.region,
        "state": group.state,
        "machine": machine_document(workstation.machine),
        "leaving": machine_document(workstation.leaving),
        "turned_off_idle": moment(workstation.idle_stop),
        "override": override_document(workstation.override),
        "next_start": moment(workstation.ahead.start),
        "next_stop": moment(workstation.ahead.stop),
        "stopped_by": workstation.ahead.cause,
        "dollars_per_hour": _dollars(workstation),
    }


def _dollars(workstation: Status) -> float | None:
    """What its instance costs an hour; None when nobody knows."""
    if workstation.machine is None and not workstation.group.member:
        return 0.0
    return float(workstation.price.hourly) if workstation.price else None
