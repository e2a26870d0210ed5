from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from reconciler.sandbox.control.orders import verb
from reconciler.sandbox.operations import Wire
from reconciler.sandbox.world import World
from tests.sandbox.helpers import Aws, order


def ask(aws: Aws, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the document of one request; text goes out as it is."""
    sent = body if body is None or isinstance(body, str) else json.dumps(body)
    connection = http.client.HTTPConnection("127.0.0.1", aws.sandbox.port)
    connection.request(method, path, sent, order(aws))
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "application/json"
    document = json.loads(answer.read())
    connection.close()
    return answer.status, document


NOW = "2026-11-20T09:30:00Z"


@pytest.mark.parametrize(
    ("words", "now"),
    [
        ({"forward": "2h"}, "2026-11-20T11:30:00Z"),
        ({"forward": "1d12h"}, "2026-11-21T21:30:00Z"),
        ({"forward": "2w"}, "2026-12-04T09:30:00Z"),
        ({"forward": "0s"}, NOW),
        ({"to": "2026-11-23T09:00:00Z"}, "2026-11-23T09:00:00Z"),
        ({"to": "2026-11-23T09:00:00+01:00"}, "2026-11-23T08:00:00Z"),
        ({"to": "2026-11-23T09:00", "timezone": "Europe/Berlin"}, "2026-11-23T08:00:00Z"),
        ({"to": "Mon 09:00", "timezone": "Europe/Berlin"}, "2026-11-23T08:00:00Z"),
        ({"to": "fri 09:00"}, "2026-11-27T09:00:00Z"),
        ({"to": "Fri 09:45"}, "2026-11-20T09:45:00Z"),
        ({"to": "10:00"}, "2026-11-20T10:00:00Z"),
        ({"to": "09:30"}, "2026-11-21T09:30:00Z"),
    ],
)
def test_time_is_moved(still: Aws, words: Wire, now: str) -> None:
    assert ask(still, "GET", "/_sandbox/clock")[1]["now"] == NOW
    status, moved = ask(still, "POST", "/_sandbox/clock", words)
    assert (status, moved["now"]) == (200, now)
    assert ask(still, "GET", "/_sandbox/clock") == (200, moved)


def test_what_happened_on_the_way_is_told(still: Aws) -> None:
    still.template()
    still.group()
    still.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName="acme-alice",
        ScheduledActionName="end",
        StartTime="2026-11-20T10:00:00Z",
        MinSize=1,
    )
    _, moved = ask(still, "POST", "/_sandbox/clock", {"forward": "1h"})
    assert moved["ahead_seconds"] == 3600
    assert moved["happened"] == [
        {
            "at": "2026-11-20T10:00:00Z",
            "what": "scheduled action acme-alice/end done: min size 1, max size 1, "
            "desired capacity 1",
        }
    ]
    _, later = ask(still, "POST", "/_sandbox/clock", {"forward": "1h"})
    assert later["happened"] == []
    assert ask(still, "GET", "/_sandbox/clock")[1]["happened"] == moved["happened"]


def test_capacity_is_taken_and_given_back(still: Aws) -> None:
    words = {"instance_type": "g5.*", "zone": "us-east-1a", "market": "on-demand"}
    pools = {**words, "failure": "no-on-demand"}
    spot = {"instance_type": "*", "zone": "*", "market": "spot", "failure": "unfulfillable"}
    path = "/_sandbox/capacity"
    assert ask(still, "POST", path, {"take": words}) == (200, {"away": [pools]})
    assert ask(still, "POST", path, {"take": {"instance_type": "*"}})[1] == {"away": [pools, spot]}
    assert ask(still, "POST", path, {"give": words}) == (200, {"away": [spot]})
    assert ask(still, "GET", path) == (200, {"away": [spot]})
    still.template()
    still.group(DesiredCapacity=1)
    assert still.described()["Instances"] == []


WRONG: list[tuple[str, Any, str]] = [
    ("clock", {}, "give one of forward"),
    ("clock", {"forward": "1h", "to": "10:00"}, "give one of forward"),
    ("clock", {"forward": "-1h"}, "'-1h' is not a duration; write"),
    ("clock", {"forward": ""}, "forward must be given"),
    ("clock", {"forward": 5}, "forward must be given, as text"),
    ("clock", {"forward": "999999w"}, "too far"),
    ("clock", {"forward": "1h2h"}, "is not a duration; write"),
    ("clock", {"to": "2029-01-01T00:00:00Z"}, "too far"),
    ("clock", {"to": "yesterday"}, "'yesterday' is not a time; write"),
    ("clock", {"to": "Xyz 09:00"}, "'Xyz 09:00' is not a time; write"),
    ("clock", {"to": "25:00"}, "is not a time; write"),
    ("clock", {"to": "10:00", "timezone": "Mars/Base"}, "'Mars/Base' is not a time zone"),
    ("clock", {"to": "2026-11-20T09:00:00Z"}, "time does not go back; choose a later one"),
    ("clock", {"by": "1h"}, "unknown: by; known: forward, to, timezone"),
    ("clock", [], "must be a JSON object"),
    ("clock", "{", "the body is no JSON"),
    ("capacity", {}, "give one of take and give"),
    ("capacity", {"take": "g5.*"}, "give one of take and give"),
    ("capacity", {"take": {}}, "instance_type must be given"),
    ("capacity", {"take": {"instance_type": "*", "market": "free"}}, "'free' is not a market"),
    ("capacity", {"take": {"instance_type": "*", "type": "x"}}, "unknown: type"),
]


@pytest.mark.parametrize(("name", "words", "message"), WRONG)
def test_what_cannot_be_done_is_said_with_what_to_do(
    still: Aws, name: str, words: Any, message: str
) -> None:
    status, document = ask(still, "POST", f"/_sandbox/{name}", words)
    assert status == 400
    assert message in document["error"]
    assert ask(still, "GET", "/_sandbox/clock")[1]["now"] == NOW


def test_a_verb_that_is_not_there_is_told_which_are(aws: Aws) -> None:
    status, document = ask(aws, "POST", "/_sandbox/time", {})
    assert status == 404
    assert "no POST /_sandbox/time; it has GET /_sandbox/capacity, GET" in document["error"]


def test_two_answers_to_one_verb_are_a_mistake() -> None:
    def second(world: World, words: Wire) -> Wire:
        return words

    with pytest.raises(ValueError, match="answered twice"):
        verb("POST", "clock")(second)


def test_a_fault_in_something_due_is_an_answer_all_the_same(still: Aws) -> None:
    def fault() -> str:
        raise KeyError("moto")

    still.sandbox.clock.at(still.sandbox.clock.now(), fault)
    status, document = ask(still, "GET", "/_sandbox/clock")
    assert (status, document["error"]) == (
        501,
        "the sandbox failed at GET /_sandbox/clock: KeyError('moto')",
    )
    assert ask(still, "GET", "/_sandbox/clock")[0] == 200
