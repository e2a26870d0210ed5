"""The path itself: read → rule → plan → guard, and, past the fork, apply.

`look` decides and writes nothing; `apply` writes. A dry run ends between the two, and nothing
below knows the word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Site
from reconciler.declare.warnings import warnings
from reconciler.engine import apply as applying
from reconciler.engine.environment import Environment
from reconciler.engine.read import read
from reconciler.plan import guard, review
from reconciler.plan.kind import Scope
from reconciler.plan.live import Readings
from reconciler.plan.model import (
    IN_USE,
    LATER,
    NEEDS,
    Change,
    Finding,
    Key,
    Level,
    Op,
    Outcome,
    Plan,
    Removal,
    Report,
    Unknown,
)
from reconciler.plan.plan import make_plan
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import Missing, ResolvedSite
from reconciler.plan.selection import Selection, in_regions, select
from reconciler.plan.sensitive import with_sensitive


def look(site: Site, cloud: Environment, selection: Selection, *, dry_run: bool) -> Report:
    """Read, compare, decide. Writes nothing.

    Raises: UsageError when the selection matches nothing, or the credentials end meanwhile.
    """
    there = in_regions(site, selection)
    doors = {region: cloud.reader(region) for region in there.regions}
    seen = read(there, cloud, doors)
    ruled = cloud.rule(seen, doors, seen.resolved.now, cloud.pool)
    plan = make_plan(ruled.desired, seen.readings, seen.resolved.blocked, cloud.kinds)
    plan = select(plan, ruled.desired, site, selection)
    guarded = guard.check(
        plan,
        cloud.kinds,
        seen.resolved.workstations,
        _pools(plan, seen.resolved, cloud, doors),
        _standing(seen.readings),
        selection.approvals,
    )
    return Report(
        site=site.name,
        account=cloud.account,
        dry_run=dry_run,
        plan=with_sensitive(guarded.plan, cloud.kinds),
        findings=(
            *_warnings(plan, site, seen.resolved.now),
            *seen.findings,
            *(finding for _, finding in seen.resolved.findings),
            *ruled.findings,
            *guarded.findings,
            *review.findings(guarded.plan, seen.resolved),
        ),
        calls=cloud.calls(),
    )


def _warnings(plan: Plan, site: Site, now: datetime) -> Iterator[Finding]:
    """What is valid and probably not meant, of the workstations that the plan changes."""
    changing = {(change.key.region, change.workstation) for change in plan.changes}
    chosen = [each for each in site.workstations if (each.region, each.name) in changing]
    for warn in warnings(chosen, site.ignore_tags, now):
        yield Finding(Level.WARNING, warn.code, warn.message, warn.where)


def apply(
    report: Report,
    site: Site,
    cloud: Environment,
    on_change: Callable[[Change], None],
    stopped: Callable[[], bool],
) -> Report:
    """Do what a report plans; the report of what became of it."""
    scope = Scope(site.name, cloud.now(), site.ignore_tags)
    plan = applying.apply(
        report.plan, cloud.kinds, cloud.writer, scope, on_change, stopped, cloud.pool
    )
    return replace(report, plan=plan, calls=cloud.calls(), stopped=stopped())


def unsettled(report: Report) -> tuple[Change, ...]:
    """Rows that AWS is still working on: what `--wait` waits for."""
    return tuple(
        change
        for change in report.plan.changes
        if change.outcome is Outcome.WAITING
        and change.error not in (IN_USE, LATER, NEEDS, applying.STOPPED)
    )


def _pools(
    plan: Plan, resolved: ResolvedSite, cloud: Environment, doors: Mapping[str, Aws]
) -> dict[Key, Pools | Missing]:
    """Spot pools for the rows that decide where a workstation can start."""
    holders = {kind.NAME for kind in cloud.kinds if kind.HOLDS_INSTANCES}
    rows = {
        (change.key.region, change.workstation): change.key
        for change in plan.changes
        if change.key.kind in holders
        and change.outcome is Outcome.PLANNED
        and (change.op is Op.CREATE or any(f.field in SHAPE for f in change.fields))
    }
    answer: dict[Key, Pools | Missing] = {}
    for region, door in doors.items():
        asked = [
            each
            for each in resolved.workstations
            if each.declared.region == region and (region, each.declared.name) in rows
        ]
        if asked:
            found = cloud.lookups.pools(door, asked)
            answer.update({rows[region, name]: pools for name, pools in found.items()})
    return answer


SHAPE = frozenset({"instance_types", "instance_requirements", "subnets"})
"""Fields that decide which instance types a workstation can start on, and where."""


def _standing(readings: Readings) -> int:
    """How many workstations stand: what the guards' percentages are of.

    Data alone is none: what was removed long ago must not widen the guard.
    """
    return len(
        {
            (live.key.region, live.workstation)
            for reading in readings.values()
            if not isinstance(reading, Unknown)
            for live in reading
            if live.owned and live.workstation and live.removal is not Removal.DATA
        }
    )
