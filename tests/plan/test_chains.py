"""The planner over what needs one another: values that are filled in, and causes passed on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan.model import Create, Desired, Impact, Live, Op, Outcome, Plan, Ref
from tests.plan.fakes import FOREIGN, key, only, plan, rows, there, want, wanted

# -- refs ------------------------------------------------------------------------------------

ID = Ref(key("store"), "id")
VERSION = Ref(key("template"), "version")
TEMPLATE = there("template", attrs={"id": "lt-1", "version": "1"})


def spec_of(planned: Plan, kind: str) -> object:
    (row,) = [change for change in planned.changes if change.key.kind == kind]
    return wanted(row).spec.of


def test_a_ref_to_what_stands_is_filled() -> None:
    planned = plan([want("store"), want("template", of=ID)], [there("store")])
    assert spec_of(planned, "template") == "id-alice"


def test_a_ref_to_what_is_made_now_stays_open() -> None:
    planned = plan([want("store"), want("template", of=ID)])
    assert spec_of(planned, "template") == ID
    assert rows(planned) == ["create store alice: planned", "create template alice: planned"]


def test_an_update_forgets_what_it_moves_so_that_one_run_is_enough() -> None:
    desired = [want("template", color="blue"), want("group", of=VERSION)]
    planned = plan(desired, [TEMPLATE, there("group", of="1")])
    group = planned.changes[1]
    assert [(f.old, f.new) for f in group.fields] == [("1", VERSION)]
    assert str(group.fields[0].new) == "(known after template alice is applied)"


def test_an_update_keeps_what_it_does_not_move() -> None:
    by_id = Ref(key("template"), "id")
    desired = [want("template", color="blue"), want("group", of=by_id)]
    planned = plan(desired, [TEMPLATE, there("group", of="lt-1")])
    assert rows(planned) == ["update template alice: planned"]


@pytest.mark.parametrize(
    "live", [[], [there("store", ready=False, busy="being made")]], ids=["unread", "not-ready"]
)
def test_a_ref_that_cannot_be_filled_is_no_difference(live: list[Live]) -> None:
    """What leans on something unread or not ready keeps what it has."""
    desired = [want("store"), want("template", of=ID)]
    standing = there("template", of="id-before")
    planned = plan(desired, [*live, standing], unread=[] if live else ["store"])
    assert key("template") in planned.unchanged
    assert [change.key.kind for change in planned.changes] == ["store"]


def test_data_that_was_in_use_and_is_gone_is_a_data_change() -> None:
    leaning = there("template", of="id-1", mounts={key("store"): "id-alice"})
    planned = plan([want("store"), want("template", of=ID)], [leaning])
    store = planned.changes[0]
    assert (store.op, store.impact) == (Op.CREATE, Impact.DATA)
    assert isinstance(store.action, Create)
    assert "template alice" in store.action.lost_identity
    assert only(plan([want("store")])).impact is Impact.NONE, "the first time is no loss"


# -- chains ----------------------------------------------------------------------------------


def chain() -> list[Desired]:
    return [
        want("store"),
        want("template", of=ID),
        want("group", of=Ref(key("template"), "id")),
        want("timer", after=(key("group"),)),
    ]


@pytest.mark.parametrize(
    ("live", "unread", "outcome", "reason"),
    [
        (
            [there("store", ready=False, busy="fs-1 is being created")],
            [],
            Outcome.WAITING,
            "fs-1 is being created",
        ),
        (
            [there("store", ready=False, broken="fs-1 is FAILED")],
            [],
            Outcome.BLOCKED,
            "fs-1 is FAILED",
        ),
        ([], ["store"], Outcome.BLOCKED, "could not be read: x:DescribeAll: slow down"),
        (
            [FOREIGN],
            [],
            Outcome.BLOCKED,
            "exists without our tag: rename the workstation, or remove or tag what is there",
        ),
    ],
    ids=["waits", "broken", "unread", "foreign"],
)
def test_a_chain_says_the_first_cause_at_every_link(
    live: list[Live], unread: list[str], outcome: Outcome, reason: str
) -> None:
    first, *rest = plan(chain(), live, unread=unread).changes
    assert (first.outcome, first.reason) == (outcome, reason)
    assert [change.key.kind for change in rest] == ["template", "group", "timer"]
    assert {change.outcome for change in rest} == {outcome}
    assert {change.reason for change in rest} == {f"needs store alice: {reason}"}


def test_a_chain_without_trouble_is_planned_whole() -> None:
    assert {change.outcome for change in plan(chain()).changes} == {Outcome.PLANNED}


def test_a_refused_change_stops_nobody_who_needs_only_what_stands() -> None:
    """Promise 9: a shared file system whose zone was edited still takes new workstations."""
    desired = [want("store", zone="b"), want("template", of=ID)]
    planned = plan(desired, [there("store")])
    assert rows(planned) == ["replace store alice: blocked", "create template alice: planned"]
    assert spec_of(planned, "template") == "id-alice"


def test_who_stands_after_something_refused_is_blocked_with_it() -> None:
    """A group's subnets follow from its volume's zone: an edited zone must not move it alone."""
    desired = [want("store", zone="b"), want("group", color="blue", after=(key("store"),))]
    planned = plan(desired, [there("store"), there("group")])
    assert rows(planned) == ["replace store alice: blocked", "update group alice: blocked"]


def test_what_is_larger_than_asked_for_stands_and_nobody_waits_for_it() -> None:
    """A volume grown by hand, past the YAML, must not keep its group from being repaired."""
    desired = [want("store", size=1), want("group", color="blue", after=(key("store"),))]
    planned = plan(desired, [there("store", size=2), there("group")])
    assert rows(planned) == ["replace store alice: blocked", "update group alice: planned"]


TOO_LARGE = replace(want("template", color="blue", of=ID), refused="it is too large: shorten it")


def test_what_aws_would_refuse_blocks_its_row_and_whoever_needs_a_new_one() -> None:
    planned = plan([want("store"), TOO_LARGE, want("group", of=VERSION)])
    assert [change.outcome for change in planned.changes] == [
        Outcome.PLANNED,
        Outcome.BLOCKED,
        Outcome.BLOCKED,
    ]
    _, template, group = planned.changes
    assert (template.reason, template.error) == ("it is too large: shorten it", "refused")
    assert group.reason == "needs template alice: it is too large: shorten it"


def test_what_aws_would_refuse_leaves_what_stands_as_it_is() -> None:
    live = [there("store"), TEMPLATE, there("group", of="1")]
    planned = plan([want("store"), TOO_LARGE, want("group", of=VERSION, color="blue")], live)
    template, group = planned.changes
    assert (template.op, template.outcome) == (Op.UPDATE, Outcome.BLOCKED)
    assert (group.outcome, [each.field for each in group.fields]) == (Outcome.PLANNED, ["color"])
