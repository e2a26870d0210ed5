"""Promise 9: one bad workstation does not stop the others, and its trouble is told at the end."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from reconciler.cli.terminal import exit_codes
from reconciler.plan.model import Outcome
from tests.kinds.world import rows
from tests.promises.conftest import MakeWorld, group, schedules
from tests.promises.fleets import ALICE, BOB, HOURS, PLAIN, TYPES, VISION, Tree, vision
from tests.support.answers import failure
from tests.support.call_recorder import Hook, Sent

LACKS: dict[str, tuple[dict[str, Any], str]] = {
    "image-parameter": (
        {"image": {"ssm_parameter": "/golden/gone"}},
        "SSM parameter /golden/gone does not exist in us-east-1; publish the image there",
    ),
    "image-id": (
        {"image": {"id": "ami-00000000000000000"}},
        "image ami-00000000000000000 does not exist in us-east-1, is not shared with this "
        "account, or is not among its allowed AMIs",
    ),
    "image-name": (
        {"image": {"name": "gone-*", "owner": "self"}},
        "no image is named gone-* (owner self)",
    ),
    "subnet": (
        {"network": {"subnets": ["subnet-00000000000000000"]}},
        "no subnet subnet-00000000000000000 in this region",
    ),
    "subnet-tag": (
        {"network": {"subnets": {"tags": {"Tier": "gone"}}}},
        "no subnet is tagged Tier=gone in this region; tag some, or list ids: the tags of a "
        "subnet that another account shares are not shown to this one",
    ),
    "profile": (
        {"instance_profile": "gone"},
        "instance profile gone does not exist; create it, or correct `instance_profile`",
    ),
    "role": (
        {"scheduler_role": "gone"},
        "role gone does not exist; create it, or correct `scheduler_role`",
    ),
    "root-too-small": (
        {"storage": {"root": {"size": "8GiB"}}},
        "set storage.root.size to at least 30GiB",
    ),
}


def three(**bad: Any) -> Tree:
    """amy and zoe are fine; max, between them, is not."""
    good = {**PLAIN, "schedule": HOURS}
    return {"fleet": "three", "workstations": {"amy": good, "max": {**good, **bad}, "zoe": good}}


@pytest.mark.parametrize("lack", LACKS)
def test_what_lacks_something_is_blocked_and_the_others_are_made(
    make_world: MakeWorld, lack: str
) -> None:
    settings, reason = LACKS[lack]
    world = make_world(three(**settings))
    report = world.run()
    (bad,) = [change for change in report.plan.changes if change.workstation == "max"]
    assert (bad.outcome, bad.key.name) == (Outcome.BLOCKED, "acme-max")
    assert reason in bad.reason
    assert bad.where is not None
    assert bad.where.file.endswith("three.yaml")
    assert exit_codes.of_report(report) == exit_codes.FAILED
    assert group("acme-amy") != {} != group("acme-zoe")
    assert group("acme-max") == {}


def test_what_stands_is_spared_while_its_declaration_is_bad(make_world: MakeWorld) -> None:
    """A typo is no removal."""
    world = make_world(three())
    world.settle()
    world.declare(three(instance_profile="gone"))
    report = world.run()
    assert len(report.plan.changes) == 1, rows(report)
    assert group("acme-max") != {}
    assert "max-start" in schedules()


# -- one call that AWS denies to one workstation ---------------------------------------------

MADE_FOR_ONE = {
    "autoscaling:CreateAutoScalingGroup": "acme-alice",
    "autoscaling:SuspendProcesses": "acme-alice",
    "ec2:CreateLaunchTemplate": "acme-alice",
    "ec2:CreateVolume": "acme-bob%2Fhome",
    "fsx:CreateFileSystem": "acme-alice/home",
    "scheduler:CreateSchedule": "alice-start",
}


def denied(operation: str, name: str) -> Hook:
    service, called = operation.split(":")
    text = f"User: me is not authorized to perform: {operation} on resource: {name} because"

    def hook(sent: Sent) -> AWSResponse | None:
        hit = (sent.service, sent.operation) == (service, called) and name in sent.text
        return failure(service, "AccessDenied", text, 403) if hit else None

    return hook


@pytest.mark.parametrize("operation", MADE_FOR_ONE)
def test_one_denied_call_fails_one_workstation_and_is_named(
    make_world: MakeWorld, operation: str
) -> None:
    name = MADE_FOR_ONE[operation]
    unlucky = "bob" if "bob" in name else "alice"
    lucky = {"alice", "bob"} - {unlucky}
    world = make_world(VISION)
    reports = []
    with world.recorder.record(denied(operation, name)):
        reports = [world.run() for _ in range(3)]
    failed = [c for each in reports for c in each.plan.changes if c.outcome is Outcome.FAILED]
    assert {change.workstation for change in failed} == {unlucky}
    for change in failed:
        assert change.error == "denied"
        assert change.reason.startswith(f"{operation}: AccessDenied: ")
        assert f"perform: {operation} on resource: {name}" in change.reason
    assert exit_codes.of_report(reports[-1]) == exit_codes.FAILED
    left = {change.workstation for change in reports[-1].plan.changes}
    assert not left & lucky, "the other one is done"
    world.settle()
    assert group("acme-alice") != {} != group("acme-bob")


def test_every_failure_is_told_at_the_end_of_one_run(make_world: MakeWorld) -> None:
    world = make_world(three())

    def hook(sent: Sent) -> AWSResponse | None:
        hit = sent.operation == "CreateAutoScalingGroup" and "acme-zoe" not in sent.text
        return failure("autoscaling", "LimitExceeded", "too many groups") if hit else None

    with world.recorder.record(hook):
        report = world.run()
    failed = [c for c in report.plan.changes if c.outcome is Outcome.FAILED]
    assert {c.key.name for c in failed} == {"acme-amy", "acme-max"}
    waiting = [c for c in report.plan.changes if c.outcome is Outcome.WAITING]
    assert {c.workstation for c in waiting} == {"amy", "max"}
    assert all("LimitExceeded: too many groups" in c.reason for c in waiting), "the first cause"
    assert group("acme-zoe") != {}
    assert schedules() == ["zoe-start", "zoe-stop"]


def test_a_shared_file_system_that_is_refused_stops_no_new_workstation(
    make_world: MakeWorld,
) -> None:
    world = make_world(VISION)
    world.settle()
    moved = {**VISION["file_systems"]["datasets"], "availability_zone": "us-east-1b"}
    carol = {"instance_types": TYPES, "storage": {"mounts": ALICE["storage"]["mounts"]}}
    world.declare({**vision(carol=carol), "file_systems": {"datasets": moved}})
    report = world.run()
    assert exit_codes.of_report(report) == exit_codes.FAILED
    assert group("acme-carol") != {}, rows(report)


def test_a_volume_that_cannot_move_holds_its_group_and_nobody_elses(make_world: MakeWorld) -> None:
    world = make_world(VISION)
    world.settle()
    before = group("acme-bob")["VPCZoneIdentifier"]
    tied = {"home": {"ebs": {"size": "200GiB", "availability_zone": "us-east-1c"}}}
    world.declare(vision(bob={**BOB, "storage": tied}, zoe=PLAIN))
    report = world.run()
    assert "a volume cannot leave its zone" in str(rows(report))
    assert group("acme-bob")["VPCZoneIdentifier"] == before
    assert group("acme-zoe") != {}
