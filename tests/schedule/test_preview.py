"""Hours in a plan are words, paired by what they are; and what time alone has caused says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.declare.fleet import Calendar, Edge
from reconciler.declare.hours import cron
from reconciler.declare.timers import LINGER
from reconciler.kinds import auto_scaling_group, schedule
from reconciler.plan.model import IN_WORDS, Change, Desired, Key, Live, Op, Outcome, Plan, Report
from reconciler.plan.resolving import resolve
from reconciler.schedule.live_schedules import cron_rule
from reconciler.schedule.preview import with_preview
from tests.plan.declared import HERE, facts, site, workstation
from tests.support.plan_rows import plan_row

NOW = datetime(2026, 12, 4, 12, 0, tzinfo=UTC)
CHRISTMAS = Calendar("holidays", ((date(2026, 12, 24), date(2026, 12, 25)),))
NEW_YEAR = Calendar("holidays", ((date(2027, 1, 8), date(2027, 1, 8)),))


def edge(action: Any, text: str, *calendars: Calendar, zone: str = "Europe/Berlin") -> Edge:
    return Edge(action, text, cron(text), zone, HERE, calendars)


def wanted(*edges: Edge, now: datetime = NOW) -> list[Desired]:
    found = resolve(site(workstation(schedule=edges)), {"us-east-1": facts()}, now, {})
    return list(schedule.desired(found))


def change(old: Desired | None, new: Desired | None) -> Change:
    """The row that leads from one schedule to another, with its fields."""
    either = new or old
    assert either is not None
    live = Live(either.key, old.spec, owned=True, workstation="alice") if old else None
    return plan_row(
        Op.DELETE if new is None else Op.UPDATE if old else Op.CREATE,
        either.key,
        schedule.diff(live, new) if live and new else (),
        live=live,
        desired=new,
        workstation="alice",
        notes=new.notes if new else (),
    )


def changes(old: list[Desired], new: list[Desired]) -> list[Change]:
    """Rows as a plan has them, without what stays: paired in order, as the kind does."""
    specs = [each.spec for each in old], [each.spec for each in new]
    gone = [each for each in old if each.spec not in specs[1]]
    made = [each for each in new if each.spec not in specs[0]]
    longer = max(len(gone), len(made))
    pairs = zip(
        gone + [None] * (longer - len(gone)), made + [None] * (longer - len(made)), strict=True
    )
    return [change(*pair) for pair in pairs]


def previewed(rows: list[Change], *edges: Edge, now: datetime = NOW) -> list[Change]:
    report = Report("acme", "123456789012", True, Plan(tuple(rows)))
    declared = site(workstation(schedule=edges))
    return list(with_preview(report, declared, now).plan.changes)


def words(old: tuple[Edge, ...], new: tuple[Edge, ...]) -> set[tuple[str, ...]]:
    """What the rows say that lead from one declaration to another."""
    return {row.words for row in previewed(changes(wanted(*old), wanted(*new)), *new)}


def test_another_time_is_one_line_whatever_number_of_schedules_it_takes() -> None:
    before, after = (edge("start", f"Mon-Fri {at}:00", CHRISTMAS) for at in ("09", "08"))
    rows = previewed(changes(wanted(before), wanted(after)), after)
    assert len(rows) == 2, "one until Christmas, one from then on"
    assert {row.words for row in rows} == {
        ("start Mon-Fri 09:00 → 08:00 Europe/Berlin, 23 starts until 08 Jan",)
    }
    assert all(field.shown == IN_WORDS for row in rows for field in row.fields)
    assert not any(row.by_time or row.notes for row in rows)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("Fri 19:00", "Fri 20:00", "stop Fri 19:00 → 20:00 Europe/Berlin, 5 stops until 08 Jan"),
        ("Mon 19:00", "Mon-Wed 19:00", "stop Mon → Mon-Wed 19:00 Europe/Berlin, 15 stops"),
        ("daily 19:00", "Mon,Wed-Thu 20:30", "stop daily 19:00 Europe/Berlin → Mon,Wed-Thu 20:30"),
    ],
)
def test_what_is_the_same_is_said_once(old: str, new: str, line: str) -> None:
    [(text,)] = words((edge("stop", old),), (edge("stop", new),))
    assert text.startswith(line)


def test_another_zone_is_paired_too() -> None:
    zones = [(edge("stop", "Mon 19:00", zone=zone),) for zone in ("Europe/Berlin", "Asia/Tokyo")]
    assert words(*zones) == {("stop Mon 19:00 Europe/Berlin → Asia/Tokyo, 5 stops until 08 Jan",)}


def test_schedules_that_aws_lists_crosswise_are_paired_by_what_they_are() -> None:
    old = wanted(edge("start", "Mon-Thu 09:00"), edge("start", "Fri 10:00"))
    new_edges = (edge("start", "Mon-Thu 08:00"), edge("start", "Fri 11:00"))
    monday, friday = wanted(*new_edges)
    rows = previewed([change(old[0], friday), change(old[1], monday)], *new_edges)
    assert {row.words for row in rows} == {
        (
            "start Fri 10:00 → 11:00 Europe/Berlin, 5 starts until 08 Jan",
            "start Mon-Thu 09:00 → 08:00 Europe/Berlin, 20 starts until 08 Jan",
        )
    }


def test_hours_that_come_or_go_say_so() -> None:
    both = (edge("start", "Mon 09:00"), edge("start", "Fri 10:00"))
    assert words(both[:1], both) == {("start Fri 10:00 Europe/Berlin, 5 starts until 08 Jan",)}
    assert words(both, both[:1]) == {
        ("start Fri 10:00 Europe/Berlin: no longer, 5 starts until 08 Jan",)
    }


def test_a_new_day_off_is_its_dates_and_the_authors() -> None:
    plain, with_days = edge("start", "Mon-Fri 09:00"), edge("start", "Mon-Fri 09:00", CHRISTMAS)
    rows = previewed(changes(wanted(plain), wanted(with_days)), with_days)
    assert {row.words for row in rows} == {
        ("start Mon-Fri 09:00 Europe/Berlin, not on Thu 24 Dec and Fri 25 Dec",)
    }
    assert not any(row.by_time or row.reason for row in rows)
    back = previewed(changes(wanted(with_days), wanted(plain)), plain)
    assert {row.words for row in back} == {
        ("start Mon-Fri 09:00 Europe/Berlin, also on Thu 24 Dec and Fri 25 Dec",)
    }


def test_many_days_are_the_first_and_the_last() -> None:
    weeks = Calendar("leave", ((date(2026, 12, 21), date(2027, 1, 1)),))
    plain, away = edge("start", "Mon-Fri 09:00"), edge("start", "Mon-Fri 09:00", weeks)
    assert words((plain,), (away,)) == {
        ("start Mon-Fri 09:00 Europe/Berlin, not on Mon 21 Dec to Fri 01 Jan 2027 (10 starts)",)
    }


@pytest.mark.parametrize("hours", [1, 24, 60])
def test_a_day_off_that_came_near_is_times_doing(hours: int) -> None:
    near = NEW_YEAR.days[0][0] - timedelta(days=35)  # noon of that day is past its horizon
    now = datetime.combine(near, datetime.min.time(), UTC) + timedelta(days=3, hours=20)
    off = edge("start", "Mon-Fri 09:00", NEW_YEAR)
    then = now - timedelta(hours=hours)
    while wanted(off, now=then) == wanted(off, now=now):
        then -= timedelta(hours=1)
    now = then + timedelta(hours=hours)
    rows = previewed(changes(wanted(off, now=then), wanted(off, now=now)), off, now=now)
    assert [row.by_time for row in rows] == [True, True]
    assert {row.reason for row in rows} == {"a day off is less than 35 days away"}
    assert {row.words for row in rows} == {
        ("start Mon-Fri 09:00 Europe/Berlin, not on Fri 08 Jan 2027",)
    }


def test_a_day_off_that_is_over_is_times_doing() -> None:
    off = edge("start", "Mon-Fri 09:00", CHRISTMAS)
    then = datetime(2026, 12, 23, 6, tzinfo=UTC)
    now = datetime(2026, 12, 23, 12, tzinfo=UTC)
    rows = previewed(changes(wanted(off, now=then), wanted(off, now=now)), off, now=now)
    assert rows
    assert all(row.by_time for row in rows)
    assert {row.reason for row in rows} == {"a day off, or a time that comes once, is over"}
    assert {row.words for row in rows} == {
        ("start Mon-Fri 09:00 Europe/Berlin, each start as before",)
    }


def test_a_skipped_time_comes_near_and_is_over() -> None:
    """The clocks skip 02:30 on Sunday 28 March 2027 in Berlin."""
    night = edge("start", "Sun 02:30")
    day = datetime(2027, 3, 28, 12, tzinfo=UTC)
    moments = [day - timedelta(days=40), day - timedelta(days=34), day]
    far, near, over = (wanted(night, now=now) for now in moments)
    for old, new, now, why, once in (
        (far, near, moments[0] + timedelta(days=6), "a clock change is less than 35 days away", ""),
        (near, over, day, "a day off, or a time that comes once, is over", ": no longer"),
    ):
        when = now
        while wanted(night, now=when - timedelta(hours=1)) == new:
            when -= timedelta(hours=1)
        if once:  # a run takes it away when it cannot fire any more
            when = max(when, datetime(2027, 3, 28, 1, tzinfo=UTC) + LINGER)
        (row,) = previewed(changes(old, new), night, now=when)
        assert (row.by_time, row.reason) == (True, why)
        assert row.words[0].startswith(
            f"start once, on Sun 28 Mar 2027 03:00 Europe/Berlin{once}, "
        )


def test_a_change_of_the_author_is_never_times_doing_though_both_meet() -> None:
    """A day off came near, and the hours change in the same pull request."""
    old, new = (edge("start", f"Mon-Fri {at}:00", NEW_YEAR) for at in ("09", "08"))
    rows = previewed(changes(wanted(old, now=NOW - timedelta(days=3)), wanted(new)), new)
    assert not any(row.by_time for row in rows)


def test_a_schedule_that_only_a_hand_could_write_shows_its_fields() -> None:
    (new,) = wanted(edge("start", "Mon 09:00"))
    for edit in (
        {"expression": "rate(1 hours)"},
        {"state": "DISABLED"},
        {"timezone": "Nowhere/Land"},
        {"input": {"DesiredCapacity": 7}},
        {"input": "x"},
        {"target": "arn:aws:scheduler:::aws-sdk:ec2:stopInstances"},
    ):
        old = replace(new, spec=replace(new.spec, **edit))
        row = change(old, new)
        assert previewed([row], edge("start", "Mon 09:00")) == [row], edit
        assert row.fields


def test_fields_that_are_no_times_are_still_shown() -> None:
    (old,), (new,) = wanted(edge("stop", "Fri 19:00")), wanted(edge("stop", "Fri 20:00"))
    other = replace(old, spec=replace(old.spec, role_arn="arn:aws:iam::123456789012:role/x"))
    (row,) = previewed([change(other, new)], edge("stop", "Fri 20:00"))
    shown = {field.path for field in row.fields if field.shown != IN_WORDS}
    assert (shown, len(row.words)) == ({"role_arn"}, 1)


def test_a_hand_that_turned_a_start_into_a_stop_is_shown() -> None:
    (old,), (new,) = wanted(edge("start", "Fri 09:00")), wanted(edge("start", "Fri 08:00"))
    turned = replace(old, spec=replace(old.spec, input={**old.spec.input, "DesiredCapacity": 0}))
    (row,) = previewed([change(turned, new)], edge("start", "Fri 08:00"))
    assert "input.DesiredCapacity" in {f.path for f in row.fields if f.shown != IN_WORDS}
    assert not row.by_time


def test_a_new_workstation_keeps_its_notes_and_one_that_goes_has_words() -> None:
    (new,) = wanted(edge("start", "Mon 09:00"))
    key = Key("us-east-1", auto_scaling_group.NAME, "acme-alice")
    row, group = change(None, new), plan_row(Op.CREATE, key, workstation="alice")
    assert previewed([row, group]) == [row, group]
    leaving = change(new, None)
    gone, _ = previewed([leaving, plan_row(Op.DELETE, key, workstation="alice")])
    assert gone.words == ("start Mon 09:00 Europe/Berlin: no longer, 5 starts until 08 Jan",)
    assert not gone.by_time
    assert previewed([replace(leaving, outcome=Outcome.BLOCKED)])[0].words == gone.words


def test_what_stands_in_aws_is_read_as_the_rule_it_is() -> None:
    before, after = wanted(edge("start", "Mon-Fri 09:00", CHRISTMAS))
    for each in (before, after):
        body = schedule._body("acme", "alice-start-0", each.spec)
        found = cron_rule(schedule.from_body(body))
        assert found is not None
        assert schedule._timestamp(found.begin) == each.spec.start_date
        assert schedule._timestamp(found.end) == each.spec.end_date
        assert (found.action, found.expression) == ("start", each.spec.expression)
    assert before.spec.end_date == "2026-12-23T20:00:00Z", "half-way from Wednesday to Thursday"
    assert after.spec.start_date == "2026-12-26T20:00:00Z", "and from Friday to Monday"
