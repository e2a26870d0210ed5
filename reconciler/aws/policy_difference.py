"""What one IAM policy allows that another does not. Pure, and careful: what it cannot tell is new.

A right counts as known when one statement of the other policy covers it alone: its action, its
resource and its conditions (IAM user guide, "Policy evaluation logic" and "IAM JSON policy
elements"). A Deny that goes, or that spares more, is a right too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.errors import UsageError

Conditions = Mapping[tuple[str, str], frozenset[str]]
"""The values of each operator and key."""


@dataclass(frozen=True)
class Statement:
    """One statement, every list a tuple."""

    sid: str
    effect: str
    actions: tuple[str, ...]
    spares_actions: bool  # NotAction: all but these
    resources: tuple[str, ...]
    spares_resources: bool
    conditions: Conditions


def added(wanted: Sequence[Statement], current: Sequence[Statement]) -> tuple[Statement, ...]:
    """List what `wanted` allows and `current` does not: of each statement the part that is new.

    A Deny in the result stands in `current`, and `wanted` has none, or one that is not so wide.
    """
    new = [right for item in wanted if item.effect == "Allow" for right in _beyond(item, current)]
    lost = [right for item in current if item.effect == "Deny" for right in _beyond(item, wanted)]
    return (*new, *lost)


def statements(document: object) -> tuple[Statement, ...]:
    """Parse the statements of a policy in JSON, also as `aws iam get-policy-version` answers.

    Raises: UsageError for what is no identity-based policy.
    """
    found = document
    for wrapper in ("PolicyVersion", "PolicyDocument", "Document"):
        if isinstance(found, Mapping) and wrapper in found:
            found = found[wrapper]
    if not isinstance(found, Mapping) or "Statement" not in found:
        raise UsageError("this is no IAM policy: it has no `Statement`")
    listed = found["Statement"]
    return tuple(map(statement, listed if isinstance(listed, list) else [listed]))


def statement(item: object) -> Statement:
    """Parse one statement. Raises: UsageError for JSON that is no statement."""
    if not isinstance(item, Mapping) or item.get("Effect") not in ("Allow", "Deny"):
        raise UsageError("this is no IAM policy: a statement has no `Effect`, Allow or Deny")
    actions, spares_actions = _either(item, "Action")
    resources, spares_resources = _either(item, "Resource")
    given = item.get("Condition", {})
    if not isinstance(given, Mapping) or not all(
        isinstance(keys, Mapping) for keys in given.values()
    ):
        raise UsageError("this is no IAM policy: a `Condition` is no mapping of operators to keys")
    conditions = {
        (str(operator), str(key).lower()): frozenset(_texts(values))
        for operator, keys in given.items()
        for key, values in keys.items()
    }
    sid = str(item.get("Sid", ""))
    return Statement(
        sid, item["Effect"], actions, spares_actions, resources, spares_resources, conditions
    )


def _either(item: Mapping[str, Any], name: str) -> tuple[tuple[str, ...], bool]:
    """`Action` or `NotAction`, and which it is."""
    if (name in item) == (f"Not{name}" in item):
        raise UsageError(f"this is no IAM policy: a statement needs `{name}` or `Not{name}`")
    return (_texts(item[name]), False) if name in item else (_texts(item[f"Not{name}"]), True)


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(map(_text, value))
    return (_text(value),)


def _text(value: object) -> str:
    """IAM takes `true` and `"true"` alike."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _beyond(right: Statement, others: Sequence[Statement]) -> Iterator[Statement]:
    """What of a statement no other one of the same effect covers."""
    same = [
        other
        for other in others
        if other.effect == right.effect and _implies(right.conditions, other.conditions)
    ]
    by_resources: dict[tuple[str, ...], list[str]] = {}
    if right.spares_actions or right.spares_resources:
        if not any(_covers_whole(other, right) for other in same):
            by_resources[right.resources] = list(right.actions)
    else:
        for action in right.actions:
            left = tuple(
                resource
                for resource in right.resources
                if not any(
                    _has(other.actions, other.spares_actions, action.lower(), fold=True)
                    and _has(other.resources, other.spares_resources, resource)
                    for other in same
                )
            )
            if left:
                by_resources.setdefault(left, []).append(action)
    for resources, actions in by_resources.items():
        yield replace(right, actions=tuple(actions), resources=resources)


def _covers_whole(outer: Statement, inner: Statement) -> bool:
    """Whether one statement covers another that spares some actions or resources."""
    return _covers(
        (outer.actions, outer.spares_actions), (inner.actions, inner.spares_actions), fold=True
    ) and _covers(
        (outer.resources, outer.spares_resources), (inner.resources, inner.spares_resources)
    )


def _covers(
    outer: tuple[tuple[str, ...], bool], inner: tuple[tuple[str, ...], bool], *, fold: bool = False
) -> bool:
    (patterns, spares), (texts, inner_spares) = outer, inner
    if not inner_spares:
        return all(
            _has(patterns, spares, text.lower() if fold else text, fold=fold) for text in texts
        )
    if spares:  # it spares no more than the other does
        return all(
            _has(texts, False, text.lower() if fold else text, fold=fold) for text in patterns
        )
    return "*" in patterns


def _has(patterns: Iterable[str], spares: bool, text: str, *, fold: bool = False) -> bool:
    """Whether patterns cover everything that another pattern may stand for."""
    known = [pattern.lower() if fold else pattern for pattern in patterns]
    if not spares:
        return any(_within(text, pattern) for pattern in known)
    return not any(_within(text, pattern) or _within(pattern, text) for pattern in known) and (
        "*" not in text
    )


def _within(text: str, pattern: str) -> bool:
    """Whether a pattern stands for all that another one does: `a*b` for `axb`, and for `a*xb`."""
    parts = ("[^*]" if c == "?" else ".*" if c == "*" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _implies(inner: Conditions, outer: Conditions) -> bool:
    """Whether what meets the inner conditions always meets the outer ones."""
    for place, values in outer.items():
        found = inner.get(place)
        if found is None:
            return False
        operator = place[0].rpartition(":")[2]
        negative = operator.startswith(("StringNot", "ArnNot", "NumericNot", "DateNot", "NotIp"))
        if not (found >= values if negative else found <= values):
            return False
    return True
