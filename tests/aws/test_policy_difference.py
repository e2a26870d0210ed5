"""What one policy allows that another does not: nothing that is new is missed."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.aws.policy_difference import Statement, added, statements
from reconciler.errors import UsageError

ROLE = "arn:aws:iam::1:role/"
SITE = "aws:ResourceTag/reconciler:site"


def policy(*items: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(items)}


def allow(action: Any, resource: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def when(**operators: dict[str, Any]) -> dict[str, Any]:
    return {"Condition": operators}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, "Deny", **more)


def new(wanted: Any, current: Any) -> list[Statement]:
    return list(added(statements(policy(*wanted)), statements(policy(*current))))


@pytest.mark.parametrize(
    ("wanted", "current"),
    [
        (allow("a:Get"), allow("a:Get")),
        (allow("a:Get"), allow(["a:Put", "a:Get"])),
        (allow("a:get"), allow("A:GET")),
        (allow("a:Get"), allow("a:*")),
        (allow("a:Get*"), allow("a:*")),
        (allow("a:Get"), allow("*")),
        (allow("a:Get", ROLE + "x"), allow("a:Get", ROLE + "*")),
        (allow("a:Get", ROLE + "x*"), allow("a:Get", ROLE + "*")),
        (allow("a:Get", ROLE + "xy"), allow("a:Get", ROLE + "x?")),
        (allow("a:Get", [ROLE + "x", ROLE + "y"]), allow("a:Get")),
        (
            allow("a:Get", **when(StringEquals={SITE: "acme"})),
            allow("a:Get"),
        ),
        (
            allow("a:Get", **when(StringEquals={SITE: "acme", "x": "y"})),
            allow("a:Get", **when(StringEquals={SITE: ["acme", "other"]})),
        ),
        (
            allow("a:Get", **when(StringEquals={SITE.lower(): "acme"})),
            allow("a:Get", **when(StringEquals={SITE: "acme"})),
        ),
        (
            allow("a:Get", **when(StringNotEquals={"r": ["x", "y"]})),
            allow("a:Get", **when(StringNotEquals={"r": "x"})),
        ),
        (
            allow("a:Get", **when(Bool={"b": "true"})),
            allow("a:Get", **when(Bool={"b": True})),
        ),
        (allow("a:Get"), {"Effect": "Allow", "NotAction": "b:*", "Resource": "*"}),
        (
            allow("a:Get", ROLE + "x"),
            {"Effect": "Allow", "Action": "a:*", "NotResource": ROLE + "y"},
        ),
        (deny("a:Get"), allow("b:Put")),
    ],
)
def test_what_is_covered_is_not_new(wanted: dict[str, Any], current: dict[str, Any]) -> None:
    assert new([wanted], [current]) == []


@pytest.mark.parametrize(
    ("wanted", "current"),
    [
        (allow("a:Get"), allow("a:Put")),
        (allow("a:*"), allow("a:Get")),
        (allow("a:G*t"), allow("a:G?t")),
        (allow("a:Get", ROLE + "*"), allow("a:Get", ROLE + "x")),
        (allow("a:Get", ROLE + "*"), allow("a:Get", ROLE + "?")),
        (allow("a:Get", ROLE + "admin"), allow("a:Get", ROLE + "workstation")),
        (allow("a:Get", ROLE + "a.b"), allow("a:Get", ROLE + "a[.]b")),
        (allow("a:Get"), allow("a:Get", **when(StringEquals={SITE: "acme"}))),
        (
            allow("a:Get", **when(StringEquals={SITE: ["acme", "other"]})),
            allow("a:Get", **when(StringEquals={SITE: "acme"})),
        ),
        (
            allow("a:Get", **when(StringLike={SITE: "acme"})),
            allow("a:Get", **when(StringEquals={SITE: "acme"})),
        ),
        (
            allow("a:Get", **when(StringEqualsIfExists={SITE: "acme"})),
            allow("a:Get", **when(StringEquals={SITE: "acme"})),
        ),
        (
            allow("a:Get", **when(StringNotEquals={"r": "x"})),
            allow("a:Get", **when(StringNotEquals={"r": ["x", "y"]})),
        ),
        (allow("b:Get"), {"Effect": "Allow", "NotAction": "b:*", "Resource": "*"}),
        (allow("*"), {"Effect": "Allow", "NotAction": "b:*", "Resource": "*"}),
        ({"Effect": "Allow", "NotAction": "b:*", "Resource": "*"}, allow("a:*")),
        (
            {"Effect": "Allow", "NotAction": "b:x", "Resource": "*"},
            {"Effect": "Allow", "NotAction": ["b:x", "c:y"], "Resource": "*"},
        ),
        (
            {"Effect": "Allow", "Action": "a:Get", "NotResource": ROLE + "y"},
            allow("a:Get", ROLE + "x"),
        ),
        (allow("a:Get"), deny("a:Get")),
    ],
)
def test_what_is_wider_is_new(wanted: dict[str, Any], current: dict[str, Any]) -> None:
    assert [right.effect for right in new([wanted], [current]) if right.effect == "Allow"] == [
        "Allow"
    ]


def test_only_what_is_not_covered_is_told() -> None:
    (right,) = new(
        [allow(["a:Get", "a:Put"], [ROLE + "x", ROLE + "y"])],
        [allow("a:*", ROLE + "x"), allow("a:Get", ROLE + "y")],
    )
    assert (right.actions, right.resources) == (("a:Put",), (ROLE + "y",))


def test_a_deny_that_goes_or_spares_more_is_new() -> None:
    regions = {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*"}
    one = {**regions, **when(StringNotEquals={"aws:RequestedRegion": "us-east-1"})}
    two = {**regions, **when(StringNotEquals={"aws:RequestedRegion": ["us-east-1", "eu-west-1"]})}
    assert new([one], [one]) == new([one], [two]) == []
    assert [right.effect for right in new([two], [one])] == ["Deny"]
    assert [right.effect for right in new([], [one])] == ["Deny"]
    assert new([deny("a:*")], [deny("a:Get")]) == []
    assert [right.actions for right in new([deny("a:Get")], [deny(["a:Get", "a:Put"])])] == [
        ("a:Put",)
    ]
    wider = {**regions, "NotAction": ["iam:*", "s3:*"]}
    assert [right.effect for right in new([wider], [regions])] == ["Deny"]
    assert new([regions], [wider]) == []


@pytest.mark.parametrize("wrapped", ["PolicyVersion", "PolicyDocument"])
def test_the_answers_of_the_aws_cli_are_understood(wrapped: str) -> None:
    bare = policy(allow("a:Get"))
    inner = {"Document": bare, "VersionId": "v3"} if wrapped == "PolicyVersion" else bare
    assert statements({wrapped: inner}) == statements(bare) == statements(
        {"Statement": allow("a:Get")}
    )  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        {},
        {"Statement": "x"},
        {"Statement": [None]},
        {"Statement": [{"Effect": "Perhaps", "Action": "*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "a:b", "Principal": "*"}]},
        {"Statement": [{**allow("a:b"), "Condition": "x"}]},
        {"Statement": [{**allow("a:b"), "Condition": {"StringEquals": "x"}}]},
    ],
)
def test_what_is_no_policy_is_refused(document: object) -> None:
    with pytest.raises(UsageError, match="this is no IAM policy"):
        statements(document)
