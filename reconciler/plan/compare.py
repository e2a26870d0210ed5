"""Compare one desired resource with the live one: unchanged, or rows of the plan. Pure.

live        desired   becomes
–           yes       create
ours, same  yes       unchanged
ours        yes       update; where AWS would refuse a field, the whole change is blocked
not ours    yes       blocked: "exists without our tag"
unread      any       unknown: blocks its own rows, and no delete follows from it
broken      any       blocked; one without a name blocks what would be created in its place
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.plan.codes import IN_USE, LATER, NEEDS, REFUSED
from reconciler.plan.diff import created
from reconciler.plan.kind import Kind, diff, in_words, summary
from reconciler.plan.live import Index
from reconciler.plan.model import (
    Change,
    Create,
    Desired,
    FieldChange,
    Impact,
    Key,
    Live,
    Outcome,
    Ref,
    Replace,
    Taken,
    Unread,
    Update,
)
from reconciler.plan.refs import OpenFields, fill, keep, open_fields
from reconciler.plan.update_policy import When

SEVERITY = tuple(Impact)


@dataclass
class Draft:
    """The plan while it grows."""

    live: Index
    wanted: frozenset[Key]
    blocked: Mapping[str, str]  # names that could not be resolved, and why
    changes: list[Change] = field(default_factory=list)
    unchanged: list[Key] = field(default_factory=list)
    known: dict[Ref, str] = field(default_factory=dict)
    moving: set[Key] = field(default_factory=set)  # this plan changes what they are
    waits: dict[Key, str] = field(default_factory=dict)  # not ready yet, and why
    stuck: dict[Key, str] = field(default_factory=dict)  # will not stand after this run, and why


def known_attributes(live: Index) -> dict[Ref, str]:
    """Collect the attributes of our resources that are ready: a Ref is filled with them."""
    return {
        Ref(each.key, attr): value
        for each in live.things.values()
        if each.owned and each.ready
        for attr, value in each.attrs.items()
    }


def compare(draft: Draft, kind: Kind, want: Desired) -> None:
    """Add the rows of one desired resource to the draft."""
    unread = draft.live.unread_kind(want.key)
    live = draft.live.things.get(want.key)
    action: Create | Update = Create(want)
    if live:
        users = () if want.workstation else draft.live.users(want.key)
        action = Update(live, want, disturbs=users)
    row = Change(
        want.key,
        action,
        fleet=want.fleet,
        workstation=want.workstation,
        where=want.where,
        notes=want.notes,
        reason=want.reason,
    )
    if unread:
        row = replace(row, action=Unread(want))
        return _stop(draft, row, f"could not be read: {unread.reason}", unread.error)
    if live and not live.owned:
        return _stop(
            draft,
            replace(row, action=Taken(live, want)),
            "exists without our tag: rename the workstation, or remove or tag what is there",
            "foreign",
        )
    unreadable = _unreadable(draft, live, want)
    if unreadable:
        return _stop(draft, row, unreadable, "broken")
    return _readable(draft, kind, row, action)


def _unreadable(draft: Draft, live: Live | None, want: Desired) -> str:
    """Explain why nobody can tell what exists; "" where it is known."""
    if live:
        return live.broken if live.spec is None else ""
    unnamed = draft.live.unidentified(want.key)
    if unnamed is None:
        return ""
    return f"a {want.key.kind} that cannot be read may be it: {unnamed.broken}"


def _readable(draft: Draft, kind: Kind, row: Change, action: Create | Update) -> None:
    want = action.desired
    opened = open_fields(want.spec)
    leans = (*want.after, *(ref.key for held in opened.values() for ref in held))
    for key in leans:
        if key not in draft.wanted and key not in draft.live.things:
            draft.stuck.setdefault(key, draft.blocked.get(key.name, "it is declared nowhere"))
    # A Ref that can be filled is no trouble: what it is of stands, though a change was refused.
    unfilled = [ref.key for held in opened.values() for ref in held if ref not in draft.known]
    needed = (*want.after, *(unfilled if isinstance(action, Create) else ()))
    missing = next((key for key in needed if key in draft.stuck), None)
    if missing:
        return _stop(draft, row, needs(missing, draft.stuck[missing]), NEEDS)
    if want.refused:
        update = isinstance(action, Update)
        return _stop(draft, row, want.refused, REFUSED, stands=update)
    if isinstance(action, Update):
        return _update(draft, kind, row, action, opened)
    return _create(draft, kind, row, _filled(draft, want, opened), leans)


def _create(draft: Draft, kind: Kind, row: Change, want: Desired, leans: Sequence[Key]) -> None:
    action = Create(want, created(want.spec))
    row = replace(row, action=action, summary=summary(kind, want.spec))
    late = next((key for key in leans if key in draft.waits), None)
    if late:
        return _wait(draft, row, needs(late, draft.waits[late]))
    draft.moving.add(want.key)
    lost = draft.live.mounted_by.get(want.key, ())
    if lost:  # it was there, and is gone
        known_by = ", ".join(sorted(f"{each.key} {dict(each.attrs)}" for each in lost))
        old = min(each.mounts[want.key] for each in lost)
        action = replace(action, lost_identity=known_by, replaces=old)
        row = replace(row, action=action, impact=Impact.DATA)
    draft.changes.append(row)
    return None


def _update(draft: Draft, kind: Kind, row: Change, update: Update, opened: OpenFields) -> None:
    live, want = update.live, _filled(draft, update.desired, opened)
    if live.spec is not None:
        spec = keep(want.spec, live.spec, opened, draft.known, draft.moving)
        want = replace(want, spec=spec)
    found = in_words(kind, diff(kind, live, want))
    advice = [(f, why) for f in found if (why := _refusal(kind, f, live, want))]
    if advice:
        # Refused whole: half of a change is neither what was declared nor what was reviewed.
        change = replace(row, action=Replace(live, want, found), impact=_impact(kind, found))
        larger = all(kind.UPDATE_POLICY[f.field].when is not When.NEVER for f, _ in advice)
        reason = "; ".join(dict.fromkeys(why for _, why in advice))
        _stop(draft, change, reason, REFUSED, stands=larger)
        return
    in_use = [(f, reason) for f in found if (reason := _holder(draft, kind, f, live))]
    used = [f for f, _ in in_use]
    later = [(f, live.later[f.field]) for f in found if f.field in live.later and f not in used]
    held = [f for f, _ in (*in_use, *later)]
    now = tuple(f for f in found if f not in held)
    # What is held stays as it is: the write that goes out now carries its live value.
    for each in held:
        want = replace(
            want, spec=replace(want.spec, **{each.field: getattr(live.spec, each.field)})
        )
    update = replace(update, desired=want)
    if now:
        change = replace(row, action=replace(update, fields=now), impact=_impact(kind, now))
        if live.broken:
            _stop(draft, change, live.broken, "broken")
        elif live.busy:
            _wait(draft, change, live.busy)
        else:
            draft.changes.append(change)
            _forget(draft, kind, live.key)
    _hold(draft, kind, row, update, in_use, IN_USE, "; applied once nothing runs")
    _hold(draft, kind, row, update, later, LATER, "")
    if not found and not want.runtime_only:
        _same(draft, live, row)


def _same(draft: Draft, live: Live, row: Change) -> None:
    """A thing that is as declared may still be broken, or not there yet."""
    if live.broken:
        _stop(draft, row, live.broken, "broken")
    elif not live.ready:
        _wait(draft, row, live.busy)
    else:
        draft.unchanged.append(live.key)


def _hold(
    draft: Draft,
    kind: Kind,
    row: Change,
    update: Update,
    held: Sequence[tuple[FieldChange, str]],
    error: str,
    then: str,
) -> None:
    """Add the row of the fields that wait, with why, if there are any."""
    if held:
        reason = "; ".join(dict.fromkeys(reason for _, reason in held)) + then
        action = replace(update, fields=tuple(f for f, _ in held))
        row = replace(row, action=action, impact=_impact(kind, action.fields))
        draft.changes.append(replace(row, outcome=Outcome.WAITING, reason=reason, error=error))


def needs(key: Key, reason: str) -> str:
    """Explain why a row waits or is blocked: the first cause, not the chain to it."""
    return reason if reason.startswith("needs ") else f"needs {key}: {reason}"


def _filled(draft: Draft, want: Desired, opened: OpenFields) -> Desired:
    return replace(want, spec=fill(want.spec, opened, draft.known)) if opened else want


def _forget(draft: Draft, kind: Kind, key: Key) -> None:
    """An update moves some attributes: whoever refers to them must wait for the new value."""
    draft.moving.add(key)
    for attr in kind.COMPUTED:
        draft.known.pop(Ref(key, attr), None)


def _wait(draft: Draft, row: Change, reason: str) -> None:
    draft.changes.append(replace(row, outcome=Outcome.WAITING, reason=reason))
    if not (isinstance(row.action, Update) and row.action.live.ready):
        draft.waits.setdefault(row.key, reason)


def _stop(draft: Draft, row: Change, reason: str, error: str, *, stands: bool = False) -> None:
    """Block a row, and with it whoever stands after it; unless it `stands`, only larger."""
    draft.changes.append(replace(row, outcome=Outcome.BLOCKED, reason=reason, error=error))
    if not stands:
        draft.stuck.setdefault(row.key, reason)


def _refusal(kind: Kind, change: FieldChange, live: Live, want: Desired) -> str:
    """Why this field may not change, and what to do instead; "" where it may."""
    policy = kind.UPDATE_POLICY[change.field]
    for failed in live.failed:
        if (failed.field, failed.target) == (change.field, change.new):
            return failed.why
    if policy.when is When.NEVER or (policy.grows and not change.new > change.old):
        return policy.advice
    return policy.refuses(live.spec, want.spec) if policy.refuses else ""


def _holder(draft: Draft, kind: Kind, change: FieldChange, live: Live) -> str:
    """What runs that this change has to wait for; "" for nothing."""
    match kind.UPDATE_POLICY[change.field].when:
        case When.OFF:
            return live.in_use
        case When.EMPTY:
            return live.occupied
        case When.UNMOUNTED:
            return draft.live.in_use_by(live)
        case _:
            return ""


def may_be_written(kind: Kind, change: FieldChange, live: Live, want: Desired) -> bool:
    """Tell whether a field may change now: neither refused nor held by the state of `live`."""
    held = {When.OFF: live.in_use, When.EMPTY: live.occupied, When.UNMOUNTED: "unknown"}
    waits = held.get(kind.UPDATE_POLICY[change.field].when) or live.later.get(change.field)
    return not waits and not _refusal(kind, change, live, want)


def _impact(kind: Kind, changes: Iterable[FieldChange]) -> Impact:
    return max((kind.UPDATE_POLICY[f.field].impact for f in changes), key=SEVERITY.index)
