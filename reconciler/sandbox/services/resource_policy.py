"""What the policy of a queue or a topic lets a service of AWS do."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from reconciler.sandbox.operations import Wire

_EQUAL = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")


def lets(policy: Wire, service: str, action: str, source_arn: str = "") -> bool:
    """Tell whether a policy lets a service do this; `source_arn` is "" where the service does not
    send its own.

    EventBridge tells a queue which rule it sends for, and a topic nothing, so that a statement
    with any condition lets it into no topic. [D eventbridge eb-use-resource-based]
    """
    return any(
        statement.get("Effect") == "Allow"
        and service in _services(statement.get("Principal"))
        and action.lower() in {pattern.lower() for pattern in _as_list(statement.get("Action", ()))}
        and _holds(statement.get("Condition", {}), source_arn)
        for statement in _as_list(policy.get("Statement", ()))
    )


def _services(principal: Any) -> Iterable[Any]:
    return _as_list(principal.get("Service", ())) if isinstance(principal, dict) else ()


def _holds(condition: Wire, source_arn: str) -> bool:
    return all(
        operator in _EQUAL
        and key.lower() == "aws:sourcearn"
        and bool(source_arn)
        and any(fnmatchcase(source_arn, value) for value in _as_list(values))
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def _as_list(value: Any) -> Iterable[Any]:
    """IAM takes one or a list everywhere."""
    return [value] if isinstance(value, str | dict) else value
