"""The queue of a region, and what is told through its topic."""

from __future__ import annotations

import json

from reconciler.engine.queue import POLL, Queue, publish, queue_of, receive
from reconciler.power.notices import Notice
from tests.engine.hearing import URL, FakeRegion


def test_the_queue_is_the_one_that_a_run_makes(door: FakeRegion) -> None:
    assert queue_of("acme", door).url == URL
    [call] = door.calls
    assert (call.operation, call.parameters) == ("get_queue_url", {"QueueName": "acme-events"})


def test_a_long_poll_is_as_long_as_may_be_and_never_longer_than_asked(door: FakeRegion) -> None:
    for seconds in (300.0, 4.7, 0.2):
        assert receive(Queue(URL, door), seconds) == []
    assert [call.parameters["WaitTimeSeconds"] for call in door.calls] == [POLL, 4, 0]


def test_whom_a_notice_is_for_is_a_list_that_filters_look_into(door: FakeRegion) -> None:
    to = ("alice@example.com", "ops@example.com")
    publish("acme", door, Notice("alice: off", "words", {"workstation": "alice", "to": to}))
    [said] = door.published
    assert said["MessageAttributes"] == {
        "workstation": {"DataType": "String", "StringValue": "alice"},
        "to": {"DataType": "String.Array", "StringValue": json.dumps(to)},
    }
