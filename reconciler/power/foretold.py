"""What a plan alters in the coming weeks, start by start, as notes of its schedules. Pure.

A cron expression says little to whoever reviews a pull request; `Thu 24 Dec 2026 start 09:00
removed` says it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.kinds import auto_scaling_group, schedule
from reconciler.plan.model import Change, Op, Outcome, Report
from reconciler.power.rules import rule_of
from reconciler.power.timetable import Rule, fires

AHEAD = timedelta(weeks=4)

Fires = dict[tuple[datetime, str], str]
"""By instant and action, the zone it is told in."""


def foretold(report: Report, now: datetime, most: int) -> Report:
    """The same report; the first changed schedule of a workstation tells at most so many.

    Nothing is told of a workstation that comes or goes: of those it is every start.
    """
    plan = report.plan
    groups = [c for c in plan.changes if c.key.kind == auto_scaling_group.NAME]
    whole = {_place(c) for c in groups if c.op in (Op.CREATE, Op.DELETE)}
    changed: dict[tuple[str, str], list[int]] = {}
    for number, change in enumerate(plan.changes):
        planned = change.key.kind == schedule.NAME and change.outcome is Outcome.PLANNED
        if planned and _place(change) not in whole:
            changed.setdefault(_place(change), []).append(number)
    rows = list(plan.changes)
    for numbers in changed.values():
        lines = list(_alters([rows[number] for number in numbers], now))
        more = [f"… and {len(lines) - most} more in 4 weeks"] if len(lines) > most else []
        first = rows[numbers[0]]
        rows[numbers[0]] = replace(first, notes=(*first.notes, *lines[:most], *more))
    return replace(report, plan=replace(plan, changes=tuple(rows)))


def _place(change: Change) -> tuple[str, str]:
    return change.key.region, change.workstation


def _alters(changes: Iterable[Change], now: datetime) -> Iterator[str]:
    before: Fires = {}
    after: Fires = {}
    for change in changes:
        if change.live:
            before |= _fires(change.live.spec, now)
        if change.desired and change.op is not Op.DELETE:
            after |= _fires(change.desired.spec, now)
    zones = {*before.values(), *after.values()}
    for at, action in sorted(before.keys() ^ after.keys()):
        zone = after.get((at, action)) or before[at, action]
        what = "added" if (at, action) in after else "removed"
        by = f" ({zone})" if len(zones) > 1 else ""
        local = at.astimezone(ZoneInfo(zone))
        yield f"{local:%a %d %b %Y} {action} {local:%H:%M} {what}{by}"


def _fires(spec: schedule.Schedule | None, now: datetime) -> Fires:
    rule: Rule | None = rule_of(spec) if spec else None
    if rule is None:
        return {}
    return {(it.at, it.action): rule.timezone for it in fires([rule], now, now + AHEAD)}
