"""Running a plan: the order, ten at once, and what becomes of a row when another one fails."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from reconciler.engine.apply import AT_ONCE, apply
from reconciler.errors import (
    AlreadyExists,
    AwsError,
    NotFound,
    NotReady,
    ReconcilerError,
    Stopped,
    Throttled,
    Unanswered,
    UsageError,
)
from reconciler.plan.kind import Scope
from reconciler.plan.model import (
    Change,
    Create,
    DeletionPolicy,
    Key,
    Live,
    Outcome,
    Plan,
    Ref,
    Write,
)
from tests.plan.bench import DENIED, ID, Bench, chain, failing, in_order
from tests.plan.declared import NOW
from tests.plan.fakes import OTHER_REGION, REGION, key, key_of, made, plan, rows, there, want
from tests.support.fake_aws import FakeAws

# -- order -----------------------------------------------------------------------------------


def test_kinds_go_one_after_another_and_each_finds_what_the_one_before_made(bench: Bench) -> None:
    order = in_order(bench)
    done = bench.apply(plan([*chain("alice"), *chain("bob")]))
    assert [key_of(change).kind for change in order] == [
        kind for kind in ("store", "template", "group", "timer") for _ in range(2)
    ]
    assert {change.outcome for change in done.changes} == {Outcome.DONE}
    specs = [made.desired.spec.of for made in bench.template.applied if isinstance(made, Create)]
    assert sorted(specs) == ["id-alice", "id-bob"]


def test_the_rows_come_back_in_the_plans_own_order(bench: Bench) -> None:
    planned = plan([*chain("alice"), *chain("bob")])
    done = bench.apply(planned)
    assert [change.key for change in done.changes] == [change.key for change in planned.changes]
    assert {change.key for change in bench.reported} == {change.key for change in planned.changes}


def gone(name: str = "alice") -> list[Live]:
    return [
        there("timer", f"{name}-start", workstation=name, removal=DeletionPolicy.AT_ONCE),
        *(
            there(kind, name, workstation=name, removal=DeletionPolicy.AFTER_STOP)
            for kind in ("timer", "template", "group")
        ),
    ]


def test_removals_go_last_and_the_start_schedule_first_of_them(bench: Bench) -> None:
    order = in_order(bench)
    bench.apply(plan([want("store", "bob", workstation="bob")], gone()))
    assert [f"{change.op} {key_of(change)}" for change in order] == [
        "create store bob",
        "delete timer alice-start",
        "delete group alice",
        "delete template alice",
        "delete timer alice",
    ]


def test_ten_changes_are_under_way_at_once_and_no_more(bench: Bench) -> None:
    """Each waits until ten are there: fewer at once and this would never end."""
    together = threading.Barrier(AT_ONCE)
    lock, at_once, most = threading.Lock(), 0, 0

    def answer(change: Write) -> Live:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        together.wait(timeout=20)
        with lock:
            at_once -= 1
        return made(change)

    bench.store.answer = answer
    done = bench.apply(plan([want("store", f"w{i}") for i in range(3 * AT_ONCE)]))
    assert most == AT_ONCE == 10
    assert {change.outcome for change in done.changes} == {Outcome.DONE}


def test_only_planned_rows_are_done(bench: Bench) -> None:
    live = [there("store", ready=False, busy="being made"), there("template", zone="b")]
    planned = plan([want("store"), want("template"), want("group", "bob")], live)
    done = bench.apply(planned)
    assert bench.sent() == ["create group bob"]
    assert done.changes[:2] == planned.changes[:2]


def test_each_change_goes_to_the_door_of_its_region(bench: Bench) -> None:
    asked: list[str] = []
    planned = plan([want("store"), want("store", region=OTHER_REGION)])

    def aws(region: str) -> FakeAws:
        asked.append(region)
        return FakeAws(region)

    apply(planned, bench.kinds, aws, Scope("acme", NOW), bench.reported.append, lambda: False)
    assert sorted(asked) == [OTHER_REGION, REGION]


# -- failures --------------------------------------------------------------------------------


def outcomes(planned: Plan, workstation: str) -> list[Outcome]:
    return [change.outcome for change in planned.changes if change.workstation == workstation]


@pytest.mark.parametrize(
    "error",
    [
        DENIED,
        Throttled("x:CreateThing", "Throttling", "slow down", REGION),
        AwsError("x:CreateThing", "ValidationError", "bad", REGION),
        UsageError("the credentials have expired"),
    ],
    ids=["denied", "throttled", "invalid", "expired"],
)
def test_one_failure_stops_only_what_needs_it(bench: Bench, error: ReconcilerError) -> None:
    """Promise 9."""
    bench.template.answer = failing(error, "alice")
    done = bench.apply(plan([*chain("alice"), *chain("bob")]))
    assert outcomes(done, "alice") == [
        Outcome.DONE,
        Outcome.FAILED,
        Outcome.WAITING,
        Outcome.WAITING,
    ]
    assert set(outcomes(done, "bob")) == {Outcome.DONE}
    failed, *waiting = [c for c in done.changes if c.outcome is not Outcome.DONE]
    assert (failed.reason, failed.error) == (str(error), error.code)
    assert {c.reason for c in waiting} == {f"needs template alice: {error}"}, "the first cause"
    assert {c.error for c in waiting} == {"needs"}, "waiting alone will not bring it"


def test_what_needs_something_blocked_waits_with_its_reason(bench: Bench) -> None:
    planned = plan(chain())
    changes = list(planned.changes)
    changes[0] = replace(changes[0], outcome=Outcome.BLOCKED, reason="it was there, and is gone")
    done = bench.apply(replace(planned, changes=tuple(changes)))
    assert bench.sent() == []
    assert {c.reason for c in done.changes[1:]} == {"needs store alice: it was there, and is gone"}
    assert {c.error for c in done.changes[1:]} == {"needs"}


def test_what_stands_after_something_larger_than_asked_for_is_done(bench: Bench) -> None:
    desired = [want("store", size=1), want("group", color="blue", after=(key("store"),))]
    done = bench.apply(plan(desired, [there("store", size=2), there("group")]))
    assert [change.outcome for change in done.changes] == [Outcome.BLOCKED, Outcome.DONE]


def test_what_needs_something_not_ready_waits_for_it(bench: Bench) -> None:
    def creating(change: Write) -> Live:
        return replace(made(change), ready=False, busy="fs-1 is being created")

    bench.store.answer = creating
    done = bench.apply(plan(chain()))
    assert [c.outcome for c in done.changes] == [Outcome.DONE, *[Outcome.WAITING] * 3]
    assert {c.reason for c in done.changes[1:]} == {"needs store alice: fs-1 is being created"}
    assert {c.error for c in done.changes[1:]} == {""}


def test_busy_is_waiting_and_not_a_failure(bench: Bench) -> None:
    busy = NotReady("x:UpdateThing", "ResourceContention", "another change is under way", REGION)
    bench.store.answer = failing(busy)
    done = bench.apply(plan([want("store")]))
    (row,) = done.changes
    assert (row.outcome, row.error) == (Outcome.WAITING, "not-ready")
    assert row.reason == "another change is under way"


def test_a_failed_update_leaves_who_refers_to_it_waiting(bench: Bench) -> None:
    bench.template.answer = failing(DENIED)
    live = [there("template", attrs={"id": "lt-1", "version": "1"}), there("group", of="1")]
    desired = [want("template", color="blue"), want("group", of=Ref(key("template"), "version"))]
    done = bench.apply(plan(desired, live))
    assert [c.outcome for c in done.changes] == [Outcome.FAILED, Outcome.WAITING]
    assert bench.group.applied == []


def test_what_was_made_a_moment_ago_may_not_be_visible_yet(bench: Bench) -> None:
    unseen = NotFound("x:CreateThing", "InvalidGroup.NotFound", "no such group", REGION)
    bench.template.answer = failing(unseen)
    fresh = bench.apply(plan([want("store"), want("template", of=ID)]))
    assert fresh.changes[1].outcome is Outcome.WAITING
    old = Bench()
    old.template.answer = failing(unseen)
    standing = old.apply(plan([want("store"), want("template", of=ID)], [there("store")]))
    assert standing.changes[0].outcome is Outcome.FAILED, "what stood before should be found"


# -- removals that do not go through ---------------------------------------------------------


def test_a_removal_of_what_is_gone_already_is_done(bench: Bench) -> None:
    bench.group.answer = failing(NotFound("x:DeleteThing", "NotFound", "gone", REGION))
    done = bench.apply(plan([], gone()))
    assert {change.outcome for change in done.changes} == {Outcome.DONE}


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (NotReady("x:Delete", "ResourceInUse", "i-1 runs", REGION), Outcome.WAITING, ""),
        (DENIED, Outcome.FAILED, "needs"),
        (AlreadyExists("x:Delete", "ConflictException", "try later", REGION), None, "needs"),
    ],
    ids=["in-use", "denied", "conflict"],
)
def test_what_a_removal_needs_gone_first_keeps_the_rest(
    bench: Bench, error: AwsError, outcome: Outcome | None, code: str
) -> None:
    bench.group.answer = failing(error, "alice")
    done = bench.apply(plan([], [*gone("alice"), *gone("bob")]))
    alice = [change for change in done.changes if change.workstation == "alice"]
    assert [change.outcome for change in alice] == [
        Outcome.DONE,
        outcome or Outcome.FAILED,
        Outcome.WAITING,
        Outcome.WAITING,
    ]
    assert {(c.reason, c.error) for c in alice[2:]} == {("group alice goes first", code)}
    assert set(outcomes(done, "bob")) == {Outcome.DONE}


# -- stop ------------------------------------------------------------------------------------


def stops_after(bench: Bench, name: str) -> None:
    """A signal comes while this one is under way."""
    signal = threading.Event()

    def answer(change: Write) -> Live:
        if key_of(change).name == name:
            signal.set()
        return made(change)

    for kind in bench.kinds:
        kind.answer = answer
    bench.stopped = signal.is_set


def test_after_a_signal_the_change_in_hand_ends_and_no_other_begins(bench: Bench) -> None:
    stops_after(bench, "alice")
    done = bench.apply(plan(chain(), gone("bob")))
    first, *rest = done.changes
    assert first.outcome is Outcome.DONE
    assert bench.sent() == ["create store alice"]
    assert {(c.outcome, c.error) for c in rest} == {(Outcome.WAITING, "stopped")}
    assert {c.reason for c in rest} == {"not done: the run was told to stop"}


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (
            Unanswered("x:CreateThing", REGION),
            "unanswered",
            "unknown: AWS had not answered x:CreateThing when the command was told to stop; the "
            "next run finds out",
        ),
        (
            Stopped("x:TagThing", REGION),
            "stopped",
            "x:TagThing was not sent: the command was told to stop; the next run finds out",
        ),
    ],
    ids=["unanswered", "half-done"],
)
def test_a_call_left_behind_is_told_as_unknown_and_what_needs_it_waits(
    bench: Bench, error: Stopped, code: str, reason: str
) -> None:
    bench.store.answer = failing(error)
    first, *rest = bench.apply(plan(chain())).changes
    assert (first.outcome, first.error, first.reason) == (Outcome.WAITING, code, reason)
    assert {change.outcome for change in rest} == {Outcome.WAITING}
    assert bench.sent() == ["create store alice"]


def test_every_row_is_heard_of_once(bench: Bench) -> None:
    stops_after(bench, "bob")
    planned = plan([*chain("alice"), *chain("bob")])
    bench.apply(planned)
    assert sorted(map(str, keys(bench.reported))) == sorted(map(str, keys(planned.changes)))


def keys(changes: Iterable[Change] | Sequence[Change]) -> list[Key]:
    return [change.key for change in changes]


def test_an_empty_plan_sends_nothing(bench: Bench) -> None:
    assert rows(bench.apply(Plan())) == []
    assert bench.sent() == []
