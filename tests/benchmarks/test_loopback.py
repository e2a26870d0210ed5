"""The small server counts calls, waits where it is told to, and forwards and remembers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from benchmarks.loopback import Loopback, Request, whole
from benchmarks.measure import Run, ask, once
from benchmarks.record import Answers, Forward

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sns/aws4_request"}


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Answers every request with what it asked."""
    loopback = Loopback(lambda request: whole(request.operation.encode(), "text/plain"))
    yield loopback
    loopback.close()


def say(url: str, body: str = "Action=ListTopics") -> str:
    connection = HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", "/", body, SIGNED)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def test_operations_are_named_as_aws_names_them(server: Loopback) -> None:
    assert say(server.url) == "sns:ListTopics"
    rest = Request("GET", "/schedules/one?groupName=a", {}, b"")
    assert rest.operation == ":GET /schedules/*"


def test_calls_are_counted_until_they_are_asked_for(server: Loopback) -> None:
    say(server.url)
    say(server.url)
    assert ask(server.url, "traffic")["calls"] == {"sns:ListTopics": 2}
    assert ask(server.url, "traffic")["calls"] == {}


def test_waits_overlap(server: Loopback) -> None:
    ask(server.url, "latency/0.2")
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(say, [server.url] * 5))
    assert ask(server.url, "traffic")["most_at_once"]["sns"] >= 2


def test_forwarding_remembers_the_answer(server: Loopback) -> None:
    kept: Answers = {}
    forward = Forward(server.url, "key", kept)
    proxy = Loopback(forward)
    assert say(proxy.url) == "sns:ListTopics"
    proxy.close()
    forward.close()
    ((operation, _, body),) = kept
    assert (operation, body) == ("sns:ListTopics", b"Action=ListTopics")
    assert next(iter(kept.values())).endswith(b"\r\n\r\nsns:ListTopics")


def test_a_command_is_measured_with_its_own_cpu() -> None:
    cost = once(Run(("python3", "-c", "sum(range(3_000_000))")))
    assert 0 < cost.cpu < cost.wall + 1
