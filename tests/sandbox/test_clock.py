from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.sandbox.helpers import MINUTE, Aws, at, moved, refused, schedule


def test_time_goes_on_from_where_it_was_moved(aws: Aws) -> None:
    clock = aws.sandbox.clock
    real = clock.real()
    clock.forward(timedelta(days=3))
    first = clock.now()
    assert timedelta(0) <= first - real - timedelta(days=3) < MINUTE
    time.sleep(0.002)
    assert clock.now() > first
    aws.sandbox.reset()
    assert clock.now() - real < MINUTE


def test_every_answer_has_the_time_of_the_world(still: Aws) -> None:
    still.sandbox.clock.to(at(11, 23, 8))
    answer = still.client("sts").get_caller_identity()
    date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert parsedate_to_datetime(date) == at(11, 23, 8)
    made = still.client("sqs").list_queues()  # moto's alone, and in JSON
    assert parsedate_to_datetime(made["ResponseMetadata"]["HTTPHeaders"]["date"]) == at(11, 23, 8)


def test_it_never_goes_back(still: Aws) -> None:
    clock = still.sandbox.clock
    clock.forward(timedelta(hours=1))
    with pytest.raises(ValueError, match="does not go back"):
        clock.to(at(11, 20, 10, 29))
    with pytest.raises(ValueError, match="does not go back"):
        clock.forward(-MINUTE)
    with pytest.raises(ValueError, match="no zone"):
        clock.to(datetime(2026, 11, 23))  # noqa: DTZ001 - that is the mistake
    assert clock.now() == at(11, 20, 10, 30)


def test_a_working_week(ready: Aws) -> None:
    schedule(ready, "start", "cron(0 9 ? * MON-FRI *)")
    schedule(ready, "stop", "cron(0 19 ? * MON-FRI *)", 0)
    done = "schedule default/{}: setDesiredCapacity done"
    assert moved(ready, at(11, 24, 12)) == [
        "11-20 18:00 " + done.format("stop"),
        "11-23 08:00 " + done.format("start"),
        "11-23 18:00 " + done.format("stop"),
        "11-24 08:00 " + done.format("start"),
    ]
    (instance,) = ready.described()["Instances"]
    found = ready.ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
    assert found["Reservations"][0]["Instances"][0]["LaunchTime"] == at(11, 24, 8)
    activities = ready.autoscaling.describe_scaling_activities()["Activities"]
    assert [activity["StartTime"] for activity in activities] == [
        at(11, 24, 8),
        at(11, 23, 18),
        at(11, 23, 8),
    ]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (at(3, 26, 12), at(3, 29, 12), ["03-27 08:00", "03-28 07:00", "03-29 07:00"]),
        (at(10, 29, 12), at(11, 1, 12), ["10-30 07:00", "10-31 08:00", "11-01 08:00"]),
    ],
    ids=["spring", "autumn"],
)
def test_nine_in_berlin_whatever_the_clocks_do(
    ready: Aws, since: datetime, until: datetime, expected: list[str]
) -> None:
    until = until.replace(year=2027)
    moved(ready, since)
    schedule(ready, "start", "cron(0 9 * * ? *)")
    assert [line[:11] for line in moved(ready, until)] == expected


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (at(3, 26, 12), at(3, 29, 12), ["03-27 01:30", "03-29 00:30"]),
        (at(10, 29, 12), at(11, 1, 12), ["10-30 00:30", "10-31 00:30", "11-01 01:30"]),
    ],
    ids=["skipped", "once of two"],
)
def test_half_past_two_in_berlin(
    ready: Aws, since: datetime, until: datetime, expected: list[str]
) -> None:
    until = until.replace(year=2027)
    moved(ready, since)
    schedule(ready, "start", "cron(30 2 * * ? *)")
    assert [line[:11] for line in moved(ready, until)] == expected


def test_what_does_not_fire(ready: Aws) -> None:
    schedule(ready, "off", "rate(1 hours)", State="DISABLED")
    schedule(ready, "gone", "rate(1 hours)", StartDate=at(11, 21))
    ready.scheduler.delete_schedule(Name="gone")
    schedule(ready, "other", "at(2026-11-20T12:00:00)")
    shown = ready.scheduler.get_schedule(Name="other")
    kept = {
        key: shown[key]
        for key in ("Name", "FlexibleTimeWindow", "Target", "ScheduleExpressionTimezone")
    }
    ready.scheduler.update_schedule(**kept, ScheduleExpression="at(2026-11-20T13:00:00)")
    ready.scheduler.create_schedule_group(Name="acme")
    schedule(ready, "grouped", "at(2026-11-20T12:00:00)", GroupName="acme")
    ready.scheduler.delete_schedule_group(Name="acme")
    assert [line[:11] for line in moved(ready, timedelta(days=3))] == ["11-20 12:00"]


def test_dates_bound_a_schedule_and_it_goes_when_it_is_through(ready: Aws) -> None:
    bounds: dict[str, Any] = {"StartDate": at(11, 21, 8), "EndDate": at(11, 23, 8)}
    schedule(ready, "days", "cron(0 9 * * ? *)", **bounds, ActionAfterCompletion="DELETE")
    schedule(ready, "kept", "at(2026-11-22T10:00:00)", StartDate=at(11, 24))
    schedule(ready, "once", "at(2026-11-22T10:01:00)", ActionAfterCompletion="DELETE")
    assert [line[:11] for line in moved(ready, at(11, 22, 0))] == ["11-21 08:00"]
    names = {item["Name"] for item in ready.scheduler.list_schedules()["Schedules"]}
    assert names == {"days", "kept", "once"}
    happened = [line[:11] for line in moved(ready, timedelta(days=3))]
    assert happened == ["11-22 08:00", "11-22 09:00", "11-22 09:01"]
    assert [item["Name"] for item in ready.scheduler.list_schedules()["Schedules"]] == ["kept"]


def test_a_rate_begins_at_once_and_counts_hours(ready: Aws) -> None:
    schedule(ready, "often", "rate(12 hours)")
    happened = [line[:11] for line in moved(ready, timedelta(days=1))]
    assert happened == ["11-20 09:30", "11-20 21:30", "11-21 09:30"]


def test_a_schedule_that_sleeps_for_months(ready: Aws) -> None:
    bounds: dict[str, Any] = {"EndDate": at(9, 30), "ActionAfterCompletion": "DELETE"}
    schedule(ready, "summer", "cron(0 9 1 JUL ? *)", **bounds)
    assert [line[:11] for line in moved(ready, at(7, 2))] == ["07-01 07:00"]
    assert len(ready.scheduler.list_schedules()["Schedules"]) == 1
    assert moved(ready, at(10, 1)) == []
    assert ready.scheduler.list_schedules()["Schedules"] == []


def test_a_schedule_that_deletes_itself(ready: Aws) -> None:
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:scheduler:deleteSchedule",
        "Input": json.dumps({"Name": "self"}),
    }
    schedule(ready, "self", "rate(1 hours)", target=target, ActionAfterCompletion="DELETE")
    assert len(moved(ready, timedelta(hours=3))) == 1


def test_what_is_due_happens_before_the_next_call_is_answered(
    ready: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(ready, "start", "at(2026-11-20T11:00:00)")
    assert ready.described()["DesiredCapacity"] == 0
    monkeypatch.setattr(ready.sandbox.clock, "real", lambda: at(11, 20, 10))
    assert ready.described()["DesiredCapacity"] == 1
    assert [event.text for event in ready.sandbox.clock.recent] == [
        "schedule default/start: setDesiredCapacity done"
    ]


def test_things_happen_in_the_order_of_their_times(ready: Aws) -> None:
    """Put in another order, by different services, over a group that is short for a while."""
    ready.sandbox.capacity.take("*")
    ready.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName="acme-alice",
        ScheduledActionName="end",
        StartTime=at(11, 20, 11),
        MaxSize=0,
    )
    schedule(ready, "late", "at(2026-11-20T12:30:00)")
    schedule(ready, "early", "at(2026-11-20T11:00:00)")
    happened = moved(ready, timedelta(hours=3))
    assert [line[:33] for line in happened] == [
        "11-20 10:00 schedule default/earl",
        "11-20 11:00 scheduled action acme",
        "11-20 11:30 schedule default/late",
    ]
    assert "refused" in happened[2]


def test_a_short_group_asks_again_as_time_goes_on_but_not_without_end(ready: Aws) -> None:
    ready.sandbox.capacity.take("*")
    schedule(ready, "start", "at(2026-11-20T11:00:00)")
    moved(ready, at(11, 20, 10, 10))
    found = ready.autoscaling.describe_scaling_activities()["Activities"]
    tries = [activity["StartTime"] for activity in reversed(found)]
    assert len(tries) >= 4
    assert tries[:2] == [at(11, 20, 10, 0), at(11, 20, 10, 1)]
    assert {activity["StatusCode"] for activity in found} == {"Failed"}
    moved(ready, timedelta(days=3))
    pages = ready.autoscaling.get_paginator("describe_scaling_activities").paginate()
    assert sum(len(page["Activities"]) for page in pages) == 200
    ready.sandbox.capacity.give("*")
    (happened,) = moved(ready, timedelta(hours=1))
    assert happened.endswith("launched, after it had no instance to get")


def test_a_file_system_becomes_available_as_time_goes_on(
    still: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(still.sandbox.world.settings, "fsx_create_seconds", 600)
    made = still.fsx.create_file_system(
        FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=still.subnets()[:1]
    )
    assert made["FileSystem"]["Lifecycle"] == "CREATING"
    moved(still, timedelta(minutes=10))
    (shown,) = still.fsx.describe_file_systems()["FileSystems"]
    assert shown["Lifecycle"] == "AVAILABLE"


def test_a_terminated_instance_is_shown_for_an_hour(ready: Aws) -> None:
    schedule(ready, "start", "at(2026-11-20T11:00:00)")
    schedule(ready, "stop", "at(2026-11-20T12:00:00)", 0)

    def states() -> list[str]:
        found = ready.ec2.describe_instances()["Reservations"]
        return [instance["State"]["Name"] for row in found for instance in row["Instances"]]

    moved(ready, at(11, 20, 11, 59))
    assert states() == ["terminated"]
    moved(ready, 2 * MINUTE)
    assert states() == []


def test_a_start_below_the_minimum_is_refused(ready: Aws) -> None:
    change = ready.autoscaling.update_auto_scaling_group
    change(AutoScalingGroupName="acme-alice", MinSize=1)
    with refused("ValidationError", "value 0 is below min value 1 for the AutoScalingGroup"):
        ready.autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=0)


def test_a_window_spreads_what_fires_at_one_time(ready: Aws) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
    for number in range(20):
        schedule(ready, f"n{number}", "cron(0 13 * * ? *)", 0, window=window)
    clock = ready.sandbox.clock
    noon = at(11, 20, 12)
    times = [
        (event.at - noon, event.text.split()[1])
        for event in clock.to(noon + timedelta(days=1, minutes=20))
    ]
    first, second = times[:20], times[20:]
    assert all(timedelta() <= late <= 5 * MINUTE for late, _ in first)
    assert len({late for late, _ in first}) > 10, "not all at once"
    day = timedelta(days=1)
    assert {name: late for late, name in first} != {name: late - day for late, name in second}
