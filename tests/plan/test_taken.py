"""A name or a token that is taken: read back, used, brought up to date, or left alone."""

from __future__ import annotations

import pytest

from reconciler.plan.model import Create, Key, Live, Op, Outcome, Write
from tests.plan.bench import EXISTS, Bench, chain
from tests.plan.fakes import (
    REGION,
    Fake,
    made,
    plan,
    there,
    want,
)


def taken(kind: Fake) -> list[Write]:
    """The first create finds the name taken; what is asked after that is done and kept."""
    sent: list[Write] = []

    def answer(change: Write) -> Live:
        if isinstance(change, Create):
            raise EXISTS
        sent.append(change)
        return made(change)

    kind.answer = answer
    return sent


def test_a_taken_name_of_ours_is_read_back_and_used(bench: Bench) -> None:
    sent = taken(bench.store)
    bench.store.there = [there("store", attrs={"id": "fs-before"})]
    done = bench.apply(plan(chain()))
    assert {change.outcome for change in done.changes} == {Outcome.DONE}
    assert sent == [], "it is as wanted"
    (template,) = bench.template.applied
    assert isinstance(template, Create)
    assert template.desired.spec.of == "fs-before"


def test_a_taken_name_of_ours_is_brought_up_to_date(bench: Bench) -> None:
    sent = taken(bench.store)
    bench.store.there = [there("store", color="green")]
    done = bench.apply(plan([want("store")]))
    assert done.changes[0].outcome is Outcome.DONE
    (update,) = sent
    assert (update.op, [f.field for f in update.fields]) == (Op.UPDATE, ["color"])


@pytest.mark.parametrize(
    "found",
    [
        there("store", shape="square", in_use="i-0abc is running"),
        there("store", zone="b"),
        there("store", size=9),
        there("store", color="green", busy="fs-1 is being created"),
    ],
    ids=["would-replace-what-runs", "fixed", "would-shrink", "busy"],
)
def test_a_taken_name_is_not_forced_into_what_a_plan_would_refuse(
    bench: Bench, found: Live
) -> None:
    """Promise 8: another run was faster, and somebody may sit at it already."""
    sent = taken(bench.store)
    bench.store.there = [found]
    done = bench.apply(plan([want("store")]))
    assert done.changes[0].outcome is Outcome.DONE
    assert sent == []


@pytest.mark.parametrize(
    ("found", "outcome", "reason"),
    [
        ([], Outcome.WAITING, "it exists and is not visible yet"),
        ([there("store", owned=False)], Outcome.FAILED, "exists without our tag"),
        ([there("store", "bob")], Outcome.WAITING, "it exists and is not visible yet"),
    ],
    ids=["not-visible", "foreign", "only-another"],
)
def test_a_taken_name_that_is_not_ours_is_left_alone(
    bench: Bench, found: list[Live], outcome: Outcome, reason: str
) -> None:
    sent = taken(bench.store)
    bench.store.there = found
    done = bench.apply(plan(chain()))
    assert done.changes[0].outcome is outcome
    assert reason in done.changes[0].reason
    assert sent == []
    assert {c.outcome for c in done.changes[1:]} == {Outcome.WAITING}


def test_a_taken_name_without_tags_of_its_own_is_ours_if_the_plan_said_so(bench: Bench) -> None:
    taken(bench.timer)
    bench.timer.there = [there("timer", owned=False, parent=Key(REGION, "group", "alice"))]
    assert bench.apply(plan([want("timer")])).changes[0].outcome is Outcome.DONE
