"""A plan in the order people read it: shared things first, then one block per workstation.

Workstations that would read the same are one block, so that a hundred new ones, or one tag on
all, take a few lines. What is the same is decided without the names of things, because those
only repeat the workstation's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, TypeVar

from reconciler.errors import Where
from reconciler.plan.model import (
    IN_WORDS,
    SUMMARY,
    Change,
    Impact,
    Op,
    Outcome,
    Ref,
    Report,
    Sensitive,
    Shown,
)
from reconciler.render.sensitive import alike, lines
from reconciler.render.words import HELD, IMPACTS, count, held_codes, sides, sign

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One line about one thing, or about several things that are created, or change, together."""

    op: Op
    outcome: Outcome
    kinds: tuple[str, ...]
    name: str  # "" when it stands for several
    impact: Impact
    reason: str
    words: tuple[str, ...]  # what changes, where a table of fields would say it badly
    sensitive: tuple[str, ...]  # what gives rights or costs away: never folded
    fields: tuple[tuple[str, str, str], ...]  # path, old, new as text, of the others
    notes: tuple[str, ...]
    where: tuple[Where, ...] = field(compare=False)  # the lines to edit
    held: bool = False  # it waits for an approval

    @property
    def sign(self) -> str:
        """`+ ~ -/+ - !`."""
        return sign(self.op, self.outcome)

    @property
    def subject(self) -> str:
        """`launch_template acme-alice`, or `launch_template, 2 schedules`."""
        if self.name:
            return f"{self.kinds[0]} {self.name}"
        numbers = Counter(self.kinds)
        return ", ".join(kind if n == 1 else count(n, kind) for kind, n in numbers.items())

    @property
    def remark(self) -> str:
        """What a person notices of it, and what became of it."""
        outcome = "" if self.outcome is Outcome.PLANNED else self.outcome.value
        return ", ".join(filter(None, (IMPACTS[self.impact], HELD if self.held else outcome)))

    @property
    def others(self) -> tuple[str, ...]:
        """What changes beside the sensitive values: the words, or `path: old → new`."""
        return (*self.words, *(f"{path}: {old} → {new}" for path, old, new in self.fields))

    @property
    def lines(self) -> tuple[str, ...]:
        """What changes: first what is sensitive."""
        return (*self.sensitive, *self.others)


@dataclass(frozen=True)
class Block:
    """What happens to one workstation, to several in the same way, or to what is shared."""

    region: str
    fleet: str  # "" when the whole site shares it
    workstations: tuple[str, ...]  # () when shared
    rows: tuple[Row, ...]
    by_time: bool = False  # nobody changed the YAML

    @property
    def title(self) -> str:
        """`vision/alice (us-east-1)`."""
        of = f"{self.fleet}: " if self.fleet else ""
        match self.workstations:
            case ():
                subject = f"{self.fleet}, shared" if self.fleet else "shared"
            case (one,):
                subject = f"{self.fleet}/{one}" if self.fleet else one
            case several:
                subject = f"{of}{len(several)} workstations"
        return f"{subject} ({self.region}){', because time passed' if self.by_time else ''}"


def blocks(report: Report) -> tuple[Block, ...]:
    """Group the plan's changes by workstation; workstations with the same changes are one block.

    What only time has caused comes last, apart from what the author of a change has done.
    """
    held = held_codes(report)
    alike: dict[Any, list[tuple[Change, ...]]] = {}
    for place, group in groupby(sorted(report.plan.changes, key=_place), key=_place):
        changes = tuple(group)
        shared = place if not changes[0].workstation else ()
        rows = _rows(changes, held, named=False)
        key = (changes[0].key.region, changes[0].fleet, changes[0].by_time, shared, rows)
        alike.setdefault(key, []).append(changes)
    return tuple(_block(same, held) for same in alike.values())


def _place(change: Change) -> tuple[bool, bool, str, str, str]:
    subject = (change.fleet, change.workstation, change.key.region)
    return change.by_time, change.workstation != "", *subject


def _block(same: Sequence[tuple[Change, ...]], held: Collection[str]) -> Block:
    first = same[0][0]
    names = tuple(changes[0].workstation for changes in same if changes[0].workstation)
    parts = [_rows(changes, held, named=len(same) == 1) for changes in same]
    rows = tuple(
        replace(
            rows[0],
            where=_unique(place for row in rows for place in row.where),
            sensitive=sensitive,
        )
        for rows, sensitive in zip(zip(*parts, strict=True), _together(same), strict=True)
    )
    return Block(first.key.region, first.fleet, names, rows, first.by_time)


def _rows(changes: Sequence[Change], held: Collection[str], *, named: bool) -> tuple[Row, ...]:
    """One row per change; plain creations of one workstation share one, and so does what has the
    same words."""
    return tuple(_row(group, held, named=named and len(group) == 1) for group in _shared(changes))


def _shared(changes: Iterable[Change]) -> list[list[Change]]:
    """The changes of one workstation, or of what is shared, by the row that they share."""
    together: dict[Any, list[Change]] = {}
    for change in changes:
        together.setdefault(_sharing(change), []).append(change)
    return list(together.values())


def _together(same: Sequence[Sequence[Change]]) -> list[tuple[str, ...]]:
    """The sensitive lines of each row of a block, for all of its workstations."""
    return [
        lines([(changes[0].workstation, _sensitive(changes)) for changes in rows])
        for rows in zip(*(_shared(changes) for changes in same), strict=True)
    ]


def _sharing(change: Change) -> Any:
    """Equal for changes that share a row."""
    if change.words:
        return change.words, change.outcome, change.reason
    plain = change.workstation and change.op is Op.CREATE and not change.reason
    return change.outcome if plain else id(change)


def _sensitive(changes: Iterable[Change]) -> list[Sensitive]:
    """The values of a row; what a schedule of a day off is made with stands already."""
    return [
        sensitive
        for change in changes
        for sensitive in change.sensitive
        if sensitive.old or not change.by_time
    ]


def _row(changes: Sequence[Change], held: Collection[str], *, named: bool) -> Row:
    first = changes[0]
    ops = {change.op for change in changes}
    return Row(
        op=first.op if len(ops) == 1 else Op.UPDATE,
        outcome=first.outcome,
        kinds=tuple(change.key.kind for change in changes),
        name=first.key.name if named and not first.words else "",
        impact=max((c.impact for c in changes), key=list(Impact).index),
        reason=first.reason,
        words=first.words,
        sensitive=alike(_sensitive(changes)),
        # Of what is created every field is new: its line of essentials says enough.
        fields=() if Op.CREATE in ops else _fields(first, named=named),
        notes=_unique(note for change in changes for note in _notes(change, len(changes))),
        where=_unique(change.where for change in changes if change.where),
        held=first.outcome is Outcome.BLOCKED and first.error in held,
    )


def _notes(change: Change, together: int) -> tuple[str, ...]:
    """What was found of it; of what is created, its essentials in one line."""
    if change.op is not Op.CREATE:
        return change.notes
    shown = any(sensitive.path == SUMMARY for sensitive in change.sensitive)
    line = "; ".join(filter(None, ("" if shown else change.summary, *change.notes)))
    return (f"{change.key.kind}: {line}" if together > 1 else line,) if line else ()


def _fields(change: Change, *, named: bool) -> tuple[tuple[str, str, str], ...]:
    above = {sensitive.path for sensitive in change.sensitive}
    shown = (
        update.shown or Shown(update.path, update.old, update.new)
        for update in change.fields
        if update.path not in above
    )
    return tuple(
        (row.path, *sides(*(side if named else _nameless(side) for side in (row.old, row.new))))
        for row in shown
        if row != IN_WORDS
    )


def _nameless(side: Any) -> Any:
    if isinstance(side, Ref):
        return replace(side, key=replace(side.key, name=""))
    return side


def _unique(items: Iterator[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
