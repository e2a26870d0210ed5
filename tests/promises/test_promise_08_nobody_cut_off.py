"""Promise 8: no edit of YAML, and no repair, ends or restarts what somebody works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler.plan.model import Outcome, Report
from tests.kinds.world import row, rows
from tests.promises.conftest import FleetWorld, MakeWorld, client, group, start, stop
from tests.promises.fleets import BOB, TYPES, VISION, Tree, vision

NAME = "acme-bob"
CUTTING = {
    "autoscaling:SetDesiredCapacity",
    "autoscaling:StartInstanceRefresh",
    "autoscaling:TerminateInstanceInAutoScalingGroup",
    "autoscaling:DetachInstances",
    "autoscaling:EnterStandby",
    "ec2:TerminateInstances",
    "ec2:StopInstances",
    "ec2:RebootInstances",
    "ec2:DetachVolume",
}
"""Calls that end what runs; a run makes none of them."""


def bob(**settings: Any) -> Tree:
    return vision(bob={**BOB, **settings})


SHAPES: dict[str, Tree] = {
    "image": bob(image={"name": "amzn2-ami-hvm-*", "owner": "amazon"}),
    "instance-types": bob(instance_types=[*TYPES, "g6.2xlarge"]),
    "a-need-for-types": vision(bob={**{k: v for k, v in BOB.items() if k != "instance_types"},
                                    "gpu": {"memory": "24GB"}}),
    "root-disk": bob(storage={**BOB["storage"], "root": {"size": "200GiB"}}),
    "a-mount": bob(storage={**BOB["storage"], "mounts": [{"file_system": "datasets", "at": "/d"}]}),
    "tags": bob(tags={"Project": "titan"}),
    "owner": bob(owner="robert@example.com"),
    "hours": bob(schedule={**BOB["schedule"], "stop": "Mon-Fri 20:00"}),
    "no-hours": bob(schedule=None),
    "home-grows": bob(storage={"home": {"ebs": {"size": "300GiB"}}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def settled(make_module_world: MakeWorld) -> FleetWorld:
    world = make_module_world(VISION)
    world.settle()
    return world


@pytest.fixture
def world(settled: FleetWorld) -> Iterator[FleetWorld]:
    """bob is at work; afterwards all is as before."""
    start(NAME)
    yield settled
    stop(NAME)
    settled.declare(VISION)
    settled.edits.clear()
    settled.run(approve=approvals(settled))
    left = {change.error for change in settled.run().plan.changes}
    assert left <= {"refused"}, "a volume that has grown stays so"


def at_work() -> tuple[int, list[str], int]:
    """What must stay: desired capacity, the instances, and that they are not being replaced."""
    found = group(NAME)
    instances = [each["InstanceId"] for each in found["Instances"]]
    assert len(instances) == 1
    alive = client("ec2").describe_instances(InstanceIds=instances)["Reservations"]
    assert {i["State"]["Name"] for r in alive for i in r["Instances"]} == {"running"}
    return found["DesiredCapacity"], instances, len(found["Instances"])


def approvals(world: FleetWorld) -> str:
    return " ".join(finding.approval for finding in world.look().findings)


def run_twice(world: FleetWorld) -> Report:
    """With every approval that the guards ask for."""
    before = at_work()
    approve = approvals(world)
    with world.recorder.record() as recorder:
        report = world.run(approve=approve)
        world.run()
    assert at_work() == before
    assert not recorder.names & CUTTING
    assert not [sent for sent in recorder.sent if sent.writes and "DesiredCapacity=" in sent.text]
    return report


@pytest.mark.parametrize("shape", SHAPES)
def test_a_change_of_shape_waits_for_the_next_start(world: FleetWorld, shape: str) -> None:
    world.declare(SHAPES[shape])
    report = run_twice(world)
    changes = [change for change in report.plan.changes if change.workstation == "bob"]
    assert {change.outcome for change in changes} == {Outcome.DONE}, rows(report)
    assert rows(world.look()) == [], "it is written, and taken at the next start"


def test_the_next_start_takes_the_new_shape(world: FleetWorld) -> None:
    world.declare(SHAPES["root-disk"])
    run_twice(world)
    old = group(NAME)["Instances"][0]["LaunchTemplate"]["Version"]
    stop(NAME)
    start(NAME)
    assert group(NAME)["Instances"][0]["LaunchTemplate"]["Version"] == str(int(old) + 1)


def test_another_market_is_held_until_nothing_runs(world: FleetWorld) -> None:
    """AWS replaces what runs when the split between Spot and On-Demand changes."""
    world.declare(bob(spot_policy="on-demand"))
    report = run_twice(world)
    (held,) = [change for change in report.plan.changes if change.outcome is Outcome.WAITING]
    assert (held.key.name, held.error) == (NAME, "in-use")
    assert [f.field for f in held.fields] == ["on_demand_percentage_above_base_capacity"]
    assert "is running; applied once nothing runs" in held.reason
    stop(NAME)
    assert row(world.run(), held.key).outcome is Outcome.DONE
    spread = group(NAME)["MixedInstancesPolicy"]["InstancesDistribution"]
    assert spread["OnDemandPercentageAboveBaseCapacity"] == 100


def test_what_is_held_does_not_hold_up_the_rest_of_the_same_policy(world: FleetWorld) -> None:
    """The whole policy goes with each update: it must carry the live split."""
    world.declare(bob(spot_policy="on-demand", instance_types=["g5.xlarge", "g6.xlarge"]))
    run_twice(world)
    policy = group(NAME)["MixedInstancesPolicy"]
    types = [each["InstanceType"] for each in policy["LaunchTemplate"]["Overrides"]]
    assert types == ["g5.xlarge", "g6.xlarge"]
    assert policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 0


def _edited(**settings: Any) -> Callable[[], None]:
    return lambda: client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=NAME, **settings
    )


@pytest.mark.parametrize(
    ("edit", "field", "held"),
    [
        (_edited(MaxSize=3), "MaxSize", True),
        (_edited(MinSize=1), "MinSize", False),
        (_edited(CapacityRebalance=True), "CapacityRebalance", False),
    ],
    ids=["max-size", "min-size", "rebalance"],
)
def test_a_repair_of_what_a_hand_changed_cuts_nobody_off(
    world: FleetWorld, edit: Callable[[], None], field: str, held: bool
) -> None:
    right = group(NAME)[field]
    edit()
    wrong = group(NAME)[field]
    run_twice(world)
    assert group(NAME)[field] == (wrong if held else right)
    stop(NAME)
    world.run()
    assert group(NAME)[field] == right


def test_a_removal_waits(world: FleetWorld) -> None:
    world.declare(vision(bob=None))
    report = run_twice(world)
    assert {c.outcome for c in report.plan.changes if c.key.kind != "schedule"} == {Outcome.WAITING}


def test_a_start_under_way_counts_as_running(world: FleetWorld) -> None:
    """Desired is 1 and no instance is there yet: Spot is dry, and somebody waits for it."""
    stop(NAME)
    client("autoscaling").suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
    start(NAME)
    assert group(NAME)["Instances"] == []
    world.declare(vision(bob=None))
    report = world.run()
    waiting = [c for c in report.plan.changes if c.key.kind == "auto_scaling_group"]
    assert waiting[0].reason == "a start was requested; a run removes it when nothing runs"
    assert group(NAME)["DesiredCapacity"] == 1
