"""What a pause that listens does: tells once, looks at once, deletes what was acted on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from reconciler.engine.listen import act, listen
from reconciler.engine.queue import (
    Message,
    opened,
)
from reconciler.errors import AwsError, Unreachable
from reconciler.power.notices import What
from tests.engine.hearing import (
    ACCOUNT,
    FAILURE,
    INTERRUPTION,
    REBALANCE,
    World,
    enveloped,
    group,
    message,
)


@pytest.mark.parametrize("wrap", [enveloped, lambda it: it], ids=["envelope", "raw"])
def test_told_run_and_deleted(world: World, wrap: Callable[[Any], Any]) -> None:
    assert world.hear(wrap(FAILURE)) == []
    assert world.ran == [("alice",)]
    [said] = world.door.published
    assert said["TopicArn"] == f"arn:aws:sns:us-east-1:{ACCOUNT}:acme-events"
    assert said["MessageAttributes"] == {
        "owner": {"DataType": "String", "StringValue": "alice@example.com"},
        "workstation": {"DataType": "String", "StringValue": "alice"},
        "event": {"DataType": "String", "StringValue": "launch-failure"},
    }


def test_the_owner_is_told_before_the_run(world: World) -> None:
    """A run takes its time; an interruption leaves two minutes."""
    world.hear(INTERRUPTION)
    assert world.ran
    world.ran.clear()
    world.told.clear()

    def run(names: tuple[str, ...]) -> bool:
        assert len(world.subjects) == 2
        return True

    act([message(INTERRUPTION)], world.place, world.told, world.publish, run)


def test_a_hint_is_told_and_nothing_is_run(world: World) -> None:
    assert world.hear(REBALANCE) == []
    assert len(world.subjects) == 1
    assert world.ran == []


def test_duplicates_are_told_once_and_run_once(world: World) -> None:
    assert world.hear(FAILURE, FAILURE, enveloped(FAILURE)) == []
    assert len(world.subjects) == 1
    assert world.ran == [("alice",)]
    world.hear(FAILURE)
    assert len(world.subjects) == 1


def test_after_the_hour_it_is_news_again(world: World) -> None:
    world.hear(FAILURE)
    world.now += timedelta(hours=1, minutes=5)
    world.hear(FAILURE | {"time": "2026-11-20T14:04:00Z"})
    assert len(world.subjects) == 2
    assert len(world.told) == 1


def test_memory_is_pruned(world: World) -> None:
    world.hear(FAILURE, INTERRUPTION)
    assert len(world.told) == 2
    world.now += timedelta(hours=2)
    world.hear("nothing")
    assert world.told == {}


def test_a_message_stays_when_the_run_fails(world: World) -> None:
    world.works = False
    [left] = world.hear(FAILURE, REBALANCE)
    assert json.loads(left["Body"]) == FAILURE
    assert len(world.subjects) == 2
    world.works = True
    assert world.hear() == []  # it comes again: run, and not told twice
    assert world.ran == [("alice",), ("alice",)]
    assert len(world.subjects) == 2


@pytest.mark.parametrize("broken", ["publish", "describe_auto_scaling_groups"])
def test_a_message_stays_when_it_cannot_be_told(
    world: World, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.door.broken.add(broken)
    assert len(world.hear(FAILURE, "poison")) == 1
    assert world.ran == []
    assert "an event stays in the queue" in caplog.text
    world.door.broken.clear()
    assert world.hear() == []
    assert len(world.subjects) == 1


@pytest.mark.parametrize(
    "body",
    ["", "not json", "[]", "[" * 100_000, '{"Type": "Notification"}', {"source": "my.app"}],
    ids=lambda it: str(it)[:20],
)
def test_poison_is_logged_and_deleted(
    world: World, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.hear(body, FAILURE) == []
    assert "not an event, thrown away" in caplog.text
    assert world.ran == [("alice",)]


def test_our_own_notices_are_not_heard(world: World) -> None:
    world.hear(FAILURE)
    said = world.door.published[0]
    raw = message(said["Message"], attributes=list(said["MessageAttributes"]))
    wrapped = message(enveloped(said["Message"], list(said["MessageAttributes"])))
    world.told.clear()
    assert world.act([raw, wrapped]) == [raw, wrapped]
    assert len(world.subjects) == 1


def test_an_event_under_our_attributes_is_ours(world: World) -> None:
    """Whatever a notice says, it starts nothing."""
    wrapped = message(enveloped(FAILURE, ["event", "workstation"]))
    assert opened(wrapped)[1] == {"event", "workstation"}
    world.act([wrapped])
    assert world.subjects == []


def test_what_this_loop_does_not_look_at_is_told_and_not_run(world: World) -> None:
    world.only = ("bob",)
    assert world.hear(FAILURE) == []
    assert len(world.subjects) == 1
    assert world.ran == []


def test_a_workstation_is_never_a_glob(world: World) -> None:
    """A run for `*` would be one for all; only a declared name is run."""
    world.door.groups["acme-alice"] = group(reconciler_workstation="*")
    world.hear(FAILURE)
    assert world.ran == []


@dataclass
class Time:
    """A clock that polls and pauses move."""

    now: float = 0.0
    paused: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.now += seconds


def test_the_pause_lasts_and_hears_meanwhile(world: World) -> None:
    time = Time()
    arriving = {40.0: [message(FAILURE)]}
    forgotten: list[Message] = []

    def hear(left: float) -> Sequence[Message]:
        time.now += min(left, 20)
        return arriving.pop(time.now, [])

    listen(300, hear, world.act, forgotten.append, lambda: False, time.pause, lambda: time.now)
    assert time.now == 300
    assert time.paused == []
    assert world.ran == [("alice",)]
    assert len(forgotten) == 1


def test_a_stop_ends_it(world: World) -> None:
    time = Time()
    stopped = iter([False, True])
    listen(
        300,
        lambda left: [],
        world.act,
        lambda message: None,
        partial(next, stopped),
        time.pause,
        lambda: time.now,
    )
    assert time.now == 0


def test_a_queue_that_does_not_answer_is_told_and_paced(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    time = Time()

    def hear(left: float) -> Sequence[Message]:
        raise AwsError("sqs:ReceiveMessage", "QueueDoesNotExist", "no such queue", "us-east-1")

    with caplog.at_level(logging.WARNING):
        listen(50, hear, world.act, lambda it: None, lambda: False, time.pause, lambda: time.now)
    assert time.paused == [20, 20, 10]
    assert caplog.text.count("cannot listen: sqs:ReceiveMessage: QueueDoesNotExist") == 3


def test_what_cannot_be_deleted_comes_again_and_is_not_told_again(world: World) -> None:
    world.door.broken.add("delete_message")
    with pytest.raises(Unreachable):
        world.hear(FAILURE)
    world.door.broken.clear()
    assert world.hear() == []
    assert len(world.subjects) == 1


def test_each_what_has_a_name_for_filters() -> None:
    assert {str(it) for it in What} == {"interruption", "rebalance", "launch-failure"}
