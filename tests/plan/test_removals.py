"""What nobody declares any more, and what is spared: the planner's other half."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan.model import DeletionPolicy, Key, Live, Op, Outcome, Ref
from reconciler.plan.plan import make_plan
from reconciler.plan.resolve import Blocked
from tests.plan.fakes import OTHER_REGION, REGION, WHERE, key, only, plan, rows, there, want


def standing(
    workstation: str = "alice", in_use: str = "", region: str = REGION
) -> tuple[Live, ...]:
    """All there is of one workstation, in no particular order."""

    def one(kind: str, name: str, removal: DeletionPolicy, running: str = "") -> Live:
        return there(
            kind, name, workstation=workstation, removal=removal, in_use=running, region=region
        )

    return (
        one("timer", f"{workstation}-stop", DeletionPolicy.AFTER_STOP),
        one("template", workstation, DeletionPolicy.AFTER_STOP),
        one("store", workstation, DeletionPolicy.RETAIN_DATA),
        one("group", workstation, DeletionPolicy.AFTER_STOP, in_use),
        one("timer", f"{workstation}-start", DeletionPolicy.AT_ONCE),
    )


def test_removals_go_in_their_order() -> None:
    planned = plan([], standing())
    assert rows(planned) == [
        "delete timer alice-start: planned",
        "delete group alice: planned",
        "delete template alice: planned",
        "delete timer alice-stop: planned",
    ]
    assert [each.key for each in planned.retained] == [key("store")]


def test_removals_wait_while_something_runs_but_it_is_not_started_again() -> None:
    planned = plan([], standing(in_use="i-0abc is running"))
    assert rows(planned) == [
        "delete timer alice-start: planned",
        "delete group alice: waiting",
        "delete template alice: waiting",
        "delete timer alice-stop: waiting",
    ]
    assert {change.error for change in planned.changes[1:]} == {"in-use"}
    assert planned.changes[1].reason == "i-0abc is running; a run removes it when nothing runs"


def test_nothing_is_removed_when_nobody_knows_whether_it_runs() -> None:
    live = [each for each in standing() if each.key.kind != "group"]
    planned = plan([], live, unread=["group"])
    assert rows(planned) == [
        "delete timer alice-start: planned",
        "delete template alice: blocked",
        "delete timer alice-stop: blocked",
    ]
    assert planned.changes[1].reason.startswith("whether it runs could not be read: ")


def test_one_that_runs_holds_up_nobody_else() -> None:
    planned = plan([], (*standing("alice", "i-0abc is running"), *standing("bob")))
    assert {c.outcome for c in planned.changes if c.workstation == "bob"} == {Outcome.PLANNED}


def test_removals_come_after_everything_that_is_made() -> None:
    desired = [want("store", "carol"), want("timer", "carol")]
    assert [change.op for change in plan(desired, standing()).changes] == [
        Op.CREATE,
        Op.CREATE,
        *[Op.DELETE] * 4,
    ]


def test_a_stop_schedule_goes_at_once_when_its_workstation_stays() -> None:
    """Held until nothing runs, it would end the very work it was taken out for."""
    stop = there("timer", "alice-stop", removal=DeletionPolicy.AFTER_STOP)
    running = there("group", in_use="i-0abc is running")
    assert rows(plan([want("group")], [running, stop])) == ["delete timer alice-stop: planned"]


def test_a_second_group_of_a_workstation_that_stays_still_waits() -> None:
    second = there("group", "other", in_use="i-0abc is running", removal=DeletionPolicy.AFTER_STOP)
    assert rows(plan([want("group")], [there("group"), second])) == ["delete group other: waiting"]


def test_a_moved_workstation_is_made_there_and_removed_here_and_its_data_stays() -> None:
    desired = [want("store", region=OTHER_REGION), want("group", region=OTHER_REGION)]
    planned = plan(desired, standing())
    assert [(change.op, change.key.region) for change in planned.changes] == [
        (Op.CREATE, OTHER_REGION),
        (Op.CREATE, OTHER_REGION),
        *[(Op.DELETE, REGION)] * 4,
    ]
    assert [each.key for each in planned.retained] == [key("store")]


# -- what the declaration names and AWS does not have ----------------------------------------


def blocked(workstation: str = "alice", name: str = "acme-alice") -> Blocked:
    return Blocked("vision", workstation, name, REGION, "no such image", WHERE, "not-found")


@pytest.mark.parametrize(
    ("live", "op"), [((), Op.CREATE), (standing(), Op.UPDATE)], ids=["new", "standing"]
)
def test_a_blocked_workstation_is_one_row_and_its_live_things_are_spared(
    live: tuple[Live, ...], op: Op
) -> None:
    planned = plan([], live, blocked=[blocked()])
    row = only(planned)
    assert (row.op, row.outcome, row.reason) == (op, Outcome.BLOCKED, "no such image")
    assert (row.key.kind, row.where, row.error) == ("workstation", WHERE, "not-found")
    assert planned.retained == (), "its data is still declared"


def test_a_blocked_workstation_spares_nobody_else() -> None:
    planned = plan([], standing("bob"), blocked=[blocked()])
    assert rows(planned)[1:] == [
        "delete timer bob-start: planned",
        "delete group bob: planned",
        "delete template bob: planned",
        "delete timer bob-stop: planned",
    ]


def shared(name: str) -> Live:
    return Live(
        Key(REGION, "file_system", name),
        None,
        owned=True,
        attrs={"id": "fs-1"},
        fleet="vision",
        removal=DeletionPolicy.RETAIN_DATA,
    )


def test_a_blocked_file_system_hides_only_itself_from_what_is_kept() -> None:
    readings = {("file_system", REGION): (shared("acme-vision/data"), shared("acme-vision/old"))}
    planned = make_plan([], readings, [blocked("", "acme-vision/data")], ())
    assert [each.key.name for each in planned.retained] == ["acme-vision/old"]


def test_who_needs_a_blocked_file_system_is_blocked_with_its_reason() -> None:
    data = Ref(Key(REGION, "file_system", "acme-vision/data"), "dns_name")
    planned = plan([want("template", of=data)], blocked=[blocked("", "acme-vision/data")])
    template = planned.changes[0]
    assert (template.outcome, template.reason) == (
        Outcome.BLOCKED,
        "needs file_system acme-vision/data: no such image",
    )


def test_the_summary_counts_every_row_once() -> None:
    desired = [want("store"), want("template", color="blue"), want("group", zone="b")]
    planned = plan(desired, [there("template"), there("group"), *standing("bob")])
    assert planned.summary() == {
        "create": 1,
        "update": 1,
        "replace": 0,
        "delete": 4,
        "blocked": 1,
        "unknown": 0,
        "unchanged": 0,
    }
    assert planned.pending()


def test_a_schedule_that_goes_has_the_fleet_of_its_workstation() -> None:
    """Schedules have no tags: one whose time has passed goes while its workstation stays."""
    once = replace(there("timer", "alice-start.2", removal=DeletionPolicy.AT_ONCE), fleet="")
    planned = plan([want("group")], [once, there("group")])
    (gone,) = (c for c in planned.changes if c.op is Op.DELETE)
    assert (gone.key.name, gone.fleet, gone.workstation) == ("alice-start.2", "vision", "alice")


def test_a_schedule_of_a_workstation_that_left_has_the_fleet_of_its_group() -> None:
    once = replace(there("timer", "alice-start", removal=DeletionPolicy.AT_ONCE), fleet="")
    found = plan([], [once, there("group", removal=DeletionPolicy.AFTER_STOP)])
    assert {change.fleet for change in found.changes} == {"vision"}
