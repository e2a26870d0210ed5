"""Guard homes: another home, none, another owner or a new name needs approval. Pure.

The launch template that stands names the home by its AWS id; the declaration names it by its key.
Where they disagree, or where somebody's data is about to belong to somebody else, the workstation
is held back until a person has approved it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.declare.fleet import Workstation
from reconciler.plan.hold import Hold, token
from reconciler.plan.model import (
    Change,
    Create,
    Declared,
    DeletionPolicy,
    Key,
    Live,
    Op,
    Plan,
    Ref,
    Replace,
    Standing,
    Taken,
    Update,
)
from reconciler.plan.ownership import REPLACES

INSTANCE_OWNER = "user_data.owner"
"""The path of the owner in a launch template's row."""

Place = tuple[str, str]
"""Region and workstation."""


def holds(plan: Plan, declared: Mapping[Place, Workstation]) -> Iterator[Hold]:
    """Hold each workstation whose home would change, or the owner of its home."""
    for row in plan.changes:
        if row.op is Op.DELETE or not row.workstation:
            continue
        yield from _other_home(plan, row)
    yield from _other_owner(plan)
    yield from _adopted(plan, declared)
    yield from _likely_renames(plan, declared)


def remember(plan: Plan, approved: Iterable[Hold]) -> Plan:
    """Record, on a home that is created under an approval, the id of the home it replaces.

    A Lustre file system takes minutes to create, and the template names it only then: the tag
    tells the later run that the swap was approved.
    """
    holds = list(approved)
    replaced: dict[Key, str] = {}
    for row in plan.changes:
        match row.action:
            case Create(replaces=old) if old:
                replaced.setdefault(row.key, old)
            case Update(live, want) | Replace(live, want) if want.home and live.home:
                replaced[want.home] = _id(live)
    return replace(
        plan,
        changes=tuple(
            replace(row, action=_tagged(row.action, replaced[row.key]))
            if isinstance(row.action, Create)
            and row.key in replaced
            and any(hold.holds(row) for hold in holds)
            else row
            for row in plan.changes
        ),
    )


def _tagged(action: Create, old: str) -> Create:
    spec: Any = action.desired.spec  # every kind that holds a home has tags
    spec = replace(spec, tags={**spec.tags, REPLACES: old})
    return replace(action, desired=replace(action.desired, spec=spec))


def _id(live: Live) -> str:
    """The AWS id of the home that a template names."""
    return live.mounts[live.home] if live.home else ""


def _other_home(plan: Plan, row: Change) -> Iterator[Hold]:
    if not isinstance(row.action, Update | Replace):
        return
    live, want = row.action.live, row.action.desired
    if live.home is None or want.runtime_only:
        return
    old, new = _id(live), _known(plan, want.home, "id")
    if want.home == live.home and new in ("", old):
        return  # the same, or made anew for one that is lost: that has a hold of its own
    if _known(plan, want.home, "replaces") == old:
        return  # approved when it was created
    target = f"{want.home} ({new or 'to be created, empty'})" if want.home else "none"
    yield Hold(
        "home-changes",
        token("home-changes", [f"{row.key.region} {row.workstation} {old} {want.home} {new}"]),
        f"{row.workstation}: its home would change from {live.home} ({old}) to {target}: the data "
        "in the old home stays there, and is not copied. If that is meant",
        _of(row.key.region, row.workstation),
        row.where,
    )


def _known(plan: Plan, key: Key | None, attribute: str) -> str:
    return plan.known.get(Ref(key, attribute), "") if key else ""


def _of(region: str, workstation: str) -> Callable[[Change], bool]:
    """All rows of one workstation but removals."""
    place = (region, workstation)
    return lambda row: row.op is not Op.DELETE and (row.key.region, row.workstation) == place


def _other_owner(plan: Plan) -> Iterator[Hold]:
    """Who owns a workstation may sign in to it, and to everything that is in its home.

    What the launch template tells its instances is the owner that was declared. A tag that reads
    otherwise was edited manually, and is put back without asking anybody.
    """
    for row in plan.changes:
        for change in row.fields:
            if change.path != INSTANCE_OWNER or not (change.old and change.new):
                continue
            old, new, name = str(change.old), str(change.new), row.workstation
            home = _home_of(row)
            running = _running(plan, row)
            yield Hold(
                "owner-changes",
                token("owner-changes", [f"{row.key.region} {name} {old} {new}"]),
                f"{name}: its owner would change from {old} to {new}, who could then sign in and "
                f"read everything in its home{home}{running}. If that is meant",
                _of(row.key.region, name),
                row.where,
            )


def _home_of(row: Change) -> str:
    live = row.action.live if isinstance(row.action, Standing) else None
    return f", {live.home} ({_id(live)})" if live and live.home else ""


def _running(plan: Plan, row: Change) -> str:
    """What runs of the same workstation: the owner before is perhaps at work on it."""
    place = (row.key.region, row.workstation)
    lives = (
        other.action.live
        for other in plan.changes
        if isinstance(other.action, Standing) and (other.key.region, other.workstation) == place
    )
    return next((f"; now {live.occupied}" for live in lives if live.occupied), "")


def _adopted(plan: Plan, declared: Mapping[Place, Workstation]) -> Iterator[Hold]:
    """Data that was kept, of another owner, would become the home of a new declaration.

    A run that was stopped half-way leaves a home without a template too, of the declared owner: it
    goes on by itself.
    """
    data = {
        row.key: row.action.live
        for row in plan.changes
        if isinstance(row.action, Standing)
        and row.action.live.removal is DeletionPolicy.RETAIN_DATA
    }
    for row in plan.changes:
        action, place = row.action, (row.key.region, row.workstation)
        if not isinstance(action, Declared) or place not in declared:
            continue
        want = action.desired
        if want.home not in data:
            continue
        retained, owner = data[want.home], declared[place].owner
        mounted = isinstance(action, Standing) and action.live.home == want.home
        if mounted or retained.owner == owner or not retained.owned:
            continue
        owner_before = retained.owner or "nobody that its tags name"
        id_ = retained.attrs.get("id", "")
        yield Hold(
            "home-adopted",
            token("home-adopted", [f"{place[0]} {row.workstation} {id_} {owner_before} {owner}"]),
            f"{row.workstation}: {want.home} ({id_}) was retained with its data: it belonged to "
            f"{owner_before}, and would become the home of {owner}. If that is meant",
            _of(*place),
            row.where,
        )


def _likely_renames(plan: Plan, declared: Mapping[Place, Workstation]) -> Iterator[Hold]:
    """A new home for somebody whose old one is declared nowhere any more."""
    homes = {
        row.action.desired.home
        for row in plan.changes
        if isinstance(row.action, Create | Taken) and row.action.desired.home
    }
    left = [live for live in plan.retained if live.workstation and live.owner]
    for row in plan.changes:
        place = (row.key.region, row.workstation)
        if row.op is not Op.CREATE or row.key not in homes or place not in declared:
            continue
        owner = declared[place].owner
        old = next((each for each in left if each.owner == owner and _place(each) != place), None)
        if old is None:
            continue
        standing = f"{old.key} ({old.attrs.get('id')}) in {old.key.region}"
        if old.workstation == row.workstation:
            code, why = "home-changes", f"its home {standing} stays there, and is not copied"
        else:
            code = "likely-rename"
            why = (
                f"{standing}, the home of {old.workstation} of {owner}, is not declared any "
                f"more: was {old.workstation} renamed? Then restore its old name"
            )
        yield Hold(
            code,
            token(code, [f"{row.key.region} {row.workstation} {old.attrs.get('id')}"]),
            f"{row.workstation} of {owner} would get a new, empty home in {row.key.region}, and "
            f"{why}. If a new, empty one is meant",
            _of(*place),
            row.where,
        )


def _place(live: Live) -> Place:
    return (live.key.region, live.workstation)
