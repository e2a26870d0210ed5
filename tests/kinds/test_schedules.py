"""Several schedules an edge, around days off and clock changes: promises 2 and 3."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from reconciler.declare.fleet import Calendar, Edge, Site
from reconciler.declare.hours import cron
from reconciler.declare.load import load
from reconciler.engine.environment import Environment
from reconciler.engine.run import apply
from reconciler.errors import AwsError, Where
from reconciler.kinds import schedule
from reconciler.plan.kind import Scope
from reconciler.plan.model import Outcome, Report
from tests.kinds.world import FLEETS, World, client, rows
from tests.support.fake_aws import Call, WrappedAws
from tests.support.later import later

HERE = Where("fleets/vision.yaml", 1, 1)
DEC_1 = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
HOLIDAYS = Calendar("holidays", ((date(2026, 12, 24), date(2026, 12, 26)),))
PLAIN = "cron(0 9 * * ? *)"


def edge(action: Any, text: str, *calendars: Calendar) -> Edge:
    return Edge(action, text, cron(text), "Europe/Berlin", HERE, calendars)


class WorldWithClock(World):
    """A site whose alice has these hours, seen at a time of the test's choice."""

    def __init__(self, *edges: Edge) -> None:
        super().__init__()
        self.now = DEC_1
        self.hours(*edges)

    def hours(self, *edges: Edge) -> None:
        site: Site = load([FLEETS])
        (alice,) = [each for each in site.workstations if each.name == "alice"]
        self.site = replace(site, workstations=(replace(alice, schedule=edges),))

    def environment(self) -> Environment:
        return replace(super().environment(), now=lambda: self.now)

    def schedule_rows(self) -> list[str]:
        """What a run says of schedules, and that the next one has nothing more to say."""
        found = [row for row in rows(self.run()) if " schedule " in row]
        again = self.look()
        assert not [c for c in again.plan.changes if c.key.kind == schedule.NAME], rows(again)
        return sorted(" ".join(row.replace(" done ", " ").split()) for row in found)


def standing() -> dict[str, tuple[str, str, str]]:
    """Every schedule by name: what fires, from when, until when."""
    scheduler = client("scheduler")
    found = {}
    for each in scheduler.list_schedules(GroupName="acme")["Schedules"]:
        body = scheduler.get_schedule(GroupName="acme", Name=each["Name"])
        bounds = (str(body.get(name, ""))[:10] for name in ("StartDate", "EndDate"))
        found[each["Name"]] = (body["ScheduleExpression"], *bounds)
    return found


def fired() -> list[tuple[str, str, str]]:
    return sorted(standing().values())


@pytest.fixture
def world(sandbox: object) -> WorldWithClock:
    made = WorldWithClock(edge("start", "daily 09:00"))
    made.settle()
    assert fired() == [(PLAIN, "", "")]
    return made


def test_days_off_come_into_sight_are_passed_and_leave_nothing_behind(
    world: WorldWithClock,
) -> None:
    (before,) = standing()
    world.hours(edge("start", "daily 09:00", HOLIDAYS))
    world.now = datetime(2026, 11, 10, tzinfo=UTC)
    assert world.schedule_rows() == [], "more than 35 days ahead"
    world.now = DEC_1
    assert world.schedule_rows() == [
        "create schedule alice-start.2 []",
        "update schedule alice-start ['end_date']",
    ]
    assert fired() == [(PLAIN, "", "2026-12-23"), (PLAIN, "2026-12-26", "")]
    world.now = datetime(2026, 12, 23, 8, 10, tzinfo=UTC)
    assert world.schedule_rows() == [], "it fired at 09:00; Scheduler may be about to"
    world.now = datetime(2026, 12, 23, 8, 26, tzinfo=UTC)
    assert [row.split()[0] for row in world.schedule_rows()] == ["delete"]
    assert fired() == [(PLAIN, "2026-12-26", "")]
    world.now = datetime(2026, 12, 26, 8, 26, tzinfo=UTC)
    assert world.schedule_rows() == ["update schedule alice-start ['start_date']"]
    assert list(standing()) == [before], "the same name as before"


def test_a_time_the_clocks_skip_is_there_until_it_has_fired(world: WorldWithClock) -> None:
    world.now = datetime(2027, 3, 1, tzinfo=UTC)
    world.hours(edge("start", "daily 02:30"))
    assert len(world.schedule_rows()) == 2
    once = ("at(2027-03-28T03:00:00)", "", "")
    assert fired() == [once, ("cron(30 2 * * ? *)", "", "")]
    for minutes in (-600, -6, -4, -1, 0, 1, 24):
        world.now = datetime(2027, 3, 28, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        assert world.schedule_rows() == []
    world.now = datetime(2027, 3, 28, 1, 26, tzinfo=UTC)
    assert [row.split()[0] for row in world.schedule_rows()] == ["delete"]
    assert fired() == [("cron(30 2 * * ? *)", "", "")]


def test_a_time_that_is_past_or_almost_is_never_given_to_scheduler(world: WorldWithClock) -> None:
    """AWS may refuse it, and in any case never fires."""
    for minutes in (-4, 0, 10):
        world.now = datetime(2027, 3, 28, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        world.hours(edge("start", "daily 02:30"))
        assert [row.split()[0] for row in world.schedule_rows()] in (["update"], []), minutes
        assert fired() == [("cron(30 2 * * ? *)", "", "")]


def test_one_text_of_several_changes_alone_and_a_count_is_created_or_deleted(
    world: WorldWithClock,
) -> None:
    world.hours(edge("start", "Mon-Thu 08:00"), edge("start", "Fri 09:00"))
    assert world.schedule_rows() == [
        "create schedule alice-start.2 []",
        "update schedule alice-start ['expression']",
    ]
    world.hours(edge("start", "Mon-Thu 08:00"), edge("start", "Fri 10:00"))
    assert world.schedule_rows() == ["update schedule alice-start.2 ['expression']"]
    world.hours(edge("start", "Fri 10:00"), edge("start", "Mon-Thu 08:00"))
    assert world.schedule_rows() == [], "an order is not a content"
    world.hours(edge("start", "Fri 10:00"))
    assert [row.split()[0] for row in world.schedule_rows()] == ["delete"]
    assert fired() == [("cron(0 10 ? * FRI *)", "", "")]


def test_a_hand_on_one_of_several_is_seen_and_healed_alone(world: WorldWithClock) -> None:
    world.hours(*(edge("stop", text) for text in ("Mon 18:00", "Tue 18:00", "Wed 18:00")))
    world.settle()
    good = standing()
    name = sorted(good)[1]
    scheduler = client("scheduler")
    body = scheduler.get_schedule(GroupName="acme", Name=name)
    for known in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"):
        body.pop(known)
    later()
    scheduler.update_schedule(**{**body, "ScheduleExpression": PLAIN})
    (row,) = world.schedule_rows()
    assert row.startswith("update")
    assert fired() == sorted(good.values())
    assert set(standing()) - set(good) == {f"{name}-2"}


def test_a_run_that_ends_after_any_of_its_calls_leaves_what_fires(world: WorldWithClock) -> None:
    """Never a moment without the schedule that fires, and the next run tidies up."""
    goal = (edge("start", "Mon-Thu 08:00", HOLIDAYS), edge("start", "Fri 09:00", HOLIDAYS))
    for cut in range(1, 9):
        world.hours(edge("start", "daily 09:00"))
        world.settle()
        world.hours(*goal)
        report = world.look()
        cut_off(world, report, cut)
        left = [each for each in standing().values() if not each[1]]
        assert left, f"nothing fires after {cut} calls"
        world.settle()
        assert len(standing()) == 4, cut


def cut_off(world: WorldWithClock, report: Report, calls: int) -> None:
    """The run, whose scheduler writes fail from the nth on."""
    writes = count(1)

    def cut(call: Call) -> None:
        """End the run's writes from this one on."""
        written = call.operation.startswith(("create", "delete"))
        if call.service == "scheduler" and written and next(writes) >= calls:
            raise AwsError(f"scheduler:{call.operation}", "Cut", "cut")

    def aws(region: str) -> WrappedAws:
        return WrappedAws(world.session.region(region), before=cut)

    environment = replace(world.environment(), writer=aws)
    apply(report, world.site, environment, lambda change: None, lambda: False)


def test_every_stop_of_a_workstation_that_leaves_waits_until_it_is_off(
    world: WorldWithClock,
) -> None:
    world.hours(edge("stop", "Mon 18:00"), edge("stop", "Tue 18:00"))
    world.settle()
    aws = world.session.region("us-east-1")
    found = list(schedule.find(aws, Scope("acme", DEC_1)))
    assert {each.removal.value for each in found} == {"when_off"}
    assert len({each.key for each in found}) == 2


def test_a_create_that_finds_itself_made_is_content(world: WorldWithClock) -> None:
    """Two runs at once, or an answer that was lost."""
    world.hours(edge("start", "Mon-Thu 08:00"), edge("start", "Fri 09:00"))
    stale = world.look()
    world.settle()
    before = standing()
    again = apply(stale, world.site, world.environment(), lambda change: None, lambda: False)
    assert not [c for c in again.plan.changes if c.outcome is Outcome.FAILED], rows(again)
    world.settle()
    assert standing() == before
