"""Groups with a lifecycle hook: how they come to it, and what runs and commands do while one
holds an instance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import AwsError
from reconciler.workstation import read, stop_hook
from reconciler.workstation.model import Group
from tests.strict import sites
from tests.strict.aws import StrictAws
from tests.strict.door import Door
from tests.strict.faults import CRASHES, Faults
from tests.strict.instances import interrupt
from tests.strict.invariants import unhooked, writes
from tests.strict.world import REGION, StrictWorld, new_aws, rows

NAME = "acme-bob"
WHICH = {"AutoScalingGroupName": NAME, "LifecycleHookName": stop_hook.NAME}


def settled() -> StrictWorld:
    """A site of two workstations, bob with an EBS home, whose machines do not leave."""
    world = StrictWorld(new_aws(), sites.fleet(2).site())
    world.settle(3)
    world.aws.machines_leave = False
    return world


def record(aws: StrictAws) -> dict[str, Any]:
    return dict(aws.here("autoscaling", REGION).all("groups")[NAME])


def group(world: StrictWorld) -> Group:
    """Bob's group, as commands read it."""
    found = read.again(Door(world.aws, REGION, "hand"), NAME)
    assert found is not None
    return found


def states(world: StrictWorld) -> list[str]:
    return [member.lifecycle for member in group(world).members]


def of_an_older_version(world: StrictWorld) -> None:
    """Bob's group as it was before there were hooks."""
    tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group"}
    key = {"Key": "reconciler:stop-hook"}
    world.hand("autoscaling", "delete_tags", Tags=[{**tag, **key}])
    world.aws.here("autoscaling", REGION).put("groups", NAME, {**record(world.aws), "Hooks": {}})


def test_a_new_group_has_its_hook_from_the_start() -> None:
    hook = record(settled().aws)["Hooks"][stop_hook.NAME]
    assert (hook["HeartbeatTimeout"], hook["DefaultResult"]) == (300, "CONTINUE")


def test_an_older_group_gets_the_hook_and_after_it_the_tag_while_somebody_works() -> None:
    world = settled()
    world.start("bob")
    world.settle(1)
    of_an_older_version(world)
    before = len(writes(world.aws))
    report = world.run()
    assert report is not None
    assert [sent.operation for sent in writes(world.aws)[before:]] == [
        "put_lifecycle_hook",
        "create_or_update_tags",
    ]
    assert states(world) == ["InService"]
    assert list(unhooked(world.aws)) == []
    assert world.look().plan.changes == ()


@pytest.mark.parametrize("when", CRASHES)
def test_a_run_that_dies_while_it_puts_the_hook_leaves_the_next_one_to_do_so(when: str) -> None:
    world = settled()
    of_an_older_version(world)
    count = len(world.aws.sent)
    StrictWorld(world.aws.fork(), world.site).run()
    for call in range(1, count):
        died = StrictWorld(world.aws.fork(), world.site, Faults({call: CRASHES[when]}))
        died.run()
        assert list(unhooked(died.aws)) == [], call
        healed = replace(died, gate=settled().gate)
        healed.settle(1)
        assert stop_hook.NAME in record(healed.aws)["Hooks"], call
        if not died.errors:
            return
    raise AssertionError("a run without a crash ends the loop")


def test_a_stop_and_a_start_within_the_timeout_launch_beside_the_old_one() -> None:
    """AWS does not count an instance that it ends: the home is free only when that one is gone."""
    world = settled()
    world.start("bob")
    world.settle(1)
    (old,) = group(world).members
    world.start("bob", 0)
    assert group(world).state == "stopping"
    assert world.look().plan.changes == ()
    world.start("bob", 1)
    assert states(world) == ["Terminating:Wait", "InService"]
    found = group(world)
    assert found.state == "on"
    assert found.member is not None
    assert found.member.id != old.id
    report = world.run()
    assert report is not None
    assert rows(report) == []
    world.aws.pause(300)
    assert states(world) == ["InService"]
    assert world.look().plan.changes == ()


def test_a_group_that_leaves_is_deleted_when_its_instance_has_left() -> None:
    world = settled()
    world.start("bob")
    world.start("bob", 0)
    world.site = sites.fleet(1).site()
    world.run()
    assert states(world) == ["Terminating:Wait"]
    world.aws.pause(300)
    world.run()
    assert read.again(Door(world.aws, REGION, "hand"), NAME) is None


def test_a_spot_interruption_holds_the_group_and_not_the_instance() -> None:
    world = settled()
    world.start("bob")
    (old,) = group(world).members
    interrupt(world.aws.here("autoscaling", REGION), NAME)
    ec2 = world.aws.here("ec2", REGION).all("instances")
    assert ec2[old.id]["State"]["Name"] == "terminated"
    assert states(world) == ["Terminating:Wait", "InService"]


def test_a_heartbeat_begins_the_time_anew_and_completing_ends_it() -> None:
    world = settled()
    world.start("bob")
    (old,) = group(world).members
    world.start("bob", 0)
    world.aws.pause(200)
    world.hand("autoscaling", "record_lifecycle_action_heartbeat", **WHICH, InstanceId=old.id)
    world.aws.pause(200)
    assert states(world) == ["Terminating:Wait"]
    done = {**WHICH, "InstanceId": old.id, "LifecycleActionResult": "CONTINUE"}
    world.hand("autoscaling", "complete_lifecycle_action", **done)
    assert states(world) == []
    words = f"No active Lifecycle Action found with instance ID {old.id}"
    with pytest.raises(AwsError, match=words):
        world.hand("autoscaling", "complete_lifecycle_action", **done)
