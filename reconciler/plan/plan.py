"""Make the plan: compare the desired with the live resources, kind by kind. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.plan.compare import Draft, compare, known_attributes
from reconciler.plan.kind import Kind
from reconciler.plan.live import Index, Readings, index
from reconciler.plan.model import Change, Desired, Key, Op, Outcome, Plan, Unreadable, Unresolved
from reconciler.plan.removals import removals
from reconciler.plan.resolve import Blocked


def make_plan(
    desired: Iterable[Desired],
    readings: Readings,
    blocked: Sequence[Blocked],
    kinds: Sequence[Kind],
) -> Plan:
    """Compare both sides, kind by kind in apply order, so that a Ref only points backwards."""
    found = index(readings)
    wanted = list(desired)
    draft = Draft(
        found,
        frozenset(each.key for each in wanted),
        {each.name: each.reason for each in blocked},
        known=known_attributes(found),
    )
    for kind in kinds:
        for each in sorted((d for d in wanted if d.key.kind == kind.NAME), key=lambda d: d.key):
            compare(draft, kind, each)
    blocked_rows = [_blocked_row(each, found) for each in blocked]
    unreadable = [
        Change(
            live.key,
            Unreadable(live),
            outcome=Outcome.BLOCKED,
            reason=live.broken,
            error="broken",
            fleet=live.fleet,
            workstation=live.workstation,
        )
        for live in found.things.values()
        if live.spec is None and live.broken and (live.owned or live.unidentified)
        if live.key not in draft.wanted
    ]
    removed, retained = removals(found, wanted, blocked, kinds)
    return Plan(
        changes=(*draft.changes, *blocked_rows, *unreadable, *removed),
        unchanged=tuple(draft.unchanged),
        unknown=found.unread,
        retained=retained,
        known=draft.known,
    )


def _blocked_row(each: Blocked, found: Index) -> Change:
    standing = any(
        live.owned and live.workstation == each.workstation and live.key.region == each.region
        for live in found.things.values()
        if each.workstation
    )
    return Change(
        Key(each.region, "workstation" if each.workstation else "file_system", each.name),
        Unresolved(Op.UPDATE if standing else Op.CREATE),
        outcome=Outcome.BLOCKED,
        reason=each.reason,
        error=each.error,
        fleet=each.fleet,
        workstation=each.workstation,
        where=each.where,
    )
