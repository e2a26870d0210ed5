"""A plan in the order people read it: shared things first, then one block per workstation.

Workstations that would read the same are one block, so that a hundred new ones, or one tag on
all, take a few lines. What is the same is decided without the names of things, because those
only repeat the workstation's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, TypeVar

from reconciler.errors import Where
from reconciler.plan.model import Change, FieldChange, Impact, Op, Outcome, Plan, Ref
from reconciler.render.words import IMPACTS, count, sides, sign

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One line about one thing, or about several things created together."""

    op: Op
    outcome: Outcome
    kinds: tuple[str, ...]
    name: str  # "" when it stands for several
    impact: Impact
    reason: str
    fields: tuple[tuple[str, str, str], ...]  # path, old, new as text
    notes: tuple[str, ...]
    where: tuple[Where, ...] = field(compare=False)  # the lines to edit

    @property
    def sign(self) -> str:
        """`+ ~ -/+ - !`."""
        return sign(self.op, self.outcome)

    @property
    def what(self) -> str:
        """`launch_template acme-alice`, or `launch_template, 2 schedules`."""
        if self.name:
            return f"{self.kinds[0]} {self.name}"
        numbers = Counter(self.kinds)
        return ", ".join(kind if n == 1 else count(n, kind) for kind, n in numbers.items())

    @property
    def remark(self) -> str:
        """What a person notices of it, and what became of it."""
        outcome = "" if self.outcome is Outcome.PLANNED else self.outcome.value
        return ", ".join(filter(None, (IMPACTS[self.impact], outcome)))


@dataclass(frozen=True)
class Block:
    """What happens to one workstation, to several in the same way, or to what is shared."""

    region: str
    fleet: str  # "" when the whole site shares it
    workstations: tuple[str, ...]  # () when shared
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """`vision/alice (us-east-1)`."""
        match self.workstations:
            case ():
                who = f"{self.fleet}, shared" if self.fleet else "shared"
            case (one,):
                who = f"{self.fleet}/{one}"
            case several:
                who = f"{self.fleet}: {len(several)} workstations"
        return f"{who} ({self.region})"


def blocks(plan: Plan) -> tuple[Block, ...]:
    """The plan's changes, grouped; workstations that read the same are merged."""
    alike: dict[Any, list[tuple[Change, ...]]] = {}
    for place, group in groupby(sorted(plan.changes, key=_place), key=_place):
        changes = tuple(group)
        shared = place if not changes[0].workstation else ()
        key = (changes[0].key.region, changes[0].fleet, shared, _rows(changes, named=False))
        alike.setdefault(key, []).append(changes)
    return tuple(_block(same) for same in alike.values())


def _place(change: Change) -> tuple[bool, str, str, str]:
    return change.workstation != "", change.fleet, change.workstation, change.key.region


def _block(same: Sequence[tuple[Change, ...]]) -> Block:
    first = same[0][0]
    names = tuple(changes[0].workstation for changes in same if changes[0].workstation)
    if len(same) == 1:
        return Block(first.key.region, first.fleet, names, _rows(same[0], named=True))
    each = [_rows(changes, named=False) for changes in same]
    rows = tuple(
        replace(rows[0], where=_unique(place for row in rows for place in row.where))
        for rows in zip(*each, strict=True)
    )
    return Block(first.key.region, first.fleet, names, rows)


def _rows(changes: Sequence[Change], *, named: bool) -> tuple[Row, ...]:
    """One row per change; plain creations of one workstation share a row."""
    together: dict[Outcome, list[Change]] = {}
    for change in filter(_plain, changes):
        together.setdefault(change.outcome, []).append(change)
    rows = []
    for change in changes:
        group = together[change.outcome] if _plain(change) else []
        if len(group) < 2:
            rows.append(_row((change,), named=named))
        elif change is group[0]:
            rows.append(_row(group, named=False))
    return tuple(rows)


def _plain(change: Change) -> bool:
    return change.workstation != "" and change.op is Op.CREATE and not change.reason


def _row(changes: Sequence[Change], *, named: bool) -> Row:
    first = changes[0]
    creates = first.op is Op.CREATE  # every field of it is new: the thing itself says enough
    return Row(
        op=first.op,
        outcome=first.outcome,
        kinds=tuple(change.key.kind for change in changes),
        name=first.key.name if named else "",
        impact=max((c.impact for c in changes), key=list(Impact).index),
        reason=first.reason,
        fields=() if creates else tuple(_field(it, named=named) for it in first.fields),
        notes=_unique(note for change in changes for note in change.notes),
        where=_unique(change.where for change in changes if change.where),
    )


def _field(change: FieldChange, *, named: bool) -> tuple[str, str, str]:
    old, new = (it if named else _nameless(it) for it in (change.old, change.new))
    return change.path, *sides(old, new)


def _nameless(it: Any) -> Any:
    if isinstance(it, Ref):
        return replace(it, key=replace(it.key, name=""))
    return it


def _unique(items: Iterator[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
