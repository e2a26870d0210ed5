"""What becomes of a call of a schedule: tried again, given up and counted, a dead letter."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.helpers import MINUTE, Aws, at, moved, schedule

RETRIES = {"RetryPolicy": {"MaximumEventAgeInSeconds": 900, "MaximumRetryAttempts": 185}}


def test_a_held_workstation_is_not_stopped_and_retries_end(ready: Aws) -> None:
    change = ready.autoscaling.update_auto_scaling_group
    change(AutoScalingGroupName="acme-alice", MinSize=1)
    schedule(ready, "stop", "at(2026-11-20T19:00:00)", 0, target=RETRIES)
    first, last = moved(ready, at(11, 20, 18, 20))
    below = "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup."
    assert first == (
        "11-20 18:00 schedule default/stop: setDesiredCapacity refused, to be tried again: "
        f"ValidationError: {below}"
    )
    assert last.startswith("11-20 18:07 schedule default/stop: setDesiredCapacity given up after 4")
    change(AutoScalingGroupName="acme-alice", MinSize=0)
    assert moved(ready, timedelta(days=1)) == []
    assert ready.described()["DesiredCapacity"] == 1


def test_a_retry_comes_through_once_it_may(ready: Aws) -> None:
    change = ready.autoscaling.update_auto_scaling_group
    change(AutoScalingGroupName="acme-alice", MaxSize=0)
    schedule(ready, "start", "at(2026-11-20T11:00:00)", target=RETRIES)
    assert len(moved(ready, at(11, 20, 10, 5))) == 1
    change(AutoScalingGroupName="acme-alice", MaxSize=1)
    (happened,) = moved(ready, at(11, 20, 10, 20))
    assert happened.startswith("11-20 10:07 ")
    assert happened.endswith("done at retry 4")
    assert ready.described()["DesiredCapacity"] == 1


def test_attempts_end_retries_too(ready: Aws) -> None:
    never = {"RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 0}}
    schedule(ready, "start", "at(2026-11-20T11:00:00)", 2, target=never)
    (happened,) = moved(ready, timedelta(days=2))
    assert "given up after 0 retries: ValidationError: New SetDesiredCapacity value 2" in happened


@pytest.mark.parametrize(
    ("call", "words", "outcome"),
    [
        ("autoscaling:updateAutoScalingGroup", {"MinSize": 1}, "done"),
        ("autoscaling:setDesiredCapacity", {"DesiredCapacity": "1"}, "Invalid type"),
        ("autoscaling:setDesiredCapacity", {}, "Missing required parameter"),
        ("autoscaling:setDesiredCapacity", {"DesiredCapacity": 1, "x": 1}, "Unknown parameter"),
        ("sqs:sendMessage", {}, "NotImplemented"),
        (
            "autoscaling:putScheduledUpdateGroupAction",
            {"ScheduledActionName": "a", "StartTime": "2026-11-21T00:00:00Z", "MinSize": 0},
            "done",
        ),
    ],
)
def test_any_call_of_the_sandbox_is_a_target(
    ready: Aws, call: str, words: dict[str, Any], outcome: str
) -> None:
    target = {
        "Arn": f"arn:aws:scheduler:::aws-sdk:{call}",
        "Input": json.dumps({"AutoScalingGroupName": "acme-alice", **words}),
    }
    schedule(ready, "any", "at(2026-11-20T11:00:00)", target=target)
    happened = moved(ready, timedelta(hours=1))
    assert outcome in happened[0]


def counted(aws: Aws, metric: str) -> float:
    """The sum of a metric of the default schedule group over the last day."""
    now = aws.sandbox.clock.now()
    dimensions = [{"Name": "ScheduleGroup", "Value": "default"}]
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Scheduler",
        MetricName=metric,
        Dimensions=dimensions,
        StartTime=now - timedelta(days=1),
        EndTime=now + MINUTE,
        Period=86400,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


@pytest.mark.parametrize("there", [True, False])
def test_a_call_that_is_given_up_goes_to_the_dead_letters_and_is_counted(
    ready: Aws, there: bool
) -> None:
    sqs, arn = ready.client("sqs"), "arn:aws:sqs:us-east-1:123456789012:dead"
    if there:
        sqs.create_queue(QueueName="dead")
    policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 900}
    target = {"RetryPolicy": policy, "DeadLetterConfig": {"Arn": arn}}
    schedule(ready, "two", "at(2026-11-20T13:00:00)", 2, target=target)
    moved(ready, at(11, 20, 13))
    assert counted(ready, "InvocationAttemptCount") == counted(ready, "TargetErrorCount") == 3
    assert counted(ready, "InvocationDroppedCount") == 1
    assert counted(ready, "InvocationsSentToDeadLetterCount") == there
    assert counted(ready, "InvocationsFailedToBeSentToDeadLetterCount") == (not there)
    if there:
        url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        (letter,) = found["Messages"]
        attributes = {
            key: attribute["StringValue"] for key, attribute in letter["MessageAttributes"].items()
        }
        assert attributes["ERROR_CODE"] == "ValidationError"
        assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
        assert attributes["RETRY_ATTEMPTS"] == "2"
        assert attributes["SCHEDULE_ARN"].endswith(":schedule/default/two")
        assert json.loads(letter["Body"])["DesiredCapacity"] == 2
