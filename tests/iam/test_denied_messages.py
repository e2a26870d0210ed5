"""A denied call is told with what was called, what to allow and on what, in one line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.aws.errors import translated
from reconciler.cli.terminal.failures import failure
from reconciler.engine.run import apply, make_report
from reconciler.errors import Denied
from reconciler.plan.model import Outcome
from reconciler.plan.selection import Selection
from tests.kinds.world import World, rows
from tests.support.fake_aws import Call, WrappedAws

NOT_AUTHORIZED = (
    "User: arn:aws:sts::123456789012:assumed-role/ci/run is not authorized to perform: "
)
ROLE = "arn:aws:iam::123456789012:role/workstation"
PASS_ROLE = (
    f"{NOT_AUTHORIZED}iam:PassRole on resource: {ROLE} because no identity-based policy allows it"
)
FORBIDDEN = (
    f"{NOT_AUTHORIZED}iam:PassRole on resource: {ROLE} "
    "with an explicit deny in a permissions boundary"
)
ENCODED = (
    "You are not authorized to perform this operation.\nEncoded authorization failure message: "
    + "x" * 500
)


def denied(operation: str, message: str) -> Denied:
    response: Any = {"Error": {"Code": "UnauthorizedOperation", "Message": message}}
    with pytest.raises(Denied) as caught, translated(operation, "us-east-1"):
        raise ClientError(response, operation)
    return caught.value


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (PASS_ROLE, f"(allow iam:PassRole on {ROLE})"),
        (FORBIDDEN, "(a policy denies iam:PassRole: an Allow elsewhere does not help)"),
        (ENCODED, "You are not authorized to perform this operation."),
    ],
    ids=["asked for more", "forbidden", "encoded"],
)
def test_it_names_the_call_the_action_and_the_resource(message: str, says: str) -> None:
    error = denied("autoscaling:CreateAutoScalingGroup", message)
    assert str(error).startswith("autoscaling:CreateAutoScalingGroup: UnauthorizedOperation: ")
    assert str(error).endswith(says)
    assert "\n" not in str(error)
    assert len(str(error)) < 400
    assert error.message == message


def test_behind_a_launch_template_every_right_is_named_that_may_be_missing() -> None:
    message = "You are not authorized to use launch template: lt-0a1b2c3d4e5f60001"
    shown = failure(denied("autoscaling:UpdateAutoScalingGroup", message))
    assert shown.message.endswith(message)
    assert "Statement" not in shown.hint
    assert '"Action"' not in shown.hint, "no one statement is right"
    for right in ("ec2:RunInstances on *", "iam:PassRole", "ec2:CreateTags", "--dry-run"):
        assert right in shown.hint


def reason(operation: str) -> str:
    """The action to allow is the call itself, and no resource was told."""
    return f"{operation}: UnauthorizedOperation: You are not authorized to perform this operation."


def test_a_row_says_it_whether_reading_or_writing_failed(sandbox: object) -> None:
    world = World()
    environment = world.environment()

    refused = {
        "create_launch_template": "ec2:CreateLaunchTemplate",
        "get_topic_attributes": "sns:GetTopicAttributes",
    }

    def refuse(call: Call) -> None:
        if call.operation in refused:
            raise denied(refused[call.operation], ENCODED)

    def aws(region: str) -> WrappedAws:
        """A region where one read and one write are not allowed."""
        return WrappedAws(world.session.region(region), before=refuse)

    closed = replace(environment, reader=aws, writer=aws)
    plan = make_report(world.site, closed, Selection())
    [unknown] = plan.plan.unknown
    assert unknown.reason == reason("sns:GetTopicAttributes")
    report = apply(plan, world.site, closed, lambda change: None, lambda: False)
    failed = [c for c in report.plan.changes if c.outcome is Outcome.FAILED]
    assert {c.reason for c in failed} == {reason("ec2:CreateLaunchTemplate")}, rows(report)


def test_the_command_line_has_the_statement_to_add() -> None:
    line = failure(denied("sts:AssumeRole", PASS_ROLE)).line
    assert line.startswith(f"not allowed: iam:PassRole on {ROLE} in us-east-1")
    assert '"Action": "iam:PassRole"' in line
    assert "\n" not in line
