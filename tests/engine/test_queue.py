"""The queue of a region, and what is told through its topic."""

from __future__ import annotations

import json

from reconciler.engine.queue import POLL, Queue, publish, queue_of, receive
from reconciler.power.notices import Notice
from tests.engine.listening import URL, FakeRegion


def test_the_queue_is_the_one_that_a_run_makes(client: FakeRegion) -> None:
    assert queue_of("acme", client).url == URL
    [call] = client.calls
    assert (call.operation, call.parameters) == ("get_queue_url", {"QueueName": "acme-events"})


def test_a_long_poll_is_as_long_as_may_be_and_never_longer_than_asked(client: FakeRegion) -> None:
    for seconds in (300.0, 4.7, 0.2):
        assert receive(Queue(URL, client), seconds) == []
    assert [call.parameters["WaitTimeSeconds"] for call in client.calls] == [POLL, 4, 0]


def test_whom_a_notice_is_for_is_a_list_that_filters_look_into(client: FakeRegion) -> None:
    to = ("alice@example.com", "ops@example.com")
    publish("acme", client, Notice("alice: off", "words", {"workstation": "alice", "to": to}))
    [notice] = client.published
    assert notice["MessageAttributes"] == {
        "workstation": {"DataType": "String", "StringValue": "alice"},
        "to": {"DataType": "String.Array", "StringValue": json.dumps(to)},
    }
