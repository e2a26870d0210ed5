"""Promise 16 for the developer's commands: one odd thing is a warning, the others are shown."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.aws.prices import hourly_price
from reconciler.commands import stop
from reconciler.errors import AwsError
from reconciler.kinds import schedule_names
from reconciler.schedule import hours
from reconciler.workstation import read
from tests.support.fake_aws import FakeAws

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)


def group(name: str = "alice", **changes: Any) -> dict[str, Any]:
    tags = {
        "reconciler:site": "acme",
        "reconciler:workstation": name,
        "reconciler:owner": f"{name}@example.com",
    }
    there = {
        "AutoScalingGroupName": f"acme-{name}",
        "MinSize": 0,
        "MaxSize": 1,
        "DesiredCapacity": 0,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        **changes,
    }
    return {key: value for key, value in there.items() if value is not None}


def groups(*found: dict[str, Any]) -> FakeAws:
    return FakeAws(describe_auto_scaling_groups={"AutoScalingGroups": list(found)})


def instances(*found: dict[str, Any]) -> FakeAws:
    reservations = [{"Instances": [each]} for each in found]
    return FakeAws(
        describe_instances={"Reservations": reservations},
        describe_instance_information={"InstanceInformationList": []},
    )


@pytest.mark.parametrize("odd", [{"MinSize": None}, {"MaxSize": "one"}, {"Instances": [{}]}])
def test_one_odd_group_is_a_warning_and_the_others_are_listed(
    odd: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = read.all_groups(groups(group("alice", **odd), group("bob")))
    assert [each.workstation for each in found] == ["bob"]
    assert "acme-alice cannot be read" in caplog.text


def test_an_odd_group_that_alone_is_asked_for_is_an_error_and_not_gone() -> None:
    odd = groups(group(MinSize=None))
    with pytest.raises(AwsError, match="acme-alice cannot be read"):
        read.by_name(odd, "alice")
    [alice] = read.by_name(groups(group()), "alice")
    with pytest.raises(AwsError, match="acme-alice cannot be read"):
        read.again(odd, alice.name)


def test_an_odd_instance_is_none(caplog: pytest.LogCaptureFixture) -> None:
    whole = {
        "InstanceId": "i-1",
        "InstanceType": "g6.xlarge",
        "Placement": {"AvailabilityZone": "us-east-1a"},
        "State": {"Name": "running"},
        "LaunchTime": NOW,
    }
    assert read.instances(instances(whole), ["i-1"])["i-1"].zone == "us-east-1a"
    for member in whole:
        odd = {name: value for name, value in whole.items() if name != member}
        assert read.instances(instances(odd), ["i-1"]) == {}
    assert "AWS's answer has no LaunchTime" in caplog.text


def test_an_odd_home_is_told_and_the_others_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    [alice] = read.by_name(groups(group()), "alice")
    volumes = [{"VolumeId": "vol-1"}, {"VolumeId": "vol-2", "Size": 200}]
    systems = [{"FileSystemId": "fs-1", "Tags": group()["Tags"]}]
    aws = FakeAws(
        describe_volumes={"Volumes": volumes}, describe_file_systems={"FileSystems": systems}
    )
    assert [each.id for each in stop.retained(aws, alice)] == ["vol-2"]
    assert "a home is kept, and vol-1 cannot be read" in caplog.text
    assert "fs-1 cannot be read" in caplog.text


def test_an_odd_activity_says_nothing() -> None:
    [alice] = read.by_name(groups(group()), "alice")
    good = {"StartTime": NOW, "StatusCode": "Failed", "StatusMessage": "no"}
    odd = [{}, {"StartTime": "now", "StatusCode": "Failed"}, {"StartTime": NOW}]
    aws = FakeAws(describe_scaling_activities={"Activities": [*odd, good]})
    assert read.newest_activities(aws, alice.name) == [good]


def test_an_odd_schedule_makes_the_hours_unknown() -> None:
    [alice] = read.by_name(groups(group()), "alice")
    listed = [{}, {"Name": "alice-start-0a1b", "State": "ENABLED"}]
    aws = FakeAws(
        list_schedules={"Schedules": listed},
        get_schedule={"Target": {"Input": "[" * 9000}},
    )
    assert hours.read(aws, alice) == hours.Hours()


def test_a_neighbour_s_name_blinds_nobody() -> None:
    """`alice-start` and `alice-stop-0a1b2c3d` are workstations too: their schedules begin alike."""
    [alice] = read.by_name(groups(group()), "alice")
    other_names = (
        "alice-start-start-0a1b2c3d",
        "alice-start-stop-0a1b2c3d-2",
        "alice-stop-0a1b2c3d-start-0a1b2c3d",
        "alice-start-0a1b2c3d4",
        "alice-start-0a1b2c3d-x",
    )
    asked = FakeAws(
        list_schedules={"Schedules": [{"Name": n, "State": "ENABLED"} for n in other_names]}
    )
    assert hours.read(asked, alice) == hours.Hours(), "none of these is read"
    for name in other_names[:3]:
        found = schedule_names.NAME.fullmatch(name)
        assert found is not None
        assert found["workstation"] != "alice"


def test_an_odd_price_is_no_price() -> None:
    odd = FakeAws(
        describe_spot_price_history={"SpotPriceHistory": [{"SpotPrice": "0.1"}, {}]},
        get_products={},
    )
    soon = NOW + timedelta(hours=1)
    assert hourly_price(odd, "g6.xlarge", "us-east-1a", "spot", lambda: soon) is None
    assert hourly_price(odd, "g6.xlarge", "us-east-1a", "on-demand", lambda: soon) is None
