"""The planner: every row of its table, and what follows when several things are so at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.plan.model import DeletionPolicy, Desired, Failed, Impact, Live, Op, Outcome, Ref
from tests.plan.fakes import (
    FOREIGN,
    OTHER_REGION,
    REGION,
    WHERE,
    key,
    only,
    plan,
    rows,
    there,
    want,
    wanted,
)


@pytest.mark.parametrize(
    ("live", "desired", "becomes"),
    [
        ([], [want("store")], ["create store alice: planned"]),
        ([there("store")], [want("store")], []),
        ([there("store")], [want("store", color="blue")], ["update store alice: planned"]),
        ([there("store")], [want("store", zone="b")], ["replace store alice: blocked"]),
        ([there("store", size=3)], [want("store", size=2)], ["replace store alice: blocked"]),
        ([there("store", size=1)], [want("store", size=2)], ["update store alice: planned"]),
        ([FOREIGN], [want("store")], ["create store alice: blocked"]),
        ([FOREIGN], [], []),
        ([there("store", removal=DeletionPolicy.RETAIN)], [], []),
        ([there("store", removal=DeletionPolicy.RETAIN_DATA)], [], []),
        ([there("timer", removal=DeletionPolicy.AT_ONCE)], [], ["delete timer alice: planned"]),
        ([there("group", removal=DeletionPolicy.AFTER_STOP)], [], ["delete group alice: planned"]),
    ],
    ids=[
        "missing",
        "same",
        "differs",
        "fixed-field",
        "shrinks",
        "grows",
        "foreign-and-wanted",
        "foreign",
        "shared-and-dropped",
        "data-and-dropped",
        "start-schedule-dropped",
        "group-dropped",
    ],
)
def test_each_row_of_the_table(
    live: Sequence[Live], desired: Sequence[Desired], becomes: list[str]
) -> None:
    planned = plan(desired, live)
    assert rows(planned) == becomes
    same = bool(live and desired) and not becomes
    assert planned.unchanged == ((key("store"),) if same else ())
    kept = [each for each in live if each.removal is DeletionPolicy.RETAIN_DATA]
    assert list(planned.retained) == kept


@pytest.mark.parametrize("live", [[], [there("store")]], ids=["nothing-there", "not-seen"])
def test_what_could_not_be_read_is_blocked_and_told(live: list[Live]) -> None:
    """Promise 4: neither a create, nor "unchanged"."""
    planned = plan([want("store")], live, unread=["store"])
    row = only(planned)
    assert (row.op, row.outcome, row.error) == (Op.UPDATE, Outcome.BLOCKED, "throttled")
    assert row.reason == "could not be read: x:DescribeAll: slow down"
    assert [unknown.kind for unknown in planned.unknown] == ["store"]
    assert planned.unchanged == ()


def test_what_could_not_be_read_in_one_region_is_planned_in_the_other() -> None:
    desired = [want("store"), want("store", region=OTHER_REGION)]
    assert [(c.key.region, c.op, c.outcome) for c in plan(desired, unread=["store"]).changes] == [
        (OTHER_REGION, Op.CREATE, Outcome.PLANNED),
        (REGION, Op.UPDATE, Outcome.BLOCKED),
    ]


def test_a_row_says_whose_it_is_and_where_it_was_declared() -> None:
    row = only(plan([want("store")]))
    assert (row.fleet, row.workstation, row.where) == ("vision", "alice", WHERE)


@pytest.mark.parametrize(
    ("fields", "impact"),
    [
        ({"color": "blue"}, Impact.NONE),
        ({"of": "other"}, Impact.NEXT_START),
        ({"color": "blue", "of": "other"}, Impact.NEXT_START),
        ({"color": "blue", "size": 2}, Impact.DISRUPTIVE),
    ],
)
def test_the_impact_is_that_of_the_worst_field(fields: dict[str, Any], impact: Impact) -> None:
    row = only(plan([want("store", **fields)], [there("store")]))
    assert row.impact is impact
    assert {f.field for f in row.fields} == set(fields)


# -- several things at once ------------------------------------------------------------------


def test_a_change_that_is_refused_is_refused_whole() -> None:
    """Half of it is neither what was declared nor what was reviewed, and would fail each run."""
    live = there("store", in_use="i-0abc is running", size=5)
    row = only(plan([want("store", color="blue", shape="square", zone="b", size=4)], [live]))
    assert (row.op, row.outcome, row.impact) == (Op.REPLACE, Outcome.BLOCKED, Impact.DATA)
    assert [f.field for f in row.fields] == ["color", "shape", "size", "zone"]
    assert row.reason == (
        "it only grows: put the size in use back; it stays in its zone: make another"
    )


def test_what_aws_refuses_for_this_thing_is_refused_with_its_own_advice() -> None:
    live = there("store", shape="triangle")
    row = only(plan([want("store", shape="triangle", color="blue")], [live]))
    assert (row.outcome, row.reason) == (Outcome.BLOCKED, "a triangle has no color")


def test_what_aws_gave_up_once_is_not_sent_again() -> None:
    live = there("store", failed=(Failed("color", "blue", "blue failed: no paint"),))
    row = only(plan([want("store", color="blue")], [live]))
    assert (row.outcome, row.error) == (Outcome.BLOCKED, "refused")
    assert row.reason == "blue failed: no paint"
    assert only(plan([want("store", color="green")], [live])).outcome is Outcome.PLANNED


def test_what_aws_does_not_take_yet_waits_for_its_time_alone() -> None:
    live = there("store", later={"color": "AWS takes it from 14:00 on"})
    now, late = plan([want("store", color="blue", of="other")], [live]).changes
    assert (now.outcome, [f.field for f in now.fields]) == (Outcome.PLANNED, ["of"])
    assert wanted(now).spec.color == "red", "what goes out carries the live value of the other"
    assert (late.outcome, late.error) == (Outcome.WAITING, "later")
    assert late.reason == "AWS takes it from 14:00 on"


def broken(kind: str, name: str = "alice", **more: Any) -> Live:
    why = f"id-{name} cannot be read: AWS's answer has no Zone; look at it in the AWS console"
    found = there(kind, name, broken=why, ready=False, **more)
    return replace(found, spec=None)


def test_a_thing_that_cannot_be_read_is_one_blocked_row_and_what_needs_it_waits_for_it() -> None:
    """Promise 16."""
    desired = [
        want("store", "a", workstation="a"),
        want("template", "a", workstation="a", of=Ref(key("store", "a"), "id")),
        want("store", "b", workstation="b", color="blue"),
    ]
    planned = plan(desired, [broken("store", "a"), there("store", "b", workstation="b")])
    assert rows(planned) == [
        "update store a: blocked",
        "update store b: planned",
        "create template a: blocked",
    ]
    assert [c.error for c in planned.changes] == ["broken", "", "needs"]
    assert "has no Zone" in planned.changes[0].reason


def test_what_nobody_declares_and_cannot_be_read_is_told_and_stays() -> None:
    planned = plan((), [broken("group", removal=DeletionPolicy.RETAIN)])
    assert rows(planned) == ["update group alice: blocked"]
    assert rows(plan((), [broken("group", owned=False)])) == []


def test_a_thing_without_a_name_may_be_what_would_be_created() -> None:
    """Its kind and region alone: nothing else waits for it."""
    odd = replace(broken("store", "x", owned=False), unidentified=True)
    desired = [
        want("store", "a"),
        want("store", "b", region=OTHER_REGION),
        want("store", "c", color="blue"),
        want("timer", "a"),
    ]
    planned = plan(desired, [odd, there("store", "c")])
    assert rows(planned) == [
        "create store b: planned",
        "create store a: blocked",
        "update store c: planned",
        "create timer a: planned",
        "update store x: blocked",
    ]


def test_where_it_cannot_be_told_whether_something_runs_nothing_is_taken_away() -> None:
    """A group without a name may be anybody's."""
    odd = replace(
        broken("group", "x", owned=False, workstation="", in_use="it could not be read"),
        unidentified=True,
    )
    leaving = there("template", removal=DeletionPolicy.AFTER_STOP)
    data = there("store", "b", workstation="b")
    planned = plan([want("store", "b", workstation="b", engine=2)], [odd, leaving, data])
    assert rows(planned) == [
        "update store b: waiting",
        "update group x: blocked",
        "delete template alice: waiting",
    ]
    assert {c.reason.partition(";")[0] for c in planned.changes if c.error == "in-use"} == {
        "it could not be read"
    }


def test_allowed_and_held_fields_of_one_thing_are_two_rows() -> None:
    live = there("store", in_use="i-0abc is running")
    now, held = plan([want("store", color="blue", shape="square")], [live]).changes
    assert (now.op, now.outcome, [f.field for f in now.fields]) == (
        Op.UPDATE,
        Outcome.PLANNED,
        ["color"],
    )
    assert (held.op, held.outcome, held.error) == (Op.UPDATE, Outcome.WAITING, "in-use")
    assert held.reason == "i-0abc is running; applied once nothing runs"
    assert [f.field for f in held.fields] == ["shape"]


def test_what_is_written_now_carries_the_live_value_of_what_is_not() -> None:
    live = there("store", in_use="i-0abc is running")
    now = plan([want("store", color="blue", shape="square")], [live]).changes[0]
    assert wanted(now).spec == want("store", color="blue").spec


def test_nothing_is_held_once_nothing_runs() -> None:
    row = only(plan([want("store", shape="square")], [there("store")]))
    assert (row.outcome, [f.field for f in row.fields]) == (Outcome.PLANNED, ["shape"])


@pytest.mark.parametrize(
    ("live", "desired", "outcome", "reason"),
    [
        (
            there("store", busy="fs-1 is being updated"),
            want("store", color="blue"),
            Outcome.WAITING,
            "fs-1 is being updated",
        ),
        (
            there("store", ready=False, busy="fs-1 is being created"),
            want("store"),
            Outcome.WAITING,
            "fs-1 is being created",
        ),
        (
            there("store", ready=False, broken="fs-1 is FAILED"),
            want("store"),
            Outcome.BLOCKED,
            "fs-1 is FAILED",
        ),
        (
            there("store", ready=False, broken="fs-1 is FAILED"),
            want("store", color="blue"),
            Outcome.BLOCKED,
            "fs-1 is FAILED",
        ),
    ],
    ids=["busy", "not-ready", "broken", "broken-and-differs"],
)
def test_what_cannot_take_a_change_says_why(
    live: Live, desired: Desired, outcome: Outcome, reason: str
) -> None:
    row = only(plan([desired], [live]))
    assert (row.outcome, row.reason) == (outcome, reason)


def test_what_is_busy_and_needs_no_change_is_unchanged() -> None:
    planned = plan([want("store")], [there("store", busy="fs-1 is being updated")])
    assert (planned.changes, planned.unchanged) == ((), (key("store"),))


# -- ownership through a parent --------------------------------------------------------------


@pytest.mark.parametrize(
    ("parent", "becomes"),
    [
        ([there("group")], ["update timer alice: planned"]),
        ([there("group", owned=False)], ["create timer alice: blocked"]),
        ([], ["create timer alice: blocked"]),
    ],
    ids=["ours", "foreign", "gone"],
)
def test_a_thing_without_tags_is_ours_if_its_parent_is(
    parent: list[Live], becomes: list[str]
) -> None:
    child = there("timer", owned=False, parent=key("group"))
    assert rows(plan([want("timer", color="blue")], [*parent, child])) == becomes


def test_a_strangers_child_is_not_removed() -> None:
    child = there("timer", owned=False, parent=key("group"), removal=DeletionPolicy.AT_ONCE)
    assert rows(plan([], [there("group", owned=False), child])) == []
