"""What `simulate` tells is what the schedules in AWS would do, with a reason for each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.declare.fleet import Workstation
from reconciler.declare.load import load
from reconciler.declare.timers import compiled
from reconciler.schedule.cron import fires, rules_of
from reconciler.schedule.simulate import Course, simulate

CALENDARS = """\
calendars: {holidays: {dates: ["2026-12-24/2026-12-26", "2027-01-01"]}}
"""
HOME = """\
site: acme
account: "123456789012"
fleet: vision
defaults:
  owner: alice@example.com
  region: us-east-1
  network: {subnets: {tags: {Tier: private}}}
  image: {ssm_parameter: /golden}
  instance_profile: workstation
  scheduler_role: scheduler
  gpu: {memory: 24GB}
workstations:
  alice:
"""
NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
OFFICE = (
    'start: ["Mon-Thu 08:00", "Fri 09:00"], stop: "daily 20:00", except: [holidays], '
    "timezone: Europe/Berlin"
)


def declared(folder: Path, schedule: str) -> Workstation:
    (folder / "_defaults.yaml").write_text(CALENDARS)
    (folder / "vision.yaml").write_text(f"{HOME}    schedule: {{{schedule}}}\n")
    (found,) = load([folder]).workstations
    return found


def lines_of(course: Course) -> list[str]:
    return [
        f"{moment.local:%a %d %b %H:%M} {moment.action if moment.fires else '-'}"
        + (f" ({moment.note})" if moment.note else "")
        for moment in course.moments
    ]


def test_days_off_take_starts_away_and_no_stop(tmp_path: Path) -> None:
    course = simulate(declared(tmp_path, OFFICE), datetime(2026, 12, 23, tzinfo=UTC), 1)
    assert lines_of(course)[:6] == [
        "Wed 23 Dec 08:00 start",
        "Wed 23 Dec 20:00 stop",
        "Thu 24 Dec 08:00 - (skipped: holidays)",
        "Thu 24 Dec 20:00 stop",
        "Fri 25 Dec 09:00 - (skipped: holidays)",
        "Fri 25 Dec 20:00 stop",
    ]
    assert course.moments[4].text == "Fri 09:00"
    assert str(course.moments[4].where).endswith("vision.yaml:14:41")
    assert [(week.monday, week.on) for week in course.weeks] == [
        (date(2026, 12, 21), timedelta(hours=12)),
        (date(2026, 12, 28), timedelta(hours=24)),
    ]


def test_clock_changes_are_told(tmp_path: Path) -> None:
    night = declared(tmp_path, "start: Sun 02:30, stop: Sun 04:00, timezone: Europe/Berlin")
    forth = simulate(night, datetime(2027, 3, 27), 1)  # noqa: DTZ001  # by the clock on the wall
    assert lines_of(forth)[0] == "Sun 28 Mar 03:00 start (moved: the clocks go forward over 02:30)"
    assert forth.weeks[0].on == timedelta(hours=1)
    back = simulate(night, datetime(2026, 10, 24), 1)  # noqa: DTZ001
    assert lines_of(back)[0] == (
        "Sun 25 Oct 02:30 start (runs once: the clocks go back, 02:30 comes twice)"
    )
    assert back.weeks[0].on == timedelta(hours=2, minutes=30), "the doubled hour counts"


def test_hours_are_known_only_with_both_edges(tmp_path: Path) -> None:
    course = simulate(declared(tmp_path, "stop: daily 20:00, timezone: UTC"), NOW, 1)
    assert {week.on for week in course.weeks} == {None}
    (tmp_path / "vision.yaml").write_text(f"{HOME}    schedule: manual\n")
    (manual,) = load([tmp_path]).workstations
    assert simulate(manual, NOW, 1) == Course("vision", "alice", "", (), ())


def test_it_is_on_from_a_start_before_the_beginning(tmp_path: Path) -> None:
    week = declared(tmp_path, "start: Mon 08:00, stop: Fri 20:00, timezone: UTC")
    course = simulate(week, datetime(2026, 11, 18, tzinfo=UTC), 1)  # a Wednesday
    assert [each.on for each in course.weeks] == [timedelta(hours=68), timedelta(hours=40)]


@pytest.mark.parametrize(
    "schedule",
    [
        OFFICE,
        "start: daily 09:00, except: [holidays], timezone: America/New_York",
        'start: ["Mon 02:30", "Sun 00:15"], stop: [Sun 00:45, Fri 18:00], timezone: Asia/Beirut',
        "start: Thu 23:59, stop: Fri 00:01, except: [holidays], timezone: Pacific/Auckland",
    ],
)
def test_it_tells_the_same_as_what_is_compiled_day_after_day(tmp_path: Path, schedule: str) -> None:
    """Runs every six hours, each with what it would write then: the union of their fires."""
    ws = declared(tmp_path, schedule)
    fired: set[tuple[datetime, str]] = set()
    now, end, step = NOW, NOW + timedelta(weeks=20), timedelta(hours=6)
    while now < end:
        rules = [rule for _, rule in compiled(ws.schedule, now)]
        fired |= {(each.at, each.action) for each in fires(rules, now, min(now + step, end))}
        now += step
    course = simulate(ws, NOW, 20)
    simulated = {(each.at, each.action) for each in course.moments if each.fires}
    assert simulated == {each for each in fired if NOW <= each[0] < end}


def test_the_rules_of_a_workstation_are_right_in_the_past_too(tmp_path: Path) -> None:
    ws = declared(tmp_path, OFFICE)
    now = datetime(2026, 12, 28, 12, tzinfo=UTC)
    firings = fires(rules_of(ws, now), now - timedelta(days=8), now + timedelta(days=50))
    course = simulate(ws, now - timedelta(days=8), 9)
    simulated = [(each.at, each.action) for each in course.moments if each.fires]
    assert [(each.at, each.action) for each in firings] == [
        each for each in simulated if each[0] <= firings[-1].at
    ]
    assert len(firings) > 60


SKIPPED = {  # by the schedule of the last Sunday of March in Berlin, what happens at 03:00
    'start: "Sun 02:30", stop: "Sun 03:00"': [
        "Sun 29 Mar 03:00 - (moved: the clocks go forward over 02:30, where stop 03:00 holds)",
        "Sun 29 Mar 03:00 stop",
    ],
    'start: "Sun 03:00", stop: "Sun 02:30"': [
        "Sun 29 Mar 03:00 start",
        "Sun 29 Mar 03:00 - (moved: the clocks go forward over 02:30, where start 03:00 holds)",
    ],
    'start: "Sun 02:10", stop: "Sun 02:50"': [
        "Sun 29 Mar 03:00 - (moved: the clocks go forward over 02:10, where stop 02:50 holds)",
        "Sun 29 Mar 03:00 stop (moved: the clocks go forward over 02:50)",
    ],
    'start: ["Sun 02:10", "Sun 02:20"], stop: "daily 02:15"': [
        "Sun 29 Mar 03:00 start (moved: the clocks go forward over 02:10)",
        "Sun 29 Mar 03:00 start (moved: the clocks go forward over 02:20)",
        "Sun 29 Mar 03:00 - (moved: the clocks go forward over 02:15, where start 02:20 holds)",
    ],
    'start: "Sun 02:30", stop: "Sun 02:00", except: [spring]': [
        "Sun 29 Mar 03:00 - (skipped: spring)",
        "Sun 29 Mar 03:00 stop (moved: the clocks go forward over 02:00)",
    ],
}
BEFORE = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize("schedule", SKIPPED)
def test_of_two_edges_that_a_clock_change_moves_to_one_minute_the_later_holds(
    tmp_path: Path, schedule: str
) -> None:
    """And no schedule for the other stands in AWS, which promises no order within a minute."""
    spring = '{holidays: {dates: ["2026-12-24"]}, spring: {dates: ["2026-03-29"]}}'
    (tmp_path / "_calendars.yaml").write_text(f"calendars: {spring}\n".replace("holidays", "xmas"))
    alice = declared(tmp_path, f"{schedule}, timezone: Europe/Berlin")
    course = simulate(alice, BEFORE, 2)
    at = datetime(2026, 3, 29, 1, tzinfo=UTC)
    happens = [line for line in lines_of(course) if line.startswith("Sun 29 Mar 03:00")]
    assert happens == SKIPPED[schedule]
    for now in (BEFORE, at - timedelta(minutes=1), at + timedelta(minutes=1)):
        rules = [rule for _, rule in compiled(alice.schedule, now)]
        there = [fire for fire in fires(rules, BEFORE, at + timedelta(hours=1)) if fire.at == at]
        assert {fire.action for fire in there} == {moment.action for moment in course.moments
                                                   if moment.at == at and moment.fires}  # fmt: skip
        assert len({fire.action for fire in there}) == 1


def test_what_meets_nothing_is_moved_as_before(tmp_path: Path) -> None:
    alice = declared(tmp_path, 'start: "Sun 02:30", stop: "Sun 05:00", timezone: Europe/Berlin')
    rules = [rule for _, rule in compiled(alice.schedule, BEFORE)]
    assert [rule.expression for rule in rules if rule.expression.startswith("at(")] == [
        "at(2026-03-29T03:00:00)"
    ]
