"""Instances that wait in a lifecycle hook before they end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from reconciler.sandbox.control import interruption
from reconciler.sandbox.services import hooks
from tests.sandbox.helpers import Aws, moved, refused
from tests.sandbox.test_bus import REGION, bodies, listen

NAME = "acme-alice"
HOOK: dict[str, Any] = {
    "LifecycleHookName": "reconciler-stop",
    "LifecycleTransition": hooks.TERMINATING,
    "HeartbeatTimeout": 300,
    "DefaultResult": "CONTINUE",
}
WHICH = {"AutoScalingGroupName": NAME, "LifecycleHookName": "reconciler-stop"}


@pytest.fixture
def on(still: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """A group whose instance has no machine that would complete the hook."""
    monkeypatch.setattr(hooks, "ON_WAITING", [])
    still.template()
    still.group(DesiredCapacity=1, LifecycleHookSpecificationList=[HOOK])
    return still


def members(aws: Aws) -> dict[str, str]:
    """The state of each instance in the group."""
    return {m["InstanceId"]: m["LifecycleState"] for m in aws.described()["Instances"]}


def want(aws: Aws, desired: int) -> None:
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=desired)


def ec2_state(aws: Aws, instance: str) -> str:
    found = aws.ec2.describe_instances(InstanceIds=[instance])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


def stopping(aws: Aws) -> str:
    """Turn the group off, and name its instance, which waits."""
    (instance,) = members(aws)
    want(aws, 0)
    assert members(aws) == {instance: "Terminating:Wait"}
    assert ec2_state(aws, instance) == "running"
    return instance


def test_without_an_answer_it_ends_when_the_time_is_over(on: Aws) -> None:
    instance = stopping(on)
    moved(on, timedelta(seconds=299))
    assert members(on) == {instance: "Terminating:Wait"}
    (line,) = moved(on, timedelta(seconds=1))
    assert line.endswith(f"{instance} ends: nothing completed the hook reconciler-stop in time")
    assert not members(on)
    assert ec2_state(on, instance) == "terminated"


@pytest.mark.parametrize("result", hooks.RESULTS)
def test_completed_by_its_id_it_ends_at_once(on: Aws, result: str) -> None:
    instance = stopping(on)
    done = {**WHICH, "InstanceId": instance, "LifecycleActionResult": result}
    on.autoscaling.complete_lifecycle_action(**done)
    assert not members(on)
    assert ec2_state(on, instance) == "terminated"
    with refused(
        "ValidationError", f"No active Lifecycle Action found with instance ID {instance}"
    ):
        on.autoscaling.complete_lifecycle_action(**done)
    assert moved(on, timedelta(hours=1)) == []


def test_the_event_carries_the_token_that_completes_it(on: Aws) -> None:
    url = listen(on, raw=True, pattern={"source": ["aws.autoscaling"]})
    instance = stopping(on)
    (event,) = (json.loads(text) for text in bodies(on, url))
    assert event["detail-type"] == "EC2 Instance-terminate Lifecycle Action"
    assert event["detail"]["EC2InstanceId"] == instance
    token = event["detail"]["LifecycleActionToken"]
    done = {**WHICH, "LifecycleActionResult": "CONTINUE"}
    other = token[::-1]
    with refused("ValidationError", f"No active Lifecycle Action found with token {other}"):
        on.autoscaling.complete_lifecycle_action(**done, LifecycleActionToken=other)
    with refused("ValidationError"):
        on.autoscaling.complete_lifecycle_action(**done)
    on.autoscaling.complete_lifecycle_action(**done, LifecycleActionToken=token)
    assert not members(on)
    (event,) = (json.loads(text) for text in bodies(on, url))
    assert event["detail-type"] == "EC2 Instance Terminate Successful"


def test_a_heartbeat_begins_the_time_anew(on: Aws) -> None:
    instance = stopping(on)
    moved(on, timedelta(seconds=200))
    on.autoscaling.record_lifecycle_action_heartbeat(**WHICH, InstanceId=instance)
    moved(on, timedelta(seconds=299))
    assert members(on) == {instance: "Terminating:Wait"}
    moved(on, timedelta(seconds=1))
    assert not members(on)


def test_heartbeats_hold_it_for_a_hundred_timeouts_at_most(on: Aws) -> None:
    stopping(on)
    for _ in range(110):
        instance = next(iter(members(on)), "")
        if not instance:
            break
        on.autoscaling.record_lifecycle_action_heartbeat(**WHICH, InstanceId=instance)
        moved(on, timedelta(seconds=299))
    assert not members(on)
    passed = on.sandbox.world.now() - on.sandbox.clock.real()
    assert passed <= timedelta(seconds=100 * 300 + 299)


def test_a_start_while_the_old_one_waits_launches_beside_it(on: Aws) -> None:
    old = stopping(on)
    want(on, 1)
    found = members(on)
    assert found.pop(old) == "Terminating:Wait"
    (new,) = found
    assert found[new] == "InService"
    moved(on, timedelta(seconds=300))
    assert members(on) == {new: "InService"}


def test_a_spot_interruption_waits_for_no_hook_and_still_has_one(on: Aws) -> None:
    (old,) = members(on)
    interruption.interrupt(on.sandbox.world, REGION, old, at_once=True)
    assert ec2_state(on, old) == "terminated"
    assert members(on)[old] == "Terminating:Wait"
    assert sorted(members(on).values()) == ["InService", "Terminating:Wait"]
    assert hooks.complete(on.sandbox.world, REGION, NAME, old, "reconciler-stop")
    assert not hooks.complete(on.sandbox.world, REGION, NAME, old, "reconciler-stop")
    assert list(members(on).values()) == ["InService"]


def test_one_that_spot_takes_while_it_waits_is_gone_from_ec2_alone(on: Aws) -> None:
    old = stopping(on)
    interruption.interrupt(on.sandbox.world, REGION, old, at_once=True)
    assert members(on) == {old: "Terminating:Wait"}
    assert ec2_state(on, old) == "terminated"
    moved(on, timedelta(seconds=300))
    assert not members(on)


def test_a_group_with_one_that_waits_is_not_empty(on: Aws) -> None:
    stopping(on)
    with refused("ResourceInUse"):
        on.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=NAME)
    on.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)
    assert moved(on, timedelta(hours=1)) == []


def test_the_activity_goes_on_until_the_instance_is_gone(on: Aws) -> None:
    def newest() -> Any:
        return on.autoscaling.describe_scaling_activities(AutoScalingGroupName=NAME)["Activities"][
            0
        ]

    stopping(on)
    assert newest()["StatusCode"] == "MidLifecycleAction"
    assert "EndTime" not in newest()
    moved(on, timedelta(seconds=300))
    assert newest()["StatusCode"] == "Successful"
    assert newest()["EndTime"] - newest()["StartTime"] == timedelta(seconds=300)


def test_one_that_waits_takes_no_protection(on: Aws) -> None:
    instance = stopping(on)
    with refused("ValidationError", f"The instance {instance} is not in InService"):
        on.autoscaling.set_instance_protection(
            AutoScalingGroupName=NAME, InstanceIds=[instance], ProtectedFromScaleIn=True
        )


def test_a_hook_that_launches_holds_nothing(still: Aws) -> None:
    still.template()
    launching = {**HOOK, "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}
    still.group(DesiredCapacity=1, LifecycleHookSpecificationList=[launching])
    want(still, 0)
    assert not members(still)


def test_two_hooks_are_completed_one_by_one_and_abandon_ends_both(on: Aws) -> None:
    on.autoscaling.put_lifecycle_hook(**{**HOOK, **WHICH, "LifecycleHookName": "logs"})
    instance = stopping(on)
    done = {"InstanceId": instance, "LifecycleActionResult": "CONTINUE"}
    on.autoscaling.complete_lifecycle_action(**{**WHICH, **done})
    assert members(on) == {instance: "Terminating:Wait"}
    on.autoscaling.complete_lifecycle_action(**{**WHICH, **done, "LifecycleHookName": "logs"})
    assert not members(on)
    want(on, 1)
    instance = stopping(on)
    on.autoscaling.complete_lifecycle_action(
        **{**WHICH, "InstanceId": instance, "LifecycleActionResult": "ABANDON"}
    )
    assert not members(on)


def test_a_machine_may_hear_that_it_ends(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(world: Any, region: str, group: str, instance: str) -> None:
        hooks.complete(world, region, group, instance, "reconciler-stop")

    monkeypatch.setattr(hooks, "ON_WAITING", [leave])
    want(on, 0)
    assert not members(on)
