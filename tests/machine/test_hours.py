"""The person hears of a stop by schedule in time; hours that are unknown say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.machine.watch_world import Watched, group, time
from tests.support.machine import START
from ws.aws import AwsError


@pytest.fixture
def box(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def hours(box: Watched, **tags: str) -> None:
    """Set the tags of the group."""
    box.aws.answers["DescribeAutoScalingGroups"] = group(**tags)


def test_a_stop_by_schedule_is_told_15_5_and_1_minutes_before(box: Watched) -> None:
    hours(box, stop=f"{time(3600)} its schedule")
    lines = []
    for _ in range(3600 // 5):
        box.look()
        lines += [(3600 - (box.host.now() - 5 - START), line) for line in box.shown]
    assert [(left, line[:14]) for left, line in lines] == [
        (900, "within 15 min:"),
        (300, "within 5 min: "),
        (60, "within 60 s: t"),
    ]
    assert lines[0][1] == (
        f"within 15 min: this workstation stops ({time(3600)} its schedule). "
        "To keep it on, run on your own computer: workstation extend 2h"
    )
    assert box.leaves == 0


def test_a_machine_that_starts_shortly_before_the_stop_is_told_once(box: Watched) -> None:
    hours(box, stop=f"{time(240)} its schedule")
    box.look(10)
    (line,) = box.shown
    assert line.startswith("within 4 min: ")


def test_the_later_one_of_schedule_and_override_counts(box: Watched) -> None:
    hours(box, stop=f"{time(600)} its schedule", override=f"on until {time(840)} alice@example.com")
    box.look()
    (line,) = box.shown
    assert f"(on until {time(840)} alice@example.com)" in line


@pytest.mark.parametrize(
    "override",
    [
        f"on until {time(-60)} alice",  # over
        f"on until {time(40 * 86400)} alice",  # longer than any command gives
        f"off until {time(840)} alice",
        f"turned off {time(840)} idle",
        "on until soon",
        "on until 2026-02-31T00:00:00Z x",
        "",
    ],
)
def test_an_override_that_does_not_hold_changes_no_notice(box: Watched, override: str) -> None:
    hours(box, stop=f"{time(600)} its schedule", override=override)
    box.look()
    (line,) = box.shown
    assert f"({time(600)} its schedule)" in line


def test_an_extension_is_seen_within_a_minute_and_told_anew(box: Watched) -> None:
    hours(box, stop=f"{time(900)} its schedule")
    box.look()
    assert box.shown
    hours(box, stop=f"{time(900)} its schedule", override=f"on until {time(8100)} alice")
    box.look(12 * 15)
    assert box.shown == []
    box.look(12 * 105)
    assert [line[:14] for line in box.shown] == ["within 15 min:"]


def test_the_group_is_read_every_five_minutes_and_every_minute_before_a_stop(box: Watched) -> None:
    box.look(60)
    assert len(box.aws.called("DescribeAutoScalingGroups")) == 1
    box.look()
    assert len(box.aws.called("DescribeAutoScalingGroups")) == 2
    hours(box, stop=f"{time(1500)} its schedule")
    box.look(60)
    before = len(box.aws.called("DescribeAutoScalingGroups"))
    box.look(24)
    assert len(box.aws.called("DescribeAutoScalingGroups")) == before + 2


@pytest.mark.parametrize(
    "answer",
    [
        AwsError("x", "AccessDenied", "no"),
        "<r><AutoScalingGroups/></r>",
        group(),
        group(stop="soon its schedule"),
        group(stop="2026-02-31T00:00:00Z"),
        group(stop=f"{time(-5)} its schedule"),
    ],
)
def test_unknown_hours_say_nothing(box: Watched, answer: str | AwsError) -> None:
    hours(box)
    box.aws.answers["DescribeAutoScalingGroups"] = answer
    box.look(61)
    assert box.shown == []


def test_a_stop_that_has_become_unknown_is_not_told(box: Watched) -> None:
    """It may have been moved meanwhile."""
    hours(box, stop=f"{time(1200)} its schedule")
    box.look()
    box.aws.answers["DescribeAutoScalingGroups"] = AwsError("x", "Throttling", "slow")
    box.look(12 * 18)
    assert box.shown == []


def test_a_clock_that_is_set_back_delays_no_reading(box: Watched) -> None:
    box.look()
    box.host.time -= 86400
    box.look()
    assert len(box.aws.called("DescribeAutoScalingGroups")) == 2


def test_who_may_tag_the_group_cannot_hide_the_way_to_extend(box: Watched) -> None:
    hours(box, stop=f"{time(600)} &lt;b&gt;{'x' * 500}")
    box.look()
    (line,) = box.shown
    assert line.endswith("workstation extend 2h")
    assert "<b>" not in line


def test_who_may_tag_the_group_writes_no_file(box: Watched) -> None:
    hours(box, stop=f"{time(600)} ../../../../../../escape")
    box.look()
    assert box.shown
    names = {path.name for path in box.host.root.rglob("*") if path.is_file()}
    assert not [name for name in names if "escape" in name]
