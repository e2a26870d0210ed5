"""What the developer's commands ask of AWS is in the developer policy, and nothing else is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.aws import policies
from reconciler.aws.policy_names import regions
from reconciler.cli.workstation.command import main
from reconciler.declare.load import load
from tests.iam.evaluator import Request, allowed, as_list, matches
from tests.iam.recorder import GROUP, Recorder, arn, client
from tests.iam.test_used import missing
from tests.kinds.world import World

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

ALICE = {"aws:PrincipalTag/owner": "alice@example.com", "aws:userid": "AROA:alice"}
BOB = {"aws:PrincipalTag/owner": "bob@example.com", "aws:userid": "AROA:bob"}

BY_THE_AWS_CLI = {
    "ssm:ResumeSession",
    "ssm:StartSession",
    "ssm:TerminateSession",
    "ssmmessages:OpenDataChannel",
}
"""Of `aws ssm start-session`, which `connect` prints, runs and writes into ssh's configuration."""

COMMANDS = (
    "start alice --no-wait",
    "status alice",
    "extend alice 2h",
    "hold alice until 23:59",
    "why alice",
    "stop alice",
    "off alice until tomorrow",
    "start alice --no-wait",
    "stop alice",
    "start alice --for 1h --no-wait",
    "stop alice",
    "start alice --no-wait",
    "start alice --timeout 1s",
    "connect alice --no-ssh-config",
    "status --all",
)


@pytest.fixture(scope="module")
def asked(
    module_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> tuple[World, list[Request]]:
    """Everything alice's commands ask, from within and from outside her hours."""
    world = World()
    world.settle()
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr("boto3.Session", recorder.session)
        for hours in (0, 12):
            module_sandbox.clock.forward(timedelta(hours=hours))
            for line in COMMANDS:
                module_sandbox.clock.forward(timedelta(seconds=30))
                assert main(shlex.split(line)) == 0, line
        assert main(["stop", "alice"]) == 0
        on_demand()
        assert main(["start", "alice", "--no-wait"]) == 0
        assert main(["status", "alice"]) == 0
    return world, [replace(r, context={**r.context, **ALICE}) for r in recorder.requests]


def on_demand() -> None:
    """As a fallback leaves a group."""
    stranger = client("autoscaling", "us-east-1")
    [group] = stranger.describe_auto_scaling_groups(AutoScalingGroupNames=["acme-alice"])[
        "AutoScalingGroups"
    ]
    split = {
        **group["MixedInstancesPolicy"]["InstancesDistribution"],
        "OnDemandPercentageAboveBaseCapacity": 100,
    }
    stranger.update_auto_scaling_group(
        AutoScalingGroupName="acme-alice", MixedInstancesPolicy={"InstancesDistribution": split}
    )


def policy(world: World) -> Mapping[str, Any]:
    return policies.policy(world.site, "developer")


def test_everything_asked_is_allowed(asked: tuple[World, list[Request]]) -> None:
    world, requests = asked
    assert len(requests) > 100
    requests_here = tuple(
        r for r in requests if r.context["aws:RequestedRegion"] in regions(world.site)
    )
    assert missing(policy(world), "developer", requests_here) == []


def test_in_other_regions_only_the_groups_are_asked_for(
    asked: tuple[World, list[Request]],
) -> None:
    """`status --all` asks in every enabled region; the printed policy closes none."""
    world, requests = asked
    others = [r for r in requests if r.context["aws:RequestedRegion"] not in regions(world.site)]
    assert {r.action for r in others} == {"autoscaling:DescribeAutoScalingGroups"}
    assert all(allowed(policy(world), r) for r in others)


def test_everything_allowed_is_asked(asked: tuple[World, list[Request]]) -> None:
    world, requests = asked
    unused = {
        (statement["Sid"], action)
        for statement in policy(world)["Statement"]
        if statement["Effect"] == "Allow"
        for action in set(as_list(statement["Action"])) - BY_THE_AWS_CLI
        if not any(r.action == action and matches(statement, r) for r in requests)
    }
    assert unused == set()
    assert {
        action
        for statement in policy(world)["Statement"]
        for action in as_list(statement.get("Action", ()))
    } >= BY_THE_AWS_CLI


def test_nobody_elses_group_is_touched(asked: tuple[World, list[Request]]) -> None:
    world, requests = asked
    writes = [r for r in requests if r.resource != "*" and r.resource.endswith("acme-alice")]
    assert {r.action.split(":")[1] for r in writes} == {
        "CreateOrUpdateTags",
        "DeleteScheduledAction",
        "PutScheduledUpdateGroupAction",
        "SetDesiredCapacity",
        "UpdateAutoScalingGroup",
    }
    for request in writes:
        assert not allowed(policy(world), replace(request, context={**request.context, **BOB}))


OWN = {
    "aws:RequestedRegion": "us-east-1",
    "aws:ResourceTag/reconciler:site": "acme",
    "aws:ResourceTag/reconciler:owner": "alice@example.com",
    **ALICE,
}
OVERRIDE: Any = {"aws:TagKeys": ("reconciler:override",)}


@pytest.mark.parametrize(
    ("operation", "context", "answer"),
    [
        ("UpdateAutoScalingGroup", {"autoscaling:MaxSize": "1"}, True),
        ("UpdateAutoScalingGroup", {"autoscaling:MaxSize": "0"}, True),
        ("UpdateAutoScalingGroup", {"autoscaling:MaxSize": "2"}, False),
        # Auto Scaling may say so of a request without a template.
        (
            "UpdateAutoScalingGroup",
            {"autoscaling:MaxSize": "1", "autoscaling:LaunchTemplateVersionSpecified": "false"},
            True,
        ),
        ("UpdateAutoScalingGroup", {}, False),
        *(
            ("UpdateAutoScalingGroup", {"autoscaling:MaxSize": "1", f"autoscaling:{k}": v}, False)
            for k, v in (
                ("LaunchTemplateVersionSpecified", "true"),
                ("VPCZoneIdentifiers", ("subnet-1",)),
                ("InstanceTypes", ("p5.48xlarge",)),
            )
        ),
        ("PutScheduledUpdateGroupAction", {"autoscaling:MaxSize": "1"}, True),
        ("PutScheduledUpdateGroupAction", {"autoscaling:MaxSize": "9"}, False),
        ("CreateOrUpdateTags", OVERRIDE, True),
        ("CreateOrUpdateTags", {"aws:TagKeys": ("reconciler:owner",)}, False),
        (
            "CreateOrUpdateTags",
            {"aws:TagKeys": ("reconciler:override", "reconciler:owner")},
            False,
        ),
        ("CreateOrUpdateTags", {}, False),
        ("DeleteTags", OVERRIDE, False),
        ("DeleteAutoScalingGroup", {}, False),
        ("SuspendProcesses", {}, False),
    ],
)
def test_what_may_be_done_to_ones_own_group(
    operation: str, context: dict[str, Any], answer: bool
) -> None:
    request = Request(f"autoscaling:{operation}", arn(GROUP + "acme-alice"), {**OWN, **context})
    site = load([Path(__file__).parents[1] / "kinds/fleets"])
    assert allowed(policies.policy(site, "developer"), request) is answer


SESSION = arn("ssm session/alice@example.com-0a1b2c3d4e5f")


@pytest.mark.parametrize("action", ["ssm:ResumeSession", "ssm:TerminateSession"])
@pytest.mark.parametrize(
    ("opened_by", "answer"), [("AROA:alice", True), ("AROA:bob", False), (None, False)]
)
def test_a_session_belongs_to_who_opened_it(
    action: str, opened_by: str | None, answer: bool
) -> None:
    """Its id begins with the name of the role's session, which `${aws:userid}` is not."""
    tag = {"ssm:resourceTag/aws:ssmmessages:session-id": opened_by} if opened_by else {}
    request = Request(action, SESSION, {**OWN, **tag})
    site = load([Path(__file__).parents[1] / "kinds/fleets"])
    assert allowed(policies.policy(site, "developer"), request) is answer


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("developer", "ssmmessages:OpenDataChannel", SESSION),
        ("instance", "s3:GetObject", "arn:aws:s3:::ec2-linux-nvidia-drivers/latest/driver.run"),
    ],
)
def test_no_region_is_closed_to_people_and_machines(role: str, action: str, resource: str) -> None:
    """No Allow lifts a Deny: whatever else they are given has to hold in every region."""
    site = load([Path(__file__).parents[1] / "kinds/fleets"])
    printed = policies.policy(site, role)
    given = {"Effect": "Allow", "Action": action, "Resource": "*"}
    policy = {"Statement": [*printed["Statement"], given]}
    assert allowed(policy, Request(action, resource, {**OWN, "aws:RequestedRegion": "eu-west-3"}))


@pytest.mark.parametrize(
    ("keys", "site_tag", "answer"),
    [
        (("reconciler:phase",), "acme", True),
        (("reconciler:phase",), "other", False),
        (("reconciler:phase", "reconciler:owner"), "acme", False),
        (("reconciler:site",), "acme", False),
        (None, "acme", False),
    ],
)
def test_a_machine_writes_its_phase_and_no_other_tag(
    keys: tuple[str, ...] | None, site_tag: str, answer: bool
) -> None:
    site = load([Path(__file__).parents[1] / "kinds/fleets"])
    context: dict[str, Any] = {
        "aws:ResourceTag/reconciler:site": site_tag,
        "aws:userid": "AROA:i-0abc",
        "ec2:InstanceID": "i-0abc",
    }
    if keys:
        context["aws:TagKeys"] = keys
    request = Request("ec2:CreateTags", arn("ec2 instance/i-0abc"), context)
    policy = policies.policy(site, "instance")
    assert allowed(policy, request) is answer
    assert allowed(policy, Request("ec2:DescribeVolumes"))
