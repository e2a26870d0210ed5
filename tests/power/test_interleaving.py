"""Backstops take turns: one that comes back after each stop holds up nobody. No AWS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.declare.timers import CronRule
from reconciler.power.limits import Candidate, Limits, check
from reconciler.workstation.model import Group
from reconciler.workstation.read import to_group
from tests.support.fake_aws import FakeAws

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOURS = (
    CronRule("start", "cron(0 9 ? * MON-FRI *)", "UTC"),
    CronRule("stop", "cron(0 19 ? * MON-FRI *)", "UTC"),
)
NAMES = ("aaa", "bob", "carol", "dave")


REGION = "us-east-1"


def _instance(id_: str, launched: datetime) -> dict[str, Any]:
    """As EC2 describes one."""
    return {
        "InstanceId": id_,
        "InstanceType": "g6.xlarge",
        "Placement": {"AvailabilityZone": "us-east-1a"},
        "State": {"Name": "running"},
        "LaunchTime": launched,
    }


def _group(region: str, name: str) -> Group:
    """A workstation that is on, with one instance."""
    tags = {"reconciler:site": "acme", "reconciler:workstation": name}
    member = {
        "InstanceId": f"i-{name}",
        "InstanceType": "g6.xlarge",
        "AvailabilityZone": "us-east-1a",
        "LifecycleState": "InService",
    }
    described = {
        "AutoScalingGroupName": f"acme-{name}",
        "MinSize": 0,
        "MaxSize": 1,
        "DesiredCapacity": 1,
        "Instances": [member],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    return to_group(region, described)


@dataclass
class Running:
    """Who runs, and since when."""

    launched: dict[str, datetime]

    def instances(self, **_parameters: Any) -> dict[str, Any]:
        """Answer DescribeInstances."""
        found = [_instance(f"i-{name}", at) for name, at in self.launched.items()]
        return {"Reservations": [{"Instances": [each]} for each in found]}

    def stop(self, now: datetime, limits: dict[str, Any]) -> list[str]:
        """Whom a run at this time stops."""
        candidates = [
            Candidate(_group(REGION, name), Limits(name, **{"max_runtime": None, **limits}))
            for name in sorted(self.launched)
        ]
        aws = FakeAws(describe_instances=self.instances)
        stops = check(candidates, len(NAMES), {REGION: aws}, now, lambda *_: "")
        found = [key.name.removeprefix("acme-") for key in stops.reasons]
        for name in found:
            del self.launched[name]
        return found


@pytest.mark.parametrize(
    "limits",
    [{"rules": HOURS, "stops_outside_hours": True}, {"max_runtime": 3600}],
    ids=["outside-hours", "max-runtime"],
)
def test_one_that_is_started_every_five_minutes_holds_up_nobody(limits: dict[str, Any]) -> None:
    """Four are forgotten, a run stops one of them, and aaa starts itself again and again."""
    noon = MONDAY + timedelta(hours=12)
    running = Running(dict.fromkeys(NAMES, noon))
    now, stopped = MONDAY + timedelta(hours=20), []
    for _ in range(4):
        stopped += running.stop(now, limits)
        running.launched.setdefault("aaa", now + timedelta(minutes=5))
        now += timedelta(minutes=15)
    assert stopped == ["aaa", "bob", "carol", "dave"]


def test_the_one_that_is_beyond_its_end_the_longest_goes_first() -> None:
    early, late = MONDAY + timedelta(hours=8), MONDAY + timedelta(hours=21)
    running = Running({"aaa": late, "bob": early, "carol": MONDAY + timedelta(hours=20)})
    limits = {"rules": HOURS, "stops_outside_hours": True}
    now = MONDAY + timedelta(hours=22)
    assert [running.stop(now, limits) for _ in range(3)] == [["bob"], ["carol"], ["aaa"]]
