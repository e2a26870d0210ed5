"""Hold back changes that need a person's approval: pure functions over the plan (promise 7).

A guard holds rows back and names the token that lets exactly these through; everything else goes
on. What turns machines on and off is never held back (promise 15): a group's row is split.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.plan import homes
from reconciler.plan.hold import Hold, token
from reconciler.plan.kind import Kind
from reconciler.plan.model import (
    Change,
    Create,
    Delete,
    DeletionPolicy,
    Finding,
    Impact,
    Key,
    Level,
    Op,
    Outcome,
    Plan,
    Update,
)
from reconciler.plan.pools import Pools, Refusal, judge
from reconciler.plan.resolve import Missing, ResolvedWorkstation

Place = tuple[str, str]
"""Region and workstation."""

HOLDABLE = (Outcome.PLANNED, Outcome.WAITING)


@dataclass(frozen=True)
class Guarded:
    """The plan with guarded rows blocked, and the findings of the guards."""

    plan: Plan
    findings: tuple[Finding, ...]


def check(
    plan: Plan,
    kinds: Sequence[Kind],
    workstations: Iterable[ResolvedWorkstation],
    pools: Mapping[Key, Pools | Missing],
    live_workstations: int,
    approvals: Collection[str],
) -> Guarded:
    """Run every guard. `pools` has the pools of a workstation by the key of its row."""
    chosen = {(each.declared.region, each.declared.name): each for each in workstations}
    runtime = {
        kind.NAME: frozenset(name for name, policy in kind.UPDATE_POLICY.items() if policy.runtime)
        for kind in kinds
    }
    disruptive = {
        kind.NAME: frozenset(
            name
            for name, policy in kind.UPDATE_POLICY.items()
            if policy.impact is Impact.DISRUPTIVE and not policy.runtime
        )
        for kind in kinds
    }
    findings: list[Finding] = []
    plan = _pools(plan, chosen, pools, runtime, findings)
    limit = max(1, live_workstations // 10)
    holds = [
        *_lost_data(plan),
        *homes.holds(plan, {place: each.declared for place, each in chosen.items()}),
        *_removals(plan, chosen.keys(), limit, live_workstations),
        *_disruptions(plan, disruptive, limit, live_workstations),
    ]
    plan = _name_holds(plan, holds)
    plan = homes.remember(plan, [hold for hold in holds if hold.token in approvals])
    stale = sorted(set(approvals) - {hold.token for hold in holds})
    for hold in holds:
        if hold.token not in approvals:
            finding = _finding(hold, stale)
            findings.append(finding)
            plan = _hold(plan, hold, finding.message, runtime)
    findings.extend(_zones(plan, chosen.values()))
    findings.extend(_public(chosen.values()))
    findings.extend(_retained(plan))
    return Guarded(plan, tuple(findings))


def _finding(hold: Hold, stale: Sequence[str]) -> Finding:
    other = f" (the token {', '.join(stale)} belongs to another plan)" if stale else ""
    message = f"{hold.message}, run again with --approve {hold.token}{other}"
    return Finding(Level.ERROR, hold.code, message, hold.where, hold.token, sensitive=True)


def _name_holds(plan: Plan, holds: Sequence[Hold]) -> Plan:
    """Put down on each row which guards hold it, approved or not."""
    if not holds:
        return plan
    return replace(
        plan,
        changes=tuple(
            replace(row, holds=codes)
            if row.outcome in HOLDABLE
            and (codes := tuple(sorted({hold.code for hold in holds if hold.holds(row)})))
            else row
            for row in plan.changes
        ),
    )


def _hold(plan: Plan, hold: Hold, reason: str, runtime: Mapping[str, Collection[str]]) -> Plan:
    """The plan with the rows of a hold blocked, as far as runtime does not want them."""
    return replace(
        plan,
        changes=tuple(
            part
            for row in plan.changes
            for part in (
                _blocked(row, reason, hold.code, runtime)
                if row.outcome in HOLDABLE and hold.holds(row)
                else (row,)
            )
        ),
    )


def _blocked(
    row: Change, reason: str, error: str, runtime: Mapping[str, Collection[str]]
) -> tuple[Change, ...]:
    """A row that is blocked, and before it what runtime wants of the same thing, which is not.

    What goes out carries the live values of all other fields.
    """
    names = runtime.get(row.key.kind, ())
    action = row.action
    now = tuple(each for each in row.fields if each.field in names)
    rest = tuple(each for each in row.fields if each.field not in names)
    stopped = replace(row, outcome=Outcome.BLOCKED, reason=reason, error=error)
    if isinstance(action, Create) and action.desired.runtime_only:
        return (row,)  # runtime alone wants it
    if not now or not isinstance(action, Update):
        return (stopped,)
    wanted = {each.field: getattr(action.desired.spec, each.field) for each in now}
    desired = replace(action.desired, spec=replace(action.live.spec, **wanted), after=())
    impact = row.impact if row.impact is Impact.STOPS else Impact.NONE
    sent = replace(action, desired=desired, fields=now)
    part = replace(row, action=sent, impact=impact, holds=())
    return (part, replace(stopped, action=replace(action, fields=rest))) if rest else (part,)


def _pools(
    plan: Plan,
    chosen: Mapping[Place, ResolvedWorkstation],
    pools: Mapping[Key, Pools | Missing],
    runtime: Mapping[str, Collection[str]],
    findings: list[Finding],
) -> Plan:
    """Notes on the rows that pools are about; workstations with too few are blocked."""
    notes: dict[Key, str] = {}
    refused: dict[Place, Refusal] = {}
    for row in plan.changes:
        place = (row.key.region, row.workstation)
        if place in chosen and row.key in pools and row.key not in notes and place not in refused:
            verdict = judge(chosen[place], pools[row.key], findings)
            if isinstance(verdict, Refusal):
                refused[place] = verdict
            else:
                notes[row.key] = verdict
    changes: list[Change] = []
    for row in plan.changes:
        refusal = refused.get((row.key.region, row.workstation))
        if refusal and row.outcome is Outcome.PLANNED and row.op is not Op.DELETE:
            changes.extend(_blocked(row, refusal.reason, refusal.error, runtime))
        else:
            more = (notes[row.key],) if row.key in notes else ()
            changes.append(replace(row, notes=(*row.notes, *more)))
    return replace(plan, changes=tuple(changes))


def _lost_data(plan: Plan) -> Iterable[Hold]:
    """Data that was there and is gone is not made anew, empty, in silence."""
    for row in plan.changes:
        if isinstance(row.action, Create) and row.impact is Impact.DATA:
            yield Hold(
                "data-missing",
                token("data-missing", [f"{row.key.region} {row.key} {row.action.lost_identity}"]),
                f"{row.key} was in use and is gone; restore it from a backup; to accept a new, "
                "empty one",
                _is(row.key),
                row.where,
            )


def _is(key: Key) -> Callable[[Change], bool]:
    return lambda row: row.key == key


def _zones(plan: Plan, workstations: Iterable[ResolvedWorkstation]) -> Iterable[Finding]:
    """Data in one zone, instances in several: AWS bills the traffic between."""
    changing = {(change.key.region, change.workstation) for change in plan.changes}
    for each in workstations:
        declared = each.declared
        if (declared.region, declared.name) not in changing:
            continue
        zones = {subnet.availability_zone for subnet in each.subnets}
        labels = {each.label for each in declared.storage if each.crosses_zones}
        for label in sorted(labels) if len(zones) > 1 else ():
            yield Finding(
                Level.INFO,
                "cross-zone-traffic",
                f"{declared.name}: {label} is in one zone, instances may start in "
                f"{len(zones)}; traffic between zones costs about $0.01 per GB each way",
                declared.places["availability_zones"],
            )


def _public(workstations: Iterable[ResolvedWorkstation]) -> Iterable[Finding]:
    """Who has a public address, in each plan: it is asked for once, and forgotten."""
    for each in workstations:
        public = ", ".join(subnet.id for subnet in each.subnets if subnet.public)
        if public:
            yield Finding(
                Level.WARNING,
                "public-address",
                f"{each.declared.name}: it has a public address ({public}): the internet reaches "
                "what `ingress` opens",
                each.declared.places["network.subnets"],
                sensitive=True,
            )


def _retained(plan: Plan) -> Iterable[Finding]:
    for live in plan.retained:
        cost = f", {live.monthly_cost}" if live.monthly_cost else ""
        yield Finding(
            Level.WARNING,
            "data-kept",
            f"{live.key} ({live.attrs['id']}) is not declared any more; its data is retained{cost}",
        )


def _removals(plan: Plan, declared: Collection[Place], limit: int, standing: int) -> Iterable[Hold]:
    """More than max(1, 10 %) of the workstations removed at once.

    One that is still declared here is not removed, though a schedule of it may be. The token is
    of the names: a machine that starts meanwhile changes nothing about what goes.
    """
    leaving = [
        row
        for row in plan.changes
        if _leaves(row)
        and row.outcome in HOLDABLE
        and (row.key.region, row.workstation) not in declared
    ]
    now = _touched(row for row in leaving if row.outcome is Outcome.PLANNED)
    if len(now) <= limit:
        return
    gone = _touched(leaving)
    yield Hold(
        "many-removals",
        token("many-removals", [f"{region} {name}" for region, name in gone]),
        _too_many(now, standing, limit, "removed"),
        lambda row: _leaves(row) and (row.key.region, row.workstation) in gone,
    )


def _leaves(row: Change) -> bool:
    """Whether a row removes something that was declared: what runtime made does not count."""
    return isinstance(row.action, Delete) and row.action.live.removal is not DeletionPolicy.RUNTIME


def _disruptions(
    plan: Plan, disruptive: Mapping[str, Collection[str]], limit: int, standing: int
) -> Iterable[Hold]:
    """More than max(1, 10 %) of the workstations disturbed at once by a change of shape."""
    rows = [
        row
        for row in plan.changes
        if row.outcome is Outcome.PLANNED
        and row.impact is Impact.DISRUPTIVE
        and any(each.field in disruptive.get(row.key.kind, ()) for each in row.fields)
    ]
    touched = _touched(rows)
    if len(touched) <= limit:
        return
    keys = {row.key for row in rows}
    yield Hold(
        "many-disruptions",
        token("many-disruptions", [f"{r.key.region} {r.key} {r.fields}" for r in rows]),
        _too_many(touched, standing, limit, "disturbed"),
        lambda row: row.key in keys and row.impact is Impact.DISRUPTIVE,
    )


def _touched(rows: Iterable[Change]) -> list[Place]:
    """Who notices, by (region, name): of shared data everybody who mounts it."""
    return sorted(
        {
            (row.key.region, name)
            for row in rows
            for name in _disturbed(row) or (row.workstation or row.key.name,)
        }
    )


def _disturbed(row: Change) -> tuple[str, ...]:
    return row.action.disturbs if isinstance(row.action, Update) else ()


def _too_many(touched: Sequence[Place], standing: int, limit: int, effect: str) -> str:
    names = ", ".join(name for _, name in touched[:5]) + (", …" if len(touched) > 5 else "")
    return (
        f"{len(touched)} of {standing} workstations would be {effect} at once ({names}), more than "
        f"{limit}: these rows are held back. If that is meant"
    )
