"""The queue that a loop hears."""

from __future__ import annotations

import pytest

from reconciler.declare.fleet import Site
from reconciler.engine.queue import (
    HIDDEN,
    POLL,
    Queue,
    queue_of,
    receive,
)
from reconciler.errors import UsageError
from tests.engine.hearing import (
    ACCOUNT,
    URL,
    Door,
)


def test_a_queue_by_name_and_by_url(site: Site, door: Door) -> None:
    by_name = queue_of("acme-events-loop", site, lambda region: door)
    assert by_name.url == URL
    asked: list[str] = []

    def of_region(region: str) -> Door:
        asked.append(region)
        return door

    other = URL.replace("us-east-1", "eu-central-1")
    assert queue_of(other, site, of_region).url == other
    queue_of(f"http://127.0.0.1:4566/{ACCOUNT}/acme-events", site, of_region)
    assert asked == ["eu-central-1", "us-east-1"]


@pytest.mark.parametrize("given", ["orders", URL.replace("acme", "other"), "https://x/acme-events"])
def test_a_queue_of_somebody_else_is_refused(site: Site, door: Door, given: str) -> None:
    with pytest.raises(UsageError, match="begins with acme-events"):
        queue_of(given, site, lambda region: door)
    assert door.calls == []


def test_a_long_poll_is_as_long_as_may_be(door: Door) -> None:
    for seconds in (300.0, 0.2):
        assert receive(Queue(URL, door), seconds) == []
    waits = [asked["WaitTimeSeconds"] for _, asked in door.calls]
    assert waits == [POLL, 1]
    assert {asked["VisibilityTimeout"] for _, asked in door.calls} == {HIDDEN}
