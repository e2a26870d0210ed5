"""Promise 10: a whole life of a fleet makes only calls that the shipped policies allow."""

from __future__ import annotations

import pytest
from botocore.awsrequest import AWSResponse

from reconciler.plan.model import Outcome
from tests.kinds import manual_edits
from tests.kinds.world import client, live, rows
from tests.promises.conftest import FleetWorld, MakeWorld, start, stop
from tests.promises.fleets import BOB, LUSTRE, VISION, Tree, vision
from tests.repository.test_policies import allowed
from tests.support.answers import failure
from tests.support.call_recorder import Hook, Sent

GROWN: Tree = vision(
    alice=None, bob={**BOB, "storage": {"home": {"ebs": {"size": "300GiB"}}}, "tags": {"Team": "v"}}
)
GROWN["file_systems"]["datasets"]["per_unit_storage_throughput"] = 250


def only(actions: set[str]) -> Hook:
    """An account where nothing else is allowed."""

    def hook(sent: Sent) -> AWSResponse | None:
        if sent.name in actions:
            return None
        return failure(sent.service, "AccessDenied", f"not authorized to perform: {sent.name}", 403)

    return hook


@pytest.fixture
def world(make_world: MakeWorld) -> FleetWorld:
    return make_world(VISION)


def test_the_apply_role_is_enough_for_making_changing_healing_and_removing(
    world: FleetWorld,
) -> None:
    with world.recorder.record(only(allowed("plan", "apply"))) as recorder:
        world.settle()
        standing = {key.kind for key in live(world)}
        without = manual_edits.BY_HAND.keys() - standing
        assert all(kind.startswith("efs_") for kind in without), "tests/iam makes those"
        for kind, edits in manual_edits.BY_HAND.items():
            for edit in edits.values() if kind in standing else ():
                edit(live(world))
        client("autoscaling").resume_processes(  # or nothing would end what the edits start
            AutoScalingGroupName="acme-alice", ScalingProcesses=["Terminate"]
        )
        world.run()
        world.off()  # a raised minimum has started one
        world.settle()
        start("acme-bob")
        world.declare(GROWN)
        world.run()
        stop("acme-bob")
        world.settle()
        sent = recorder.names
    assert sent <= allowed("plan", "apply")
    assert len([name for name in sent if name.split(":")[1].startswith(("Delete", "Un"))]) >= 3


def test_the_plan_role_is_enough_for_a_dry_run(world: FleetWorld) -> None:
    world.settle()
    world.declare(vision(carol={**BOB, "storage": {"home": LUSTRE}}))
    with world.recorder.record(only(allowed("plan"))):
        report = world.look()
    assert not report.plan.unknown
    assert {change.outcome for change in report.plan.changes} == {Outcome.PLANNED}, rows(report)


def test_a_run_with_the_plan_role_changes_nothing_and_names_what_it_lacks(
    world: FleetWorld,
) -> None:
    with world.recorder.record(only(allowed("plan"))):
        report = world.run()
    failed = [change for change in report.plan.changes if change.outcome is Outcome.FAILED]
    assert failed
    assert {change.error for change in failed} == {"denied"}
    assert not [change for change in report.plan.changes if change.outcome is Outcome.DONE]
    assert any("ec2:CreateSecurityGroup" in change.reason for change in failed)
