"""Backstops take turns: one that comes back after each stop holds up nobody. No AWS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.declare.timers import Rule
from reconciler.kinds.auto_scaling_group import Instance, Runtime
from reconciler.plan.model import Key
from reconciler.power.backstops import Limits, Up, check

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOURS = (
    Rule("start", "cron(0 9 ? * MON-FRI *)", "UTC"),
    Rule("stop", "cron(0 19 ? * MON-FRI *)", "UTC"),
)
NAMES = ("aaa", "bob", "carol", "dave")


@dataclass
class Region:
    """Who runs, and since when."""

    launched: dict[str, datetime]
    region: str = "us-east-1"
    account: str = "123456789012"
    partition: str = "aws"

    def call(self, *_asked: Any, **_parameters: Any) -> dict[str, Any]:
        raise AssertionError("nothing else is asked")

    def pages(self, *_asked: Any, **_parameters: Any) -> Iterator[dict[str, Any]]:
        for name, at in self.launched.items():
            yield {"Instances": [{"InstanceId": f"i-{name}", "LaunchTime": at}]}

    def stop(self, now: datetime, limits: dict[str, Any]) -> list[str]:
        """Whom a run at this time stops."""
        ups = [
            Up(
                Runtime(1, (Instance(f"i-{name}", "g6.xlarge", "us-east-1a"),), "", None),
                Key(self.region, "auto_scaling_group", f"acme-{name}"),
                Limits(name, **{"max_runtime": None, **limits}),
                None,
            )
            for name in sorted(self.launched)
        ]
        stops = check(ups, len(NAMES), {self.region: self}, now, lambda *_: "")
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
    region = Region(dict.fromkeys(NAMES, noon))
    now, stopped = MONDAY + timedelta(hours=20), []
    for _ in range(4):
        stopped += region.stop(now, limits)
        region.launched.setdefault("aaa", now + timedelta(minutes=5))
        now += timedelta(minutes=15)
    assert stopped == ["aaa", "bob", "carol", "dave"]


def test_the_one_that_is_beyond_its_end_the_longest_goes_first() -> None:
    early, late = MONDAY + timedelta(hours=8), MONDAY + timedelta(hours=21)
    region = Region({"aaa": late, "bob": early, "carol": MONDAY + timedelta(hours=20)})
    limits = {"rules": HOURS, "stops_outside_hours": True}
    now = MONDAY + timedelta(hours=22)
    assert [region.stop(now, limits) for _ in range(3)] == [["bob"], ["carol"], ["aaa"]]
