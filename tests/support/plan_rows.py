"""Rows of a plan, made by hand: of what stands and what is declared, only the key is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.plan.model import (
    Action,
    Change,
    Create,
    Delete,
    Desired,
    FieldChange,
    Impact,
    Key,
    Live,
    Op,
    Outcome,
    Replace,
    Update,
)


def plan_row(
    op: Op,
    key: Key,
    fields: tuple[FieldChange, ...] = (),
    impact: Impact = Impact.NONE,
    outcome: Outcome = Outcome.PLANNED,
    reason: str = "",
    error: str = "",
    *,
    live: Live | None = None,
    desired: Desired | None = None,
    **rest: Any,
) -> Change:
    """Make a row; without `live` or `desired`, of a thing without a spec."""
    action = _action(op, live or Live(key, None, True), desired or Desired(key, None), fields)
    return Change(key, action, impact, outcome, reason, error, **rest)


def with_fields(row: Change, *fields: FieldChange) -> Change:
    """The row with other fields, which a deletion has not."""
    assert isinstance(row.action, Create | Update | Replace)
    return replace(row, action=replace(row.action, fields=fields))


def with_op(row: Change, op: Op) -> Change:
    """The row of the same thing, with the same fields, as another operation."""
    action = _action(op, Live(row.key, None, True), Desired(row.key, None), row.fields)
    return replace(row, action=action)


def _action(op: Op, live: Live, desired: Desired, fields: tuple[FieldChange, ...]) -> Action:
    match op:
        case Op.CREATE:
            return Create(desired, fields)
        case Op.UPDATE:
            return Update(live, desired, fields)
        case Op.REPLACE:
            return Replace(live, desired, fields)
        case Op.DELETE:
            return Delete(live)
