"""Sensitive values of a plan, which give rights or costs away and are always shown. Pure.

Each kind names its own sensitive fields (SENSITIVE). Of a thing that is created each of them is
shown, of one that changes those that do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.plan.kind import Kind, Reviewed, Word
from reconciler.plan.model import (
    SUMMARY,
    Change,
    Create,
    Desired,
    FieldChange,
    Plan,
    Replace,
    Sensitive,
    Taken,
    Update,
)


def with_sensitive(plan: Plan, kinds: Sequence[Kind]) -> Plan:
    """Add the sensitive values of each row to the plan."""
    words = {kind.NAME: kind.SENSITIVE for kind in kinds if isinstance(kind, Reviewed)}
    return replace(
        plan,
        changes=tuple(
            replace(row, sensitive=tuple(_of(row, words[row.key.kind])))
            if row.key.kind in words
            else row
            for row in plan.changes
        ),
    )


def _of(row: Change, words: Mapping[str, Word]) -> Iterator[Sensitive]:
    match row.action:
        case Create(want) | Taken(desired=want):
            for path, word in words.items():
                yield from _created(row.summary, want, path, word)
        case Update(desired=want) | Replace(desired=want):
            for change in row.fields:
                for path, word in words.items():
                    if change.path == path or change.path.startswith(f"{path}."):
                        yield _changed(want, change, path, word)
                        break


def _created(summary: str, want: Desired, path: str, word: Word) -> Iterator[Sensitive]:
    value = summary if path == SUMMARY else _at(want.spec, path)
    value = want.details.get(path, value)
    if value not in (None, "", (), {}, frozenset()):
        yield Sensitive(path, word.text, None, value, word.personal)


def _changed(want: Desired, change: FieldChange, path: str, word: Word) -> Sensitive:
    """Show a field as its row shows it; the new value with what was found out about it."""
    old, new = change.old, change.new
    name = word.text if change.path == path else change.path
    if change.shown and change.shown.path:
        name, old, new = change.shown
    detail = want.details.get(path)
    if detail and change.path == path and change.new == _at(want.spec, path):
        new = detail
    return Sensitive(change.path, name, old, new, word.personal)


def _at(spec: Any, path: str) -> Any:
    """The value at a path of a spec, None where there is none."""
    first, *rest = path.split(".", 1)
    value = getattr(spec, first, None)
    return value.get(rest[0]) if rest and isinstance(value, Mapping) else value
