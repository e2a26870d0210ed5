"""Promise 2: a second run writes nothing, and what runtime does is no drift."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from reconciler.plan.model import Outcome
from tests.kinds.world import rows
from tests.promises.conftest import FleetWorld, MakeWorld, client, group, start, stop
from tests.promises.fleets import VISION

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

NAME = "acme-alice"


@pytest.fixture(scope="module")
def settled(make_module_world: MakeWorld) -> FleetWorld:
    """A fleet with every kind of thing in it, applied."""
    world = make_module_world(VISION)
    world.settle()
    return world


@pytest.fixture
def world(settled: FleetWorld) -> Iterator[FleetWorld]:
    """The same; whatever runs is stopped afterwards."""
    yield settled
    stop(NAME)
    assert not settled.look().plan.changes


def test_the_second_run_makes_no_mutating_call(world: FleetWorld) -> None:
    with world.recorder.record() as recorder:
        report = world.run()
    assert rows(report) == []
    assert recorder.writes == []
    assert report.plan.summary()["unchanged"] == len(report.plan.unchanged) > 15


def _start() -> None:
    start(NAME)
    assert len(group(NAME)["Instances"]) == 1


def _start_and_stop() -> None:
    _start()
    stop(NAME)
    assert group(NAME)["Instances"] == []


def _interrupt() -> None:
    """AWS takes the instance; the group brings another."""
    _start()
    (before,) = group(NAME)["Instances"]
    client("ec2").terminate_instances(InstanceIds=[before["InstanceId"]])
    (after,) = group(NAME)["Instances"]
    assert after["InstanceId"] != before["InstanceId"]


def _runtime_tags() -> None:
    """`extend` and `hold` write what the YAML must never say."""
    tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    until = {**tag, "Key": "reconciler:hold-until", "Value": "2026-11-20T19:00:00Z"}
    client("autoscaling").create_or_update_tags(Tags=[until])


RUNTIME: dict[str, Callable[[], None]] = {
    "started": _start,
    "started-and-stopped": _start_and_stop,
    "interrupted": _interrupt,
    "held": _runtime_tags,
}


@pytest.mark.parametrize("happens", RUNTIME)
def test_what_runtime_does_is_no_drift(world: FleetWorld, happens: str) -> None:
    RUNTIME[happens]()
    before = group(NAME)["DesiredCapacity"]
    with world.recorder.record() as recorder:
        report = world.run()
    assert rows(report) == []
    assert recorder.writes == []
    assert group(NAME)["DesiredCapacity"] == before


def test_a_start_that_finds_no_capacity_is_no_drift(
    world: FleetWorld, sandbox_server: Sandbox
) -> None:
    sandbox_server.capacity.take("*")
    try:
        start(NAME)
        assert group(NAME)["Instances"] == []
        assert rows(world.run()) == []
        assert group(NAME)["DesiredCapacity"] == 1, "still wanted"
    finally:
        stop(NAME)
        sandbox_server.capacity.give("*")


def test_one_run_finishes_a_change_that_goes_through_several_things(world: FleetWorld) -> None:
    """A new image is a new template version, and with it another number in the group."""
    deeper = {**VISION, "defaults": {"storage": {"root": {"size": "150GiB"}}}}
    world.declare(deeper)
    report = world.run()
    assert {(c.key.kind, c.outcome) for c in report.plan.changes} == {
        ("launch_template", Outcome.DONE),
        ("auto_scaling_group", Outcome.DONE),
    }
    with world.recorder.record() as recorder:
        assert rows(world.run()) == []
    assert recorder.writes == []
    world.declare(VISION)
    world.settle()
