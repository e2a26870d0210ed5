"""Override tags that no command wrote: ignored, reported, and nothing stumbles over them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reconciler.kinds import override_end
from reconciler.plan.model import Op
from reconciler.sandbox import Sandbox
from reconciler.schedule.human_time import format_local
from reconciler.workstation.runtime_tags import (
    LONGEST_ON,
    Override,
    active_override,
    parse_override,
    parse_time,
)
from tests.power.days import Days, aws, begin, codes
from tests.power.hand import Hand

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STAMPS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2036-01-01T00:00:00Z")
ZONES = ("Asia/Tokyo", "Pacific/Kiritimati", "America/Los_Angeles")


@pytest.fixture
def days(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Days:
    """Alice within her hours, on."""
    made = begin(sandbox, monkeypatch, tmp_path, "outside_hours: stop")
    made.to("Mon 12:00")
    return made


def tag(value: str, key: str = "reconciler:override") -> None:
    """A tag by somebody's hand."""
    one = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group", "Key": key}
    aws("autoscaling").create_or_update_tags(
        Tags=[{**one, "Value": value, "PropagateAtLaunch": False}]
    )


def test_an_override_that_no_command_gives_is_ignored_and_reported(days: Days) -> None:
    """It would beat max_runtime, hours and schedules for ten years, in another's name."""
    tag("on until 2036-01-01T00:00:00Z bob@example.com")
    report = days.run()
    assert not report.plan.changes, "no sizes and no end of it"
    [finding] = [each for each in report.findings if each.code == "override-too-long"]
    assert "until 2036-01-01T00:00:00Z (the tag names bob@example.com)" in finding.message
    assert "longer than the 31 days" in finding.message
    assert "`workstation stop alice`" in finding.message
    days.to("Mon 19:01")
    assert days.state() == "off", "her schedule holds"


def test_sizes_and_end_of_one_are_taken_back(days: Days) -> None:
    """Whoever writes the tag can write what enforces it, too."""
    tag("on until 2036-01-01T00:00:00Z alice@example.com")
    group = {"AutoScalingGroupName": "acme-alice"}
    aws("autoscaling").update_auto_scaling_group(**group, MinSize=1)
    aws("autoscaling").put_scheduled_update_group_action(
        **group,
        ScheduledActionName=override_end.ACTION,
        StartTime=datetime(2036, 1, 1, tzinfo=UTC),
        MinSize=0,
        MaxSize=1,
    )
    report = days.run()
    assert [(c.op, c.key.kind) for c in report.plan.changes] == [
        (Op.UPDATE, "auto_scaling_group"),
        (Op.DELETE, "override_end"),
    ]
    assert days.group()["MinSize"] == 0
    assert days.state() == "spot", "nobody is cut off"
    report = days.run()
    assert not report.plan.changes, "promise 2"
    assert "override-too-long" in codes(report)


def test_off_may_be_as_long_as_people_are_away(days: Days) -> None:
    days.desire(0)
    tag("off until 2027-05-01T00:00:00Z alice@example.com")
    report = days.run()
    assert "override-too-long" not in codes(report)
    assert days.group()["MaxSize"] == 0


def test_the_longest_that_a_command_gives_is_believed() -> None:
    longest = NOW + LONGEST_ON
    assert active_override(str(Override("on", longest)), NOW) == Override("on", longest)
    assert active_override(str(Override("on", longest + timedelta(seconds=1))), NOW) is None
    assert active_override("off until 2027-05-01T00:00:00Z", NOW) is not None


@pytest.mark.parametrize(
    "text", ["1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "soon"]
)
def test_a_time_that_nobody_can_mean_is_none(text: str) -> None:
    assert parse_time(text) is None
    assert parse_override(f"on until {text}") is None


def test_a_time_is_said_in_every_zone() -> None:
    for zone in ZONES:
        wall = ZoneInfo(zone)
        assert " 1970 " in format_local(datetime.min.replace(tzinfo=UTC), wall, NOW)
        assert "9999" not in format_local(datetime.max.replace(tzinfo=UTC), wall, NOW)
    assert format_local(datetime(2027, 1, 4, 9, tzinfo=UTC), None, NOW).startswith(
        "Mon 04 Jan 2027 09:00"
    )


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The zone of the machine."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_no_command_stumbles_over_a_tag_in_any_zone(hand: Callable[..., Hand], zone: str) -> None:
    """East of Greenwich the year 9999 has no local time, and west of it the year 1 has none."""
    cli = hand()
    cli.days.to("Mon 12:00")
    for stamp in STAMPS:
        for state in ("on", "off"):
            tag(f"{state} until {stamp} bob@example.com")
            tag(f"on-demand since {stamp}", "reconciler:market")
            for line in ("status --all", "status alice", "why alice", "stop alice"):
                assert "Traceback" not in cli(line).err


def test_a_command_writes_over_one_that_is_ignored(hand: Callable[..., Hand]) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    tag("on until 2036-01-01T00:00:00Z bob@example.com")
    assert "2036" not in cli("status alice").out
    cli("stop alice")
    assert cli.stand().override.startswith("turned off ")


def test_an_end_that_recurs_breaks_no_command(hand: Callable[..., Hand]) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    recurring = {"AutoScalingGroupName": "acme-alice", "Recurrence": "0 3 1 1 *"}
    for line in ("status alice", "status --all", "stop alice", "start alice --no-wait"):
        aws("autoscaling").put_scheduled_update_group_action(
            **recurring, ScheduledActionName=override_end.ACTION, DesiredCapacity=1
        )
        assert "Traceback" not in cli(line).err
    cli.days.run()
    assert cli.stand().end is None, "a run takes it away"


def test_a_lease_from_the_future_is_none(days: Days) -> None:
    tag("on-demand since 2199-01-01T00:00:00Z", "reconciler:market")
    days.run()
    assert "reconciler:market" not in days.tags()
    assert days.state() == "spot"
