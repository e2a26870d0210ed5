"""Promise 10: every call that is made is in the policy of its role, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.aws import policies
from tests.iam.conftest import Used, reads
from tests.iam.evaluator import Request, allowed, as_list, covers, matches

RUN = ("plan", "apply")


def missing(policy: Mapping[str, Any], role: str, requests: tuple[Request, ...]) -> list[str]:
    """What a policy does not let through, and where it would have to say so."""
    return sorted({advice(policy, role, r) for r in requests if not allowed(policy, r)})


def advice(policy: Mapping[str, Any], role: str, request: Request) -> str:
    """One line: the statement to widen, or the table to add one to."""
    named = [s for s in policy["Statement"] if covers(s, request.action) and "Action" in s]
    denies = [s["Sid"] for s in named if s["Effect"] == "Deny" and matches(s, request)]
    allows = [s["Sid"] for s in named if s["Effect"] == "Allow"]
    table = "PLAN" if reads(request.action) else "APPLY"
    if denies:
        remedy = f"statement {denies[0]} denies it"
    elif allows:
        remedy = (
            f"statement {' or '.join(allows)} names the action, not this resource or these tags"
        )
    else:
        remedy = f"add {request.action} to a statement of {table} in reconciler/aws/policies.py"
    return f"{role}: {remedy}: {request}"


def test_looking_needs_no_more_than_the_plan_role(used: list[Used]) -> None:
    """Promises 5 and 10."""
    for recorded in used:
        assert len(recorded.looking) > 30
        assert len(recorded.examining) > 15
        looking = recorded.looking + recorded.examining
        assert {r.action for r in looking if not reads(r.action)} - {"kms:DescribeKey"} == set()
        assert missing(recorded.policy("plan"), "plan", looking) == []


def test_everything_done_is_in_the_apply_role(used: list[Used]) -> None:
    for recorded in used:
        assert len(recorded.requests) > 300
        assert missing(recorded.policy("apply"), "apply", recorded.requests) == []


@pytest.mark.parametrize("role", RUN)
def test_nothing_is_allowed_that_is_not_used(used: list[Used], role: str) -> None:
    """Each action of each statement, and each of its resources, lets something through."""
    granted: dict[tuple[str, str], bool] = {}
    for recorded in used:
        requests = recorded.looking + recorded.examining if role == "plan" else recorded.requests
        for statement in recorded.policy(role)["Statement"]:
            if statement["Effect"] == "Deny":
                continue
            hits = [r for r in requests if matches(statement, r)]
            found = {
                action: any(r.action == action for r in hits)
                for action in as_list(statement["Action"])
            }
            for arn in as_list(statement["Resource"]):
                hit = any(matches({**statement, "Resource": arn}, r) for r in hits)
                found[arn.replace(recorded.site.name, "<site>")] = hit
            for resource, hit in found.items():  # one of the sites is enough
                key = (statement["Sid"], resource)
                granted[key] = granted.get(key, False) or hit
    assert sorted(key for key, hit in granted.items() if not hit) == []
    assert len(granted) > (30 if role == "plan" else 80)


def test_a_policy_without_room_goes_without_names(
    used: list[Used], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It allows the same."""
    recorded = used[0]
    monkeypatch.setattr(
        policies, "LIMIT", policies.size(policies.policy(recorded.site, "apply")) - 1
    )
    policy = policies.policy(recorded.site, "apply")
    assert policies.size(policy) <= policies.LIMIT
    assert all("Sid" not in statement for statement in policy["Statement"])
    assert missing(policy, "apply", recorded.requests) == []


def test_the_plan_role_can_write_nothing(used: list[Used]) -> None:
    for recorded in used:
        writes = [
            r for r in recorded.requests if not reads(r.action) and r.action != "kms:DescribeKey"
        ]
        assert len(writes) > 50
        assert [str(r) for r in writes if allowed(recorded.policy("plan"), r)] == []


def test_a_new_call_is_told_with_the_line_to_add(used: list[Used]) -> None:
    policy = used[0].policy("apply")
    [line] = missing(policy, "apply", (Request("ec2:ImportVolume"),))
    assert "add ec2:ImportVolume to a statement of APPLY in reconciler/aws/policies.py" in line
    other = Request("ec2:ModifyVolume", "arn:aws:ec2:us-east-1:123456789012:volume/vol-1")
    assert "statement Change names the action, not" in missing(policy, "apply", (other,))[0]


def test_every_action_is_used_by_the_code_or_asked_for_by_a_call_of_it(used: list[Used]) -> None:
    """What no call makes itself stands in the table of dependent actions, with its call."""
    made = {r.action for recorded in used for r in recorded.requests if not r.because}
    asked = {r.action: r.because for recorded in used for r in recorded.requests if r.because}
    named = {
        action
        for each_used in used
        for statement in each_used.policy("apply")["Statement"]
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
    }
    assert named - made == {
        "ec2:CreateNetworkInterface",
        "ec2:GetSecurityGroupsForVpc",
        "ec2:ModifyNetworkInterfaceAttribute",
        "ec2:RunInstances",
        "events:TagResource",
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:GenerateDataKeyWithoutPlaintext",
        "sns:TagResource",
        "sqs:TagQueue",
    }
    assert all(asked[action] in made for action in named - made)


def test_the_lot_is_limited(used: list[Used]) -> None:
    """At least 95 % of what writes is limited by a resource, a name or a tag."""
    for recorded in used:
        statements = [
            s
            for s in recorded.policy("apply")["Statement"]
            if s["Effect"] == "Allow" and not all(map(reads, as_list(s["Action"])))
        ]
        free = [s["Sid"] for s in statements if as_list(s["Resource"]) == ["*"]]
        assert free[-1:] == ["Launch"], "what a launch takes has no name yet"
        assert set(free) <= {"MakeEfs", "Launch"}, "nor has a file system of EFS"
        assert [s["Sid"] for s in statements if s["Sid"] in free and "Condition" not in s] == []
        assert all(
            f":{recorded.site.account}:" in arn
            for s in statements
            for arn in as_list(s["Resource"])
            if arn != "*"
        )


def test_roles_are_those_the_tables_name() -> None:
    assert list(policies.ROLES) == ["plan", "apply", "developer", "instance", "scheduler", "image"]
