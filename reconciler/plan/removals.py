"""Plan the deletes of resources that are not declared any more, and list retained data. Pure.

Start schedules go first; then, where nothing runs, the group, its template, and last the schedule
that would have stopped it. Data stays (promise 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.plan.codes import IN_USE
from reconciler.plan.kind import Kind
from reconciler.plan.live import Index
from reconciler.plan.model import Change, Delete, DeletionPolicy, Desired, Key, Live, Outcome
from reconciler.plan.resolve import Blocked

Place = tuple[str, str]
"""Region and workstation."""


def removals(
    found: Index, desired: Iterable[Desired], blocked: Sequence[Blocked], kinds: Sequence[Kind]
) -> tuple[list[Change], tuple[Live, ...]]:
    """List the rows that delete, in their order, and the data that is retained."""
    wanted = list(desired)
    declared = [each for each in wanted if not each.runtime_only]
    orphans = [
        *_orphans(found, {each.key for each in declared}, blocked),
        *_over(found, {each.key for each in wanted}),
    ]
    context = _Context(
        found,
        staying={(each.key.region, each.workstation) for each in declared if each.workstation},
        holders=[kind.NAME for kind in kinds if kind.HOLDS_INSTANCES],
        # Some things have no tags that tell their fleet: others of their workstation have.
        fleets={
            (live.key.region, live.workstation): live.fleet
            for live in found.things.values()
            if live.owned and live.workstation and live.fleet
            if live.removal is not DeletionPolicy.RETAIN_DATA
        },
    )
    order = {kind.NAME: index for index, kind in enumerate(kinds)}
    going = sorted(
        (
            o
            for o in orphans
            if o.removal not in (DeletionPolicy.RETAIN, DeletionPolicy.RETAIN_DATA)
        ),
        key=lambda o: (
            o.removal is DeletionPolicy.AFTER_STOP,
            o.key.kind not in context.holders,
            order[o.key.kind],
            o.key,
        ),
    )
    rows = [_row(each, context) for each in going]
    return rows, tuple(o for o in orphans if o.removal is DeletionPolicy.RETAIN_DATA)


@dataclass(frozen=True)
class _Context:
    """What decides whether something may go now."""

    found: Index
    staying: set[Place]  # workstations that are declared
    holders: list[str]  # kinds that hold instances
    fleets: Mapping[Place, str]


def _orphans(found: Index, wanted: set[Key], blocked: Sequence[Blocked]) -> list[Live]:
    """Everything of ours that is not wanted; what is declared and cannot be resolved is spared."""
    spared = {(each.region, each.workstation or each.name) for each in blocked if each.spares}
    return [
        live
        for key, live in found.things.items()
        if live.owned and key not in wanted and live.removal is not DeletionPolicy.RUNTIME
        if (key.region, live.workstation or key.name) not in spared
    ]


def _over(found: Index, wanted: set[Key]) -> list[Live]:
    """What runtime made and wants no more; of what is blocked or left the YAML likewise."""
    return [
        live
        for key, live in found.things.items()
        if live.owned and live.removal is DeletionPolicy.RUNTIME and key not in wanted
    ]


def _row(live: Live, context: _Context) -> Change:
    place = (live.key.region, live.workstation)
    fleet = live.fleet or context.fleets.get(place, "")
    row = Change(live.key, Delete(live), fleet=fleet, workstation=live.workstation)
    # The stop schedule of a workstation that stays is one its owner no longer wants.
    stays = place in context.staying and live.key.kind not in context.holders
    if live.removal in (DeletionPolicy.AT_ONCE, DeletionPolicy.RUNTIME) or stays:
        return row
    for name in context.holders:
        unread = context.found.unread_kind(Key(live.key.region, name, ""))
        if unread:
            reason = f"whether it runs could not be read: {unread.reason}"
            return replace(row, outcome=Outcome.BLOCKED, reason=reason, error=unread.error)
    in_use = context.found.in_use(*place)
    if in_use:
        reason = f"{in_use}; a run removes it when nothing runs"
        return replace(row, outcome=Outcome.WAITING, reason=reason, error=IN_USE)
    return row
