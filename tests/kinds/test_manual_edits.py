"""Changes of what somebody works with: data that AWS takes away meanwhile, and saved sessions.

Promise 8, for Lustre file systems and for the processes of a group.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.engine.run import apply
from reconciler.kinds import auto_scaling_group, file_system
from reconciler.kinds.lustre_actions import FORGOTTEN
from reconciler.plan.kind import Scope
from reconciler.plan.model import Change, Key, Outcome, Update
from tests.kinds import cases
from tests.kinds.world import World, client, live, row, rows, writes
from tests.support.fake_aws import WrappedAws

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

SHARED = cases.one("file_system", "datasets")
DAY = timedelta(days=1)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    made = World()
    made.settle()
    return made


def switch(name: str, capacity: int) -> None:
    client("autoscaling").set_desired_capacity(
        AutoScalingGroupName=f"acme-{name}", DesiredCapacity=capacity
    )


def later(world: World, sandbox: Sandbox, by: timedelta) -> None:
    """Time passes, with nobody at work at the end of it."""
    sandbox.clock.forward(by)
    world.off()
    world.connect()


def upgrade(world: World) -> Key:
    key = cases.HOME(live(world))
    world.edits[key, "file_system_type_version"] = "2.15"
    return key


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("file_system_type_version", "2.15"),
        ("storage_capacity", 2400),
        ("per_unit_storage_throughput", 250),
    ],
)
def test_a_change_that_takes_data_away_waits_for_those_who_mount_it(
    world: World, field: str, value: Any
) -> None:
    key = cases.HOME(live(world))
    world.edits[key, field] = value
    switch("alice", 1)
    before = world.session.calls()
    waiting = row(world.run(), key)
    assert (waiting.outcome, waiting.error) == (Outcome.WAITING, "in-use")
    assert waiting.reason.startswith("alice: i-")
    assert "fsx:UpdateFileSystem" not in writes(before, world.session.calls())
    switch("alice", 0)
    assert row(world.run(), key).outcome is Outcome.DONE
    assert not world.look().plan.changes


def test_what_nobody_notices_does_not_wait(world: World) -> None:
    key = cases.HOME(live(world))
    world.edits[key, "data_compression_type"] = "NONE"
    switch("alice", 1)
    assert row(world.run(), key).outcome is Outcome.DONE


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_shared_data_waits_for_the_whole_fleet(world: World, name: str) -> None:
    """bob's template names it no more: his machine may be older than that."""
    key = SHARED(live(world))
    world.edits[key, "storage_capacity"] = 2400
    switch(name, 1)
    waiting = row(world.run(), key)
    assert (waiting.outcome, waiting.error) == (Outcome.WAITING, "in-use")
    switch(name, 0)
    done = row(world.run(), key)
    assert done.outcome is Outcome.DONE
    assert isinstance(done.action, Update)
    assert done.action.disturbs == ("alice",), "a guard counts those who mount it"


def test_who_started_since_the_plan_was_made_is_not_disturbed(world: World) -> None:
    key = upgrade(world)
    planned = world.look()
    switch("alice", 1)
    done = apply(planned, world.site, world.environment(), lambda change: None, lambda: False)
    assert row(done, key).outcome is Outcome.WAITING, rows(done)
    assert "alice was started meanwhile" in row(done, key).reason
    assert live(world)[key].spec.file_system_type_version == "2.12"


def given_up(world: World, key: Key) -> Change:
    """An upgrade while a client that is no workstation of ours has it mounted; the next row."""
    dns_name = live(world)[key].attrs["dns_name"]
    ec2 = client("ec2")
    image = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    script = f"#!/bin/sh\nmount -t lustre {dns_name}@tcp:/x /mnt\n"
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, UserData=script)
    assert row(world.run(), key).outcome is Outcome.DONE, "AWS takes it, and tries"
    return row(world.look(), key)


def test_what_aws_gave_up_is_told_with_its_reason_and_not_sent_again(
    world: World, sandbox: Sandbox
) -> None:
    key = upgrade(world)
    change = given_up(world, key)
    assert (change.outcome, change.error) == (Outcome.BLOCKED, "refused")
    assert "clients are connected" in change.reason
    assert "aws fsx update-file-system" in change.reason
    before = world.session.calls()
    later(world, sandbox, FORGOTTEN - DAY)
    assert row(world.run(), key).outcome is Outcome.BLOCKED
    assert "fsx:UpdateFileSystem" not in writes(before, world.session.calls())


def test_after_a_week_it_is_tried_again(world: World, sandbox: Sandbox) -> None:
    key = upgrade(world)
    given_up(world, key)
    later(world, sandbox, FORGOTTEN + DAY)
    assert row(world.look(), key).outcome is Outcome.PLANNED


def test_another_version_may_be_asked_for_at_once(world: World) -> None:
    key = upgrade(world)
    given_up(world, key)
    world.edits[key, "file_system_type_version"] = "2.16"
    assert row(world.look(), key).outcome is Outcome.PLANNED


def test_two_sizes_in_six_hours_are_waited_for_and_nothing_fails(
    world: World, sandbox: Sandbox
) -> None:
    key = cases.HOME(live(world))
    world.edits[key, "storage_capacity"] = 2400
    world.run()
    world.edits[key, "storage_capacity"] = 4800
    waiting = row(world.run(), key)
    assert (waiting.outcome, waiting.error) == (Outcome.WAITING, "later")
    assert "six hours after the last one: from 2026-11-18 16:0" in waiting.reason
    later(world, sandbox, timedelta(hours=6, minutes=1))
    assert row(world.run(), key).outcome is Outcome.DONE


def test_a_fifth_change_of_a_volume_within_a_day_waits(world: World) -> None:
    key = cases.VOLUME(live(world))
    for iops in (3100, 3200, 3300, 3400):
        world.edits[key, "iops"] = iops
        assert row(world.run(), key).outcome is Outcome.DONE
    world.edits[key, "iops"] = 3500
    waiting = row(world.run(), key)
    assert waiting.outcome is Outcome.WAITING, rows(world.look())


SAVED = ["HealthCheck", "ReplaceUnhealthy", "Terminate"]


def save() -> None:
    client("autoscaling").suspend_processes(
        AutoScalingGroupName="acme-alice", ScalingProcesses=SAVED
    )


def test_a_session_that_somebody_saves_is_not_ended_by_a_run(world: World) -> None:
    """What is suspended to keep an instance stays so while it is there."""
    switch("alice", 1)
    client("autoscaling").suspend_processes(
        AutoScalingGroupName="acme-alice", ScalingProcesses=SAVED
    )
    key = cases.FLEET(live(world))
    before = world.session.calls()
    waiting = row(world.run(), key)
    assert (waiting.outcome, waiting.error) == (Outcome.WAITING, "in-use")
    assert [field.field for field in waiting.fields] == ["suspended_endings"]
    assert "autoscaling:ResumeProcesses" not in writes(before, world.session.calls())
    assert live(world)[key].spec.suspended_endings == tuple(SAVED)


def test_it_is_resumed_once_nothing_is_in_the_group(world: World) -> None:
    client("autoscaling").suspend_processes(
        AutoScalingGroupName="acme-alice", ScalingProcesses=SAVED
    )
    key = cases.FLEET(live(world))
    assert row(world.run(), key).outcome is Outcome.DONE
    assert live(world)[key].spec.suspended_endings == ()


def test_azrebalance_is_suspended_before_the_subnets_change(world: World) -> None:
    """With it on, and other subnets, AWS would move what is in use."""
    key = cases.FLEET(live(world))
    autoscaling = client("autoscaling")
    autoscaling.resume_processes(
        AutoScalingGroupName="acme-alice", ScalingProcesses=["AZRebalance"]
    )
    only = live(world)[key].spec.subnets[0]
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="acme-alice", VPCZoneIdentifier=only)
    planned = row(world.look(), key)
    assert {f.field for f in planned.fields} == {"suspended_processes", "subnets"}
    aws = WrappedAws(world.session.region("us-east-1"))
    assert isinstance(planned.action, Update)
    auto_scaling_group.update(aws, planned.action)
    written = [name for name in aws.operations if name.startswith(("suspend", "update"))]
    assert written == ["suspend_processes", "update_auto_scaling_group"]


def test_a_volume_that_is_going_is_no_home(world: World) -> None:
    key = cases.VOLUME(live(world))
    client("ec2").delete_volume(VolumeId=live(world)[key].attrs["id"])
    assert key not in live(world)


def test_a_file_system_whose_subnet_is_not_shown_is_one_broken_row(world: World) -> None:
    """A subnet that is shared no longer, or that was deleted with its file system's failure."""
    key = cases.HOME(live(world))
    subnet = live(world)[key].spec.subnet_id
    aws = WrappedAws(
        world.session.region("us-east-1"), shows=lambda item: item.get("SubnetId") != subnet
    )
    found = {each.key: each for each in file_system.find(aws, Scope("acme", world.session.now()))}
    assert f"{subnet} is not shown to this account" in found[key].broken
    assert found[key].spec is None
    assert found[SHARED(found)].spec is not None or subnet in found[SHARED(found)].broken
