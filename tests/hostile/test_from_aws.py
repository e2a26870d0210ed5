"""Payloads that stand in AWS already: in names, tags, inputs and errors of others."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from reconciler.aws.client import RegionClient
from reconciler.cli.reconcile.command import main
from reconciler.errors import AwsError, Denied, NotReady, Unreachable
from tests.hostile import sinks
from tests.hostile.payloads import PAYLOADS
from tests.hostile.test_run import leaves
from tests.kinds.conftest import module_sandbox as module_sandbox  # noqa: PLC0414 - a fixture
from tests.kinds.world import FLEETS, World, client
from tests.support.later import later

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

FORMS = ("text", "json", "markdown")
# XML carries no other control characters (CR becomes LF), and tags have at most 256 letters.
WRITTEN = {
    name: text[:200]
    for name, text in PAYLOADS.items()
    if all(c.isprintable() or c in "\n\t\u202e\u2066\u2069\u200b\u2028" for c in text)
}


def _owned(text: str) -> dict[str, str]:
    return {
        "reconciler:site": "acme",
        "reconciler:fleet": text,
        "reconciler:workstation": text,
        "Name": text,
    }


def _tags(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value, **more} for key, value in _owned(text).items()]


def _groups(texts: dict[str, str]) -> int:
    """Groups that look like ours, of workstations that nobody declares."""
    autoscaling, made = client("autoscaling"), 0
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    for number, text in enumerate(texts.values()):
        name = f"acme-{number} {text}"
        try:
            autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=name,
                LaunchTemplate={"LaunchTemplateName": "acme-alice", "Version": "1"},
                MinSize=0,
                MaxSize=1,
                VPCZoneIdentifier=subnet,
                Tags=_tags(text, PropagateAtLaunch=False),
            )
            made += 1
        except ClientError:  # not even AWS takes that name
            continue
    return made


def _homes(texts: dict[str, str]) -> None:
    """Volumes that look like homes of ours: data that is kept, and listed."""
    for text in texts.values():
        tags = [*_tags(text), {"Key": "reconciler:file-system", "Value": "home"}]
        client("ec2").create_volume(
            AvailabilityZone="us-east-1a",
            Size=1,
            VolumeType="gp3",
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
        )


def _drift(texts: dict[str, str]) -> None:
    """Tags of our own things edited by hand, one with each payload."""
    tags = [
        {"Key": f"Odd{number}", "Value": text, "ResourceId": "acme-alice",
         "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
        for number, text in enumerate(texts.values())
    ]  # fmt: skip
    for start in range(0, 40, 10):
        client("autoscaling").create_or_update_tags(Tags=tags[start : start + 10])
    template = client("ec2").describe_launch_templates(LaunchTemplateNames=["acme-bob"])
    for number, text in enumerate(list(texts.values())[40:]):
        client("ec2").create_tags(
            Resources=[template["LaunchTemplates"][0]["LaunchTemplateId"]],
            Tags=[{"Key": f"Odd{number}", "Value": text}],
        )


def _schedules() -> None:
    """Our two schedules with an input that is no JSON, or JSON that says too much."""
    scheduler = client("scheduler")
    inputs = ("[" * 50_000, '{"DesiredCapacity": NaN, "x": "\\ud800\\u001b[31m ##[add-mask]x"}')
    for summary, text in zip(
        scheduler.list_schedules(GroupName="acme")["Schedules"], inputs, strict=True
    ):
        found = scheduler.get_schedule(GroupName="acme", Name=summary["Name"])
        later()
        scheduler.update_schedule(
            GroupName="acme",
            Name=summary["Name"],
            ScheduleExpression=found["ScheduleExpression"],
            FlexibleTimeWindow={"Mode": "OFF"},
            Description=PAYLOADS["colour"],
            Target={**found["Target"], "Input": text},
        )


def _user_data() -> None:
    """A newer version of our template, by hand: a script, or thousands of brackets."""
    for name, text in {"acme-alice": "#!/bin/sh\ntouch canary\n", "acme-bob": "[" * 9_000}.items():
        client("ec2").create_launch_template_version(
            LaunchTemplateName=name,
            LaunchTemplateData={
                "UserData": base64.b64encode(text.encode()).decode(),
                "KeyName": PAYLOADS["mention"],
                "KernelId": PAYLOADS["address"],
            },
        )


@pytest.fixture(scope="module")
def hostile(module_sandbox: Sandbox) -> Iterator[int]:
    """The fleet of the kinds, applied, and then an account that means harm."""
    world = World()
    world.settle()
    for image in module_sandbox.world.ec2("us-east-1").amis.values():
        image.name = PAYLOADS["forged mark"] + PAYLOADS["mention"] + PAYLOADS["bidi"]
    made = _groups(WRITTEN)
    _homes(WRITTEN)
    _drift(WRITTEN)
    _schedules()
    _user_data()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_ACTIONS", "true")
        yield made


def dry_run_output(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """stdout and stderr of a dry run over the fleet of the kinds."""
    capsys.readouterr()
    main(["-v", "--dry-run", *arguments, "--fleets", str(FLEETS)])
    found = capsys.readouterr()
    assert "Traceback" not in found.err
    assert "this is a bug in reconcile" not in found.err
    return found.out, found.err


def judge(form: str, out: str, err: str) -> list[str]:
    """What is wrong with a run's two streams."""
    of_out = sinks.comment(out) if form == "markdown" else sinks.terminal(out)
    return [*of_out, *sinks.stderr_on_github(err)]


@pytest.mark.parametrize("form", FORMS)
def test_a_plan_over_hostile_things_is_harmless(
    hostile: int, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hostile >= 40
    out, err = dry_run_output(capsys, "-o", form)
    assert judge(form, out, err) == []
    if form == "json":
        plan = json.loads(out)
        texts = set(leaves(plan))
        assert {text for text in WRITTEN.values() if text in texts} == set(WRITTEN.values())
        assert len(plan["kept"]) >= len(WRITTEN)
        assert not plan["unknown"]
        kinds = {change["kind"] for change in plan["changes"]}
        assert kinds >= {"auto_scaling_group", "launch_template", "schedule"}


ERRORS: dict[str, Callable[[str], AwsError]] = {
    "AwsError": lambda it: AwsError("ec2:DescribeSubnets", it, it, "us-east-1"),
    "Denied": lambda it: Denied("ec2:X", it, it, "us-east-1", it, it),
    "Unreachable": lambda it: Unreachable("ec2:X", it, it, "us-east-1"),
    "NotReady": lambda it: NotReady("ec2:X", it, it, "us-east-1"),
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("form", FORMS)
def test_errors_that_aws_words_are_harmless(
    hostile: int,
    kind: str,
    form: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All payloads in one message: a read that fails, then the first call of all."""
    text = " \n ".join(PAYLOADS.values())
    pages, call = RegionClient.pages, RegionClient.call

    def failing(door: RegionClient, service: str, operation: str, *rest: Any, **more: Any) -> Any:
        if operation in ("describe_auto_scaling_groups", "describe_subnets"):
            raise ERRORS[kind](text)
        return pages(door, service, operation, *rest, **more)

    monkeypatch.setattr(RegionClient, "pages", failing)
    assert judge(form, *dry_run_output(capsys, "-o", form)) == []

    def refused(door: RegionClient, service: str, operation: str, **more: Any) -> Any:
        if service == "sts":
            raise ERRORS[kind](text)
        return call(door, service, operation, **more)

    monkeypatch.setattr(RegionClient, "call", refused)
    out, err = dry_run_output(capsys, "-o", form)
    assert judge(form, out.replace("plan  -->", "plan acme -->"), err) == []


def test_no_canary_was_touched(hostile: int) -> None:
    assert not list(Path.cwd().glob("canary*"))
