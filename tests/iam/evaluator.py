"""What IAM decides, as far as our policies go: an unknown operator is an error, not a guess.

After "Policy evaluation logic" and "IAM JSON policy elements: Condition operators" of the IAM
user guide. One policy, no boundaries: an explicit Deny, else an Allow, else nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Value = str | tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One question to IAM. `because` is empty for a call itself, else says what asks for more."""

    action: str
    resource: str = "*"
    context: Mapping[str, Value] = field(default_factory=dict)
    because: str = ""

    def __str__(self) -> str:
        more = f" ({self.because})" if self.because else ""
        return f"{self.action} on {self.resource}{more} with {dict(self.context)}"


def allowed(policy: Mapping[str, Any], request: Request) -> bool:
    """Whether the policy lets it through."""
    effects = {s["Effect"] for s in policy["Statement"] if matches(s, request)}
    return "Allow" in effects and "Deny" not in effects


def matches(statement: Mapping[str, Any], request: Request) -> bool:
    """Whether a statement speaks of this request."""
    return (
        covers(statement, request.action)
        and any(
            _like(_filled(r, request), request.resource) for r in as_list(statement["Resource"])
        )
        and all(
            _holds(operator, key, [_filled(value, request) for value in as_list(values)], request)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def covers(statement: Mapping[str, Any], action: str) -> bool:
    """Whether a statement names this action."""
    if "NotAction" in statement:
        return not any(_like(a.lower(), action.lower()) for a in as_list(statement["NotAction"]))
    return any(_like(a.lower(), action.lower()) for a in as_list(statement["Action"]))


def as_list(value: str | Iterable[str]) -> list[str]:
    """IAM takes one or a list everywhere."""
    return [value] if isinstance(value, str) else list(value)


def _filled(value: str, request: Request) -> str:
    """Policy variables filled in; one that is not known matches nothing."""

    def known(variable: re.Match[str]) -> str:
        found = request.context.get(variable[1])
        return found if isinstance(found, str) else "\0"

    return re.sub(r"\$\{([^}]+)\}", known, value)


@cache
def _pattern(value: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in re.split(r"([*?])", value))
    return re.compile("".join({r"\*": ".*", r"\?": "."}.get(part, part) for part in parts))


def _like(value: str, text: str) -> bool:
    return _pattern(value).fullmatch(text) is not None


TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, text: value == text,
    "StringLike": _like,
    "ArnLike": _like,
    "Bool": lambda value, text: value == text.lower(),
    "NumericLessThanEquals": lambda value, text: float(text) <= float(value),
    "Null": lambda value, text: value == "false",  # of a key that is there
}


def _holds(operator: str, key: str, values: list[str], request: Request) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = "Not" in name
    test = TESTS[name.replace("Not", "")]
    context_value = {k.lower(): v for k, v in request.context.items()}.get(key.lower())
    if name == "Null" and context_value is None:
        return values == ["true"]
    if context_value is None:
        # A negated operator holds for a key that is not there; so does "all of them".
        return negated or if_exists or quantifier == "ForAllValues"
    if quantifier == "ForAllValues":
        return all(any(test(value, text) for value in values) for text in as_list(context_value))
    if not quantifier and name != "Null":
        assert isinstance(context_value, str), (
            f"{key} has many values: {operator} needs a quantifier"
        )
    elif name == "Null":
        assert not quantifier
    else:
        assert quantifier == "ForAnyValue"
        assert not negated
    return (
        any(test(value, text) for value in values for text in as_list(context_value)) is not negated
    )
