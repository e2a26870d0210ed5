"""Promise 17: `ready` means that the home is mounted.

The machine says so, in a tag on its instance, and nothing else is taken for it: not that AWS has an
instance, not that the instance runs, not that its SSM agent answers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from reconciler.cli.terminal.signals import Stop
from reconciler.commands import start
from reconciler.commands.machine import not_ready
from reconciler.commands.why import reason
from reconciler.plan.ownership import PHASE
from reconciler.sandbox import Sandbox
from reconciler.sandbox.services.machine import Machines
from reconciler.schedule.hours import Hours
from reconciler.workstation.model import Instance, Member
from tests.power.days import begin
from tests.power.hand import Hand
from tests.power.test_why import WANTED
from tests.support.fake_aws import FakeAws

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
NOT_READY = (
    "",
    "attaching",
    "attaching: ready",
    "mounting",
    "failed",
    "failed: ready",
    "stopping",
    "home",
    "booting",
    "Ready",
    "READY",
    " ready",
    "ready ",
    "ready\n",
    "ready:",
    "readyish",
    "not ready",
    "ready;",
    "\x1b[32mready",
    "true",
)
"""What somebody may write into the tag, and what is missing there."""

MEMBER = Member("i-0123456789abcdef0", "g6.xlarge", "us-east-1a", "InService")
GROUP = replace(WANTED, members=(MEMBER,))


def instance(tag: str, state: str = "running", *, online: bool = True) -> Instance:
    tags = {PHASE: tag} if tag else {}
    words = ("i-0123456789abcdef0", "g6.xlarge", "us-east-1a", "spot", state, NOW)
    return Instance(*words, tags, online=online)  # type: ignore[arg-type]  # "spot" is one


def aws(tag: str, state: str, *, online: bool) -> FakeAws:
    """AWS with one workstation whose instance is so."""
    described: dict[str, Any] = {
        "InstanceId": "i-0123456789abcdef0",
        "InstanceType": "g6.xlarge",
        "Placement": {"AvailabilityZone": "us-east-1a"},
        "State": {"Name": state},
        "LaunchTime": NOW,
        "Tags": [{"Key": PHASE, "Value": tag}] if tag else [],
    }
    member = {
        "InstanceId": "i-0123456789abcdef0",
        "InstanceType": "g6.xlarge",
        "AvailabilityZone": "us-east-1a",
        "LifecycleState": "InService",
    }
    tags = {"site": "acme", "fleet": "vision", "workstation": "alice", "owner": "alice"}
    group = {
        "AutoScalingGroupName": "acme-alice",
        "DesiredCapacity": 1,
        "MinSize": 0,
        "MaxSize": 1,
        "Instances": [member],
        "Tags": [{"Key": f"reconciler:{key}", "Value": value} for key, value in tags.items()],
    }
    ping = [{"InstanceId": "i-0123456789abcdef0", "PingStatus": "Online"}] if online else []
    return FakeAws(
        describe_auto_scaling_groups={"AutoScalingGroups": [group]},
        describe_instances={"Reservations": [{"Instances": [described]}]},
        describe_instance_information={"InstanceInformationList": ping},
    )


STATES = ("pending", "running", "stopping", "shutting-down")


@pytest.mark.parametrize("tag", NOT_READY)
def test_nothing_but_the_tag_makes_a_start_ready(tag: str) -> None:
    for state, online in product(STATES, (True, False)):
        assert not instance(tag, state, online=online).ready
        found = start.progress(aws(tag, state, online=online), GROUP, NOW)
        assert found.phase != "ready", (tag, state, online)
        assert not_ready(GROUP, instance(tag, state), NOW) is not None


def test_the_tag_alone_does_not_either() -> None:
    """Nobody can work on a machine that runs no more, or that does not answer."""
    for state, online in product(STATES, (True, False)):
        found = start.progress(aws("ready", state, online=online), GROUP, NOW)
        assert (found.phase == "ready") == (state == "running" and online), (state, online)


@pytest.mark.parametrize("tag", [tag for tag in NOT_READY if "eady" not in tag])
def test_why_never_says_that_it_is_on_and_done(tag: str) -> None:
    for age in (timedelta(), timedelta(hours=1)):
        found = reason(GROUP, Hours(), [], NOW + age, machine=instance(tag))
        assert found.code not in ("on", "replaced")
        assert "is ready" not in found.why.replace("has not reported that it is ready", "")


@pytest.mark.parametrize("mode", ["silent", "fails", "late"])
def test_no_command_says_ready_of_a_machine_that_did_not(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    capsys: pytest.CaptureFixture[str],
    mode: Any,
) -> None:
    """Its SSM agent answers, and the machine has not mounted its home."""
    monkeypatch.setattr("reconciler.aws.retries.START_POLL_SECONDS", 0.0)
    home = "storage: {home: {ebs: {size: 100GiB}}}"
    cli = Hand(begin(sandbox, monkeypatch, tmp_path, home), capsys)
    sandbox.world.state(Machines, "us-east-1").mode = mode
    monkeypatch.setattr(Stop, "pause", lambda self, wait: None)
    cli.days.to("Mon 09:04")
    late = cli("start alice --timeout 1s", code=1)
    assert "alice is not ready: " in late.out
    assert "\nready (" not in late.err
    document = cli("start alice --timeout 1s -o json", code=1).json
    assert document["outcome"] != "ready"
    assert document["machine"]["reachable"] is True
    assert document["machine"]["ready"] is False
    assert "ready" not in document["phases"]
    assert "phase      ready" not in cli("status alice").out
    assert cli("status alice -o json").json["workstations"][0]["machine"]["ready"] is False
    assert cli("why alice -o json").json["code"] not in ("on", "replaced")
