"""What a plan alters in the coming weeks is told under its schedules, by date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from reconciler.declare.fleet import Calendar, Edge
from reconciler.declare.hours import cron
from reconciler.kinds import auto_scaling_group, schedule
from reconciler.plan.model import Change, Desired, Key, Live, Op, Outcome, Plan, Report
from reconciler.plan.resolve import resolve
from reconciler.power.foretold import foretold
from reconciler.power.rules import rule_from_aws
from tests.plan.declared import HERE, facts, site, workstation

NOW = datetime(2026, 12, 4, 12, 0, tzinfo=UTC)
CHRISTMAS = Calendar("holidays", ((date(2026, 12, 24), date(2026, 12, 25)),))


def edge(action: Any, text: str, *calendars: Calendar, zone: str = "Europe/Berlin") -> Edge:
    return Edge(action, text, cron(text), zone, HERE, calendars)


def wanted(*edges: Edge) -> list[Desired]:
    found = resolve(site(workstation(schedule=edges)), {"us-east-1": facts()}, NOW, {})
    return list(schedule.desired(found))


def live(each: Desired) -> Live:
    return Live(each.key, each.spec, owned=True, workstation="alice")


def update(old: Desired, new: Desired) -> Change:
    return Change(
        Op.UPDATE, new.key, live=live(old), desired=new, workstation="alice", notes=new.notes
    )


def create(new: Desired) -> Change:
    return Change(Op.CREATE, new.key, desired=new, workstation="alice", notes=new.notes)


def notes(*changes: Change, most: int = 20) -> list[tuple[str, ...]]:
    report = Report("acme", "123456789012", True, Plan(changes))
    return [change.notes for change in foretold(report, NOW, most).plan.changes]


def test_a_new_day_off_is_told_as_the_starts_it_takes_away() -> None:
    (plain,) = wanted(edge("start", "Mon-Fri 09:00"))
    before, after = wanted(edge("start", "Mon-Fri 09:00", CHRISTMAS))
    assert notes(update(plain, before), create(after)) == [
        (
            "start Mon-Fri 09:00 Europe/Berlin",
            "Thu 24 Dec 2026 start 09:00 removed",
            "Fri 25 Dec 2026 start 09:00 removed",
        ),
        ("start Mon-Fri 09:00 Europe/Berlin",),
    ]


def test_another_time_is_told_as_both_and_no_more_than_so_many() -> None:
    (old,), (new,) = wanted(edge("stop", "Fri 19:00")), wanted(edge("stop", "Fri 20:00"))
    (told,) = notes(update(old, new), most=3)
    assert told[1:] == (
        "Fri 04 Dec 2026 stop 19:00 removed",
        "Fri 04 Dec 2026 stop 20:00 added",
        "Fri 11 Dec 2026 stop 19:00 removed",
        "… and 5 more in 4 weeks",
    )


def test_another_zone_is_named_beside_each_time() -> None:
    (old,), (new,) = (
        wanted(edge("stop", "Mon 19:00", zone=zone)) for zone in ("Europe/Berlin", "Asia/Tokyo")
    )
    assert notes(update(old, new))[0][1:3] == (
        "Mon 07 Dec 2026 stop 19:00 added (Asia/Tokyo)",
        "Mon 07 Dec 2026 stop 19:00 removed (Europe/Berlin)",
    )


def test_a_schedule_that_only_a_hand_could_write_takes_away_nothing_we_know() -> None:
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
        (told,) = notes(update(old, new))
        assert len(told) == 1 + 4, edit


def test_nothing_is_told_of_a_workstation_that_comes_or_goes_or_is_blocked() -> None:
    (new,) = wanted(edge("start", "Mon 09:00"))
    key = Key("us-east-1", auto_scaling_group.NAME, "acme-alice")
    for op, row in (
        (Op.CREATE, create(new)),
        (Op.DELETE, Change(Op.DELETE, new.key, live=live(new), workstation="alice")),
    ):
        group = Change(op, key, workstation="alice")
        assert notes(row, group) == [row.notes, ()]
        assert len(notes(row)[0]) == len(row.notes) + 4
        assert notes(replace(row, outcome=Outcome.BLOCKED)) == [row.notes]


def test_what_stands_in_aws_is_read_as_the_rule_it_is() -> None:
    before, after = wanted(edge("start", "Mon-Fri 09:00", CHRISTMAS))
    for each in (before, after):
        body = schedule._body("acme", "alice-start-0", each.spec)
        found = rule_from_aws(body)
        assert found is not None
        assert schedule._told(found.begin) == each.spec.start_date
        assert schedule._told(found.end) == each.spec.end_date
        assert (found.action, found.expression) == ("start", each.spec.expression)
    assert before.spec.end_date == "2026-12-23T20:00:00Z", "half-way from Wednesday to Thursday"
    assert after.spec.start_date == "2026-12-26T20:00:00Z", "and from Friday to Monday"
