"""The evaluator that the proofs rest on, against sentences of the IAM user guide."""

from __future__ import annotations

from typing import Any

import pytest

from tests.iam.evaluator import Request, Value, allowed


def one(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "ec2:Run*", "Resource": "*", **more}


def decide(context: dict[str, Value], *statements: dict[str, Any], resource: str = "arn:x") -> bool:
    return allowed({"Statement": statements}, Request("ec2:RunInstances", resource, context))


def test_nothing_is_allowed_by_itself_and_a_deny_wins() -> None:
    assert not decide({})
    assert decide({}, one())
    assert not decide({}, one(), one("Deny"))
    assert decide({}, {**one(), "Action": "EC2:runinstances"}), "actions ignore case"


@pytest.mark.parametrize(
    ("pattern", "resource", "answer"),
    [
        ("arn:aws:x:*:1:a/b-*", "arn:aws:x:us-east-1:1:a/b-c/d", True),
        ("arn:aws:x:*:1:a/b-*", "arn:aws:x:us-east-1:2:a/b-c", False),
        ("arn:aws:x::1:a.b", "arn:aws:x::1:aXb", False),
        ("arn:aws:x::1:a?b", "arn:aws:x::1:aXb", True),
        ("arn:aws:x::1:a/${aws:userid}", "arn:aws:x::1:a/me", True),
        ("arn:aws:x::1:a/${aws:other}", "arn:aws:x::1:a/", False),
    ],
)
def test_resources(pattern: str, resource: str, answer: bool) -> None:
    context: dict[str, Value] = {"aws:userid": "me"}
    assert decide(context, {**one(), "Resource": [pattern]}, resource=resource) is answer


@pytest.mark.parametrize(
    ("operator", "value", "value_in_context", "answer"),
    [
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "a*", "abc", True),
        ("ForAnyValue:StringEquals", ["a", "b"], ("x", "b"), True),
        ("ForAnyValue:StringEquals", "a", ("x",), False),
        ("ForAnyValue:StringEquals", "a", None, False),
        ("Bool", "true", "True", True),
        ("BoolIfExists", "true", None, True),
    ],
)
def test_conditions(
    operator: str, value: Any, value_in_context: Value | None, answer: bool
) -> None:
    context = {} if value_in_context is None else {"k": value_in_context}
    assert decide(context, one(Condition={operator: {"K": value}})) is answer


def test_all_conditions_hold_together() -> None:
    both = {"StringEquals": {"a": "1", "b": "2"}}
    assert decide({"a": "1", "b": "2"}, one(Condition=both))
    assert not decide({"a": "1"}, one(Condition=both))


def test_what_it_does_not_know_is_an_error() -> None:
    with pytest.raises(KeyError):
        decide({"a": "1"}, one(Condition={"NumericEquals": {"a": "1"}}))
