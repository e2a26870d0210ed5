from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.helpers import Aws, refused

GROUP = {"AutoScalingGroupName": "acme-alice"}
END = "reconciler-override-end"


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def put(aws: Aws, name: str = END, group: str = "acme-alice", **words: Any) -> None:
    aws.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName=group, ScheduledActionName=name, **words
    )


def shown(aws: Aws, **words: Any) -> list[Any]:
    pages = aws.autoscaling.get_paginator("describe_scheduled_actions").paginate(**words)
    return [action for page in pages for action in page["ScheduledUpdateGroupActions"]]


def sizes(aws: Aws) -> tuple[int, int, int]:
    group = aws.described()
    return group["MinSize"], group["MaxSize"], group["DesiredCapacity"]


def test_it_runs_once_at_its_time_and_is_gone(ready: Aws) -> None:
    ready.autoscaling.update_auto_scaling_group(**GROUP, MinSize=1)
    put(ready, StartTime=at(20, 20), MinSize=0, MaxSize=1, DesiredCapacity=0)
    (action,) = shown(ready)
    assert (action["StartTime"], action["MinSize"]) == (at(20, 20), 0)
    assert action["ScheduledActionARN"].endswith(f":scheduledActionName/{END}")
    ready.sandbox.clock.to(at(20, 19, 59))
    assert sizes(ready) == (1, 1, 1)
    (happened,) = ready.sandbox.clock.to(at(21))
    assert happened.at == at(20, 20)
    assert happened.text.endswith("done: min size 0, max size 1, desired capacity 0")
    assert sizes(ready) == (0, 1, 0)
    assert shown(ready) == []
    last = ready.autoscaling.describe_scaling_activities()["Activities"][0]
    assert last["StartTime"] == at(20, 20)
    assert f"the scheduled action {END} executed. Setting min size from 1 to 0" in last["Cause"]
    assert "changing the desired capacity from 1 to 0" in last["Cause"]


def test_bounds_take_the_desired_capacity_along(ready: Aws) -> None:
    put(ready, StartTime=at(20, 20), MinSize=1)
    ready.sandbox.clock.to(at(20, 20))
    assert sizes(ready) == (1, 1, 1)
    assert len(ready.described()["Instances"]) == 1


def test_the_same_name_replaces_and_other_groups_have_their_own(ready: Aws) -> None:
    ready.group("acme-bob")
    put(ready, StartTime=at(20, 20), MinSize=1)
    put(ready, StartTime=at(20, 22), MinSize=1)
    put(ready, group="acme-bob", StartTime=at(20, 20), MinSize=1)
    assert [action["StartTime"] for action in shown(ready, **GROUP)] == [at(20, 22)]
    ready.autoscaling.delete_scheduled_action(
        AutoScalingGroupName="acme-bob", ScheduledActionName=END
    )
    assert [event.at for event in ready.sandbox.clock.to(at(21))] == [at(20, 22)]
    with refused("ValidationError", "not found"):
        ready.autoscaling.delete_scheduled_action(**GROUP, ScheduledActionName=END)


def test_those_of_a_deleted_group_do_not_run_in_the_next_of_its_name(ready: Aws) -> None:
    put(ready, StartTime=at(20, 20), MinSize=1)
    ready.autoscaling.delete_auto_scaling_group(**GROUP)
    ready.group()
    assert ready.sandbox.clock.to(at(21)) == []
    assert sizes(ready) == (0, 1, 0)


def test_one_that_does_not_fit_the_group_is_refused_and_gone(ready: Aws) -> None:
    put(ready, StartTime=at(20, 20), DesiredCapacity=2)
    (happened,) = ready.sandbox.clock.to(at(21))
    assert "refused: ValidationError: Desired capacity:2 must be between" in happened.text
    assert (sizes(ready), shown(ready)) == ((0, 1, 0), [])


def test_none_runs_while_that_is_suspended(ready: Aws) -> None:
    ready.autoscaling.suspend_processes(**GROUP, ScalingProcesses=["ScheduledActions"])
    put(ready, StartTime=at(20, 20), MinSize=1)
    (happened,) = ready.sandbox.clock.to(at(21))
    assert "skipped" in happened.text
    assert (sizes(ready), shown(ready)) == ((0, 1, 0), [])


def test_a_recurrence_is_by_the_wall_of_its_zone_until_it_ends(ready: Aws) -> None:
    words: dict[str, Any] = {
        "Recurrence": "0 19 * * 1-5",
        "TimeZone": "Europe/Berlin",
        "DesiredCapacity": 0,
    }
    put(ready, "stop", **words, EndTime=at(25))
    put(ready, "later", **words, StartTime=at(24, 12))
    happened = ready.sandbox.clock.to(at(25, 18))
    assert [(event.at, event.text.split()[2]) for event in happened] == [
        (at(20, 18), "acme-alice/stop"),
        (at(23, 18), "acme-alice/stop"),
        (at(24, 12), "acme-alice/later"),
        (at(24, 18), "acme-alice/stop"),
        (at(24, 18), "acme-alice/later"),
        (at(25, 18), "acme-alice/later"),
    ]
    assert [action["ScheduledActionName"] for action in shown(ready)] == ["later"]


def test_a_recurrence_that_sleeps_for_months(ready: Aws) -> None:
    put(ready, "new year", Recurrence="0 0 1 1 *", MinSize=1)
    happened = ready.sandbox.clock.forward(timedelta(days=400))
    assert [event.at.date().isoformat() for event in happened] == ["2027-01-01"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"StartTime": at(20, 9), "MinSize": 1}, "Given start time is in the past"),
        ({"StartTime": at(21)}, "At least one of"),
        ({"MinSize": 1}, "needs a StartTime or a Recurrence"),
        ({"StartTime": at(21), "MinSize": 2, "DesiredCapacity": 1}, "equal to min size"),
        ({"StartTime": at(21), "MaxSize": 1, "DesiredCapacity": 2}, "equal to max size"),
        ({"StartTime": at(21), "MinSize": 2, "MaxSize": 1}, "equal to max size"),
        ({"StartTime": at(22), "EndTime": at(21), "MinSize": 1}, "EndTime must be after"),
        ({"Recurrence": "0 25 * * *", "MinSize": 1}, "Invalid recurrence"),
        ({"Recurrence": "0 5 * *", "MinSize": 1}, "Invalid recurrence"),
        ({"Recurrence": "0 5 * * *", "TimeZone": "Mars/Base", "MinSize": 1}, "time zone"),
    ],
)
def test_what_aws_refuses(ready: Aws, words: dict[str, Any], message: str) -> None:
    with refused("ValidationError", message):
        put(ready, **words)
    assert shown(ready) == []


def test_no_two_start_at_one_time(ready: Aws) -> None:
    put(ready, "one", StartTime=at(21), MinSize=1)
    with refused("AlreadyExists", "already exists"):
        put(ready, "two", StartTime=at(21), MinSize=0)
    put(ready, "one", StartTime=at(21), MinSize=0)
    assert [action["MinSize"] for action in shown(ready)] == [0]


def test_batches_name_what_failed_and_keep_the_rest(ready: Aws) -> None:
    good = {"ScheduledActionName": "good", "StartTime": at(21), "MinSize": 1}
    bad = {"ScheduledActionName": "bad", "StartTime": at(19), "MinSize": 1}
    answer = ready.autoscaling.batch_put_scheduled_update_group_action(
        **GROUP, ScheduledUpdateGroupActions=[bad, good]
    )
    (failed,) = answer["FailedScheduledUpdateGroupActions"]
    assert failed == {
        "ScheduledActionName": "bad",
        "ErrorCode": "ValidationError",
        "ErrorMessage": "Given start time is in the past",
    }
    answer = ready.autoscaling.batch_delete_scheduled_action(
        **GROUP, ScheduledActionNames=["good", "bad"]
    )
    (failed,) = answer["FailedScheduledActions"]
    assert failed["ScheduledActionName"] == "bad"
    assert shown(ready) == []
    many = [{**good, "ScheduledActionName": str(number)} for number in range(51)]
    with refused("ValidationError", "At most 50"):
        ready.autoscaling.batch_put_scheduled_update_group_action(
            **GROUP, ScheduledUpdateGroupActions=many
        )


def test_lists_are_paged_and_narrowed(ready: Aws) -> None:
    for number in range(105):
        put(ready, f"action-{number:03}", StartTime=at(21, 0) + timedelta(hours=number), MinSize=1)
    first = ready.autoscaling.describe_scheduled_actions(MaxRecords=100)
    assert len(first["ScheduledUpdateGroupActions"]) == 100
    assert len(shown(ready)) == 105
    names = ["action-007", "nobody"]
    assert [action["MinSize"] for action in shown(ready, **GROUP, ScheduledActionNames=names)] == [
        1
    ]
    assert len(shown(ready, StartTime=at(21, 10), EndTime=at(21, 12))) == 3
    for number in range(105, 125):
        put(ready, f"action-{number:03}", StartTime=at(21, 0) + timedelta(hours=number), MinSize=1)
    with refused("LimitExceeded"):
        put(ready, "one too many", StartTime=at(21, 0, 30), MinSize=1)
    with refused("ValidationError", "MaxRecords"):
        ready.autoscaling.describe_scheduled_actions(MaxRecords=101)
    with refused("ValidationError", "nobody"):
        ready.autoscaling.describe_scheduled_actions(AutoScalingGroupName="nobody")
