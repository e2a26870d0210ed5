"""What is wanted against what is there: the plan. Pure.

live        desired   becomes
–           yes       create
ours, same  yes       unchanged
ours        yes       update; the fields that would replace it: blocked, with advice
not ours    yes       blocked: "exists without our tag"
ours        –         delete; or kept, or waiting, by what it is (`Removal`)
not ours    –         nothing
unread      any       unknown: blocks its own rows, and no delete follows from it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from reconciler.plan.kind import Kind
from reconciler.plan.model import (
    Change,
    Desired,
    FieldChange,
    Impact,
    Key,
    Live,
    Op,
    Outcome,
    Plan,
    Ref,
    Removal,
    Unknown,
    When,
)
from reconciler.plan.refs import OpenFields, fill, keep, open_fields
from reconciler.plan.resolve import Blocked

Reading: TypeAlias = Sequence[Live] | Unknown
"""Everything of one kind in one region, or why it could not be read."""

Readings: TypeAlias = Mapping[tuple[str, str], Reading]
"""By (kind, region)."""

IN_USE = "in-use"
"""The error code of rows that wait for a person to stop working."""

REFUSED = "refused"
"""The error code of changes that would take a replacement: what they are of stands as it is."""

NEEDS = "needs"
"""The error code of rows that need something which failed, or is blocked."""

SEVERITY = (Impact.NONE, Impact.NEXT_START, Impact.DISRUPTIVE, Impact.DATA)


def make_plan(
    desired: Iterable[Desired],
    readings: Readings,
    blocked: Sequence[Blocked],
    kinds: Sequence[Kind],
) -> Plan:
    """Compare both sides, kind by kind in apply order, so that a Ref only points backwards."""
    wanted = list(desired)
    draft = _Draft(readings, {each.key for each in wanted}, {b.name: b.reason for b in blocked})
    for kind in kinds:
        for each in sorted((d for d in wanted if d.key.kind == kind.NAME), key=lambda d: d.key):
            _compare(draft, kind, each)
    blocked_rows = [_blocked_row(each, draft) for each in blocked]
    removals, kept = _removals(draft, wanted, blocked, kinds)
    return Plan(
        changes=(*draft.changes, *blocked_rows, *removals),
        unchanged=tuple(draft.unchanged),
        unknown=tuple(r for r in readings.values() if isinstance(r, Unknown)),
        kept=kept,
        known=draft.known,
    )


@dataclass
class _Draft:
    """The plan while it grows."""

    readings: Readings
    wanted: set[Key]
    blocked: Mapping[str, str]  # names that could not be resolved, and why
    changes: list[Change] = field(default_factory=list)
    unchanged: list[Key] = field(default_factory=list)
    known: dict[Ref, str] = field(default_factory=dict)
    live: dict[Key, Live] = field(default_factory=dict)
    leaning: dict[Key, list[str]] = field(default_factory=dict)  # data → what was made with it
    moving: set[Key] = field(default_factory=set)  # this plan changes what they are
    waits: dict[Key, str] = field(default_factory=dict)  # not ready yet, and why
    stuck: dict[Key, str] = field(default_factory=dict)  # will not stand after this run, and why

    def __post_init__(self) -> None:
        found = {
            live.key: live
            for reading in self.readings.values()
            if not isinstance(reading, Unknown)
            for live in reading
        }
        for key, told in found.items():
            parent = found.get(told.parent) if told.parent else told
            live = replace(told, owned=parent is not None and parent.owned)
            self.live[key] = live
            for data in live.leans_on if live.owned else ():
                self.leaning.setdefault(data, []).append(f"{key} {dict(live.attrs)}")
            if live.owned and live.ready:
                self.known.update({Ref(key, attr): value for attr, value in live.attrs.items()})

    def unread(self, key: Key) -> Unknown | None:
        reading = self.readings.get((key.kind, key.region))
        return reading if isinstance(reading, Unknown) else None


def _compare(draft: _Draft, kind: Kind, want: Desired) -> None:
    unread = draft.unread(want.key)
    live = draft.live.get(want.key)
    row = Change(
        Op.UPDATE if live or unread else Op.CREATE,
        want.key,
        live=live,
        desired=want,
        fleet=want.fleet,
        workstation=want.workstation,
        where=want.where,
        notes=want.notes,
        reason=want.reason,
    )
    if unread:
        return _stop(draft, row, f"could not be read: {unread.reason}", unread.error)
    if live and not live.owned:
        return _stop(
            draft,
            replace(row, op=Op.CREATE),
            "exists without our tag: rename the workstation, or remove or tag what is there",
            "foreign",
        )
    opened = open_fields(want.spec)
    leans = (*want.after, *(ref.key for held in opened.values() for ref in held))
    for key in leans:
        if key not in draft.wanted and key not in draft.live:
            draft.stuck.setdefault(key, draft.blocked.get(key.name, "it is declared nowhere"))
    # A Ref that can be filled is no trouble: what it is of stands, though a change was refused.
    unfilled = [ref.key for held in opened.values() for ref in held if ref not in draft.known]
    needed = (*want.after, *(unfilled if live is None else ()))
    missing = next((key for key in needed if key in draft.stuck), None)
    if missing:
        return _stop(draft, row, needs(missing, draft.stuck[missing]), NEEDS)
    if live is None:
        row = replace(row, desired=_filled(draft, want, opened))
        late = next((key for key in leans if key in draft.waits), None)
        if late:
            return _wait(draft, row, needs(late, draft.waits[late]))
        draft.moving.add(want.key)
        if want.key in draft.leaning:  # it was there, and is gone
            known_by = ", ".join(sorted(draft.leaning[want.key]))
            row = replace(row, impact=Impact.DATA, instead_of=known_by)
        draft.changes.append(row)
        return None
    return _update(draft, kind, live, row, opened)


def _update(draft: _Draft, kind: Kind, live: Live, row: Change, opened: OpenFields) -> None:
    assert row.desired is not None
    want = _filled(draft, row.desired, opened)
    if live.spec is not None:
        spec = keep(want.spec, live.spec, opened, draft.known, draft.moving)
        want = replace(want, spec=spec)
    found = kind.diff(live, want)
    refused = [f for f in found if not _allowed(kind, f)]
    held = [f for f in found if f not in refused and _held(kind, f, live)]
    now = tuple(f for f in found if f not in refused and f not in held)
    # What is refused or held stays as it is: the write that goes out now carries its live value.
    for each in (*refused, *held):
        want = replace(
            want, spec=replace(want.spec, **{each.field: getattr(live.spec, each.field)})
        )
    if now:
        change = replace(row, fields=now, impact=_impact(kind, now), desired=want)
        if live.broken:
            _stop(draft, change, live.broken, "broken")
        elif live.busy:
            _wait(draft, change, live.busy)
        else:
            draft.changes.append(change)
            _forget(draft, kind, live.key)
    if held:
        why = f"{live.in_use}; applied once nothing runs"
        change = replace(row, fields=tuple(held), impact=_impact(kind, held), desired=want)
        draft.changes.append(replace(change, outcome=Outcome.WAITING, reason=why, error=IN_USE))
    if refused:
        advice = "; ".join(dict.fromkeys(kind.RULES[f.field].advice for f in refused))
        change = replace(row, op=Op.REPLACE, fields=tuple(refused), impact=Impact.DATA)
        larger = all(kind.RULES[f.field].when is When.GROW for f in refused)
        _stop(draft, change, advice, REFUSED, stands=larger)
    if not found:
        if live.broken:
            _stop(draft, row, live.broken, "broken")
        elif not live.ready:
            _wait(draft, row, live.busy)
        else:
            draft.unchanged.append(live.key)


def needs(key: Key, reason: str) -> str:
    """Why something waits or is blocked: the first cause, not the chain to it."""
    return reason if reason.startswith("needs ") else f"needs {key}: {reason}"


def _filled(draft: _Draft, want: Desired, opened: OpenFields) -> Desired:
    return replace(want, spec=fill(want.spec, opened, draft.known)) if opened else want


def _forget(draft: _Draft, kind: Kind, key: Key) -> None:
    """An update moves some attributes: whoever refers to them must wait for the new value."""
    draft.moving.add(key)
    for attr in kind.MOVES:
        draft.known.pop(Ref(key, attr), None)


def _wait(draft: _Draft, row: Change, reason: str) -> None:
    draft.changes.append(replace(row, outcome=Outcome.WAITING, reason=reason))
    if row.live is None or not row.live.ready:
        draft.waits.setdefault(row.key, reason)


def _stop(draft: _Draft, row: Change, reason: str, error: str, *, stands: bool = False) -> None:
    """Block a row, and with it whoever stands after it; unless it `stands`, only larger."""
    draft.changes.append(replace(row, outcome=Outcome.BLOCKED, reason=reason, error=error))
    if not stands:
        draft.stuck.setdefault(row.key, reason)


def _allowed(kind: Kind, change: FieldChange) -> bool:
    match kind.RULES[change.field].when:
        case When.NEVER:
            return False
        case When.GROW:
            return bool(change.new > change.old)
        case _:
            return True


def _held(kind: Kind, change: FieldChange, live: Live) -> bool:
    match kind.RULES[change.field].when:
        case When.OFF:
            return bool(live.in_use)
        case When.EMPTY:
            return bool(live.occupied)
        case _:
            return False


def may_be_written(kind: Kind, change: FieldChange, live: Live) -> bool:
    """Whether a field may change now: neither refused nor held."""
    return _allowed(kind, change) and not _held(kind, change, live)


def _impact(kind: Kind, changes: Iterable[FieldChange]) -> Impact:
    return max((kind.RULES[f.field].impact for f in changes), key=SEVERITY.index)


def _blocked_row(each: Blocked, draft: _Draft) -> Change:
    standing = any(
        live.owned and live.workstation == each.workstation and live.key.region == each.region
        for live in draft.live.values()
        if each.workstation
    )
    return Change(
        Op.UPDATE if standing else Op.CREATE,
        Key(each.region, "workstation" if each.workstation else "file_system", each.name),
        outcome=Outcome.BLOCKED,
        reason=each.reason,
        error=each.error,
        fleet=each.fleet,
        workstation=each.workstation,
        where=each.where,
    )


def _removals(
    draft: _Draft, wanted: Iterable[Desired], blocked: Sequence[Blocked], kinds: Sequence[Kind]
) -> tuple[list[Change], tuple[Live, ...]]:
    """What nobody declares any more. Start schedules first; then, where nothing runs, the group,
    its template, and last the schedule that would have stopped it."""
    spared = {(each.region, each.workstation or each.name) for each in blocked}
    orphans = [
        live
        for key, live in draft.live.items()
        if live.owned and key not in draft.wanted
        if (key.region, live.workstation or key.name) not in spared
    ]
    running = {(o.key.region, o.workstation): o.in_use for o in draft.live.values() if o.in_use}
    staying = {(each.key.region, each.workstation) for each in wanted if each.workstation}
    fleets = {(o.key.region, o.workstation): o.fleet for o in orphans if o.fleet}
    holders = [kind.NAME for kind in kinds if kind.HOLDS_INSTANCES]
    order = {kind.NAME: index for index, kind in enumerate(kinds)}
    rows: list[Change] = []
    for live in sorted(
        (o for o in orphans if o.removal in (Removal.AT_ONCE, Removal.WHEN_OFF)),
        key=lambda o: (
            o.removal is Removal.WHEN_OFF,
            o.key.kind not in holders,
            order[o.key.kind],
            o.key,
        ),
    ):
        place = (live.key.region, live.workstation)
        fleet = live.fleet or fleets.get(place, "")  # a schedule has no tags to say it
        row = Change(Op.DELETE, live.key, live=live, fleet=fleet, workstation=live.workstation)
        # The stop schedule of a workstation that stays is one its owner no longer wants.
        stays = place in staying and live.key.kind not in holders
        if live.removal is Removal.AT_ONCE or stays:
            rows.append(row)
            continue
        unread = next(
            (u for name in holders if (u := draft.unread(Key(live.key.region, name, "")))), None
        )
        in_use = running.get(place, "")
        if unread:
            reason = f"whether it runs could not be read: {unread.reason}"
            rows.append(replace(row, outcome=Outcome.BLOCKED, reason=reason, error=unread.error))
        elif in_use:
            reason = f"{in_use}; removed once nothing runs"
            rows.append(replace(row, outcome=Outcome.WAITING, reason=reason, error=IN_USE))
        else:
            rows.append(row)
    return rows, tuple(o for o in orphans if o.removal is Removal.DATA)
