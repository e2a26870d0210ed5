"""Promise 16 for the queue: no message, whoever sent it, keeps the next one from being acted on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.listening import FAILURE, INTERRUPTION, ListeningPause, event

LONG = "x" * 200_000
DETAIL = {"AutoScalingGroupName": "acme-alice"}

MESSAGES: dict[str, Any] = {
    "of the year 9999": event(time="9999-12-31T23:59:59Z"),
    "of the year 9999, west": event(time="9999-12-31T23:59:59-14:00"),
    "of the year 1, east": event(time="0001-01-01T00:00:00+14:00"),
    "of the future": event(time="2026-11-20T14:00:00Z"),
    "of last week": event(time="2026-11-13T12:59:00Z"),
    "of no time": event(time="soon"),
    "with a number for a time": event(time=7),
    "of a future interruption": INTERRUPTION | {"time": "9999-12-31T23:59:59Z"},
    "of 200,000 characters": event(detail={**DETAIL, "StatusMessage": LONG}),
    "of a slow text": event(detail={**DETAIL, "StatusMessage": "a1-" * 60_000}),
    "of a group of 200,000 characters": event(detail={"AutoScalingGroupName": LONG}),
    "of another's group": event(detail={"AutoScalingGroupName": "else-alice"}),
    "of every group": event(detail={"AutoScalingGroupName": "acme-*"}),
    "of a group that is a list": event(detail={"AutoScalingGroupName": ["acme-alice"]}),
    "of every instance": INTERRUPTION | {"detail": {"instance-id": "i-*"}},
    "of an instance of 200,000": INTERRUPTION | {"detail": {"instance-id": LONG}},
    "without a detail": event(detail=None),
    "of another account": event(account="210987654321"),
    "of another region": event(region="mars-1"),
    "null": "null",
    "a list": "[]",
    "no JSON": "<Message/>",
    "brackets": "[" * 50_000,
    "200,000 characters of nothing": LONG,
    "empty": "",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_the_next_message_is_acted_on(world: ListeningPause, name: str) -> None:
    odd = MESSAGES[name]
    body = odd if isinstance(odd, str) else json.dumps(odd)
    assert world.receive_and_act(body, FAILURE, body) == [], "nothing is left in the queue"
    assert world.ran == [("alice",)]
    subjects = [each for each in world.subjects if "not started" in each]
    assert subjects
    assert all(len(json.dumps(each)) < 5_000 for each in world.client.published)


def test_a_message_from_the_future_does_not_mute_a_real_one(world: ListeningPause) -> None:
    world.receive_and_act(MESSAGES["of the future"], MESSAGES["of the year 9999"])
    assert world.subjects == []
    world.receive_and_act(FAILURE)
    assert len(world.subjects) == 1
