"""Regions are polled side by side: one that is silent, or broken, holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from reconciler.engine.polling import THREAD, TICK, Polling, Received
from reconciler.engine.queue import POLL, Message, Queue
from reconciler.errors import AwsError
from tests.engine.listening import FAILURE, FakeRegion, message

QUEUE = Queue("https://sqs/acme-events", FakeRegion())
REGIONS = ("eu-central-1", "us-east-1")


class Threads:
    """Polls that have begun, and end in the order of a test's choice."""

    def __init__(self) -> None:
        self.now = 0.0
        self.begun: list[Callable[[], None]] = []
        self.asked: list[tuple[str, float]] = []
        self.brings: dict[str, Sequence[Message] | Exception] = dict.fromkeys(REGIONS, ())
        self.polling = Polling(lambda: self.now, self.begun.append, tick=0)

    def poll(self, region: str) -> Callable[[float], tuple[Queue, Sequence[Message]]]:
        def poll(seconds: float) -> tuple[Queue, Sequence[Message]]:
            self.asked.append((region, seconds))
            brings = self.brings[region]
            if isinstance(brings, Exception):
                raise brings
            return QUEUE, brings

        return poll

    def next(self, left: float = 300.0, *ends: int) -> Received | None:
        polls = {region: self.poll(region) for region in REGIONS}
        for end in ends:
            self.begun.pop(end)()
        return self.polling.next(polls, left)


def test_each_region_is_polled_and_the_first_answer_is_received() -> None:
    threads = Threads()
    threads.brings["us-east-1"] = [message(FAILURE)]
    assert threads.next() is None, "nobody has answered yet"
    assert len(threads.begun) == 2
    received = threads.next(300.0, 1)
    assert received is not None
    assert (received.region, received.queue, len(received.messages)) == ("us-east-1", QUEUE, 1)
    assert len(threads.begun) == 1, "the silent region's poll goes on, and is not begun again"
    threads.next(280.0)
    assert len(threads.begun) == 2
    assert threads.asked == [("us-east-1", 299.0)], "a second less, for the answer to arrive"


def test_what_arrives_after_a_pause_is_received_in_the_next() -> None:
    threads = Threads()
    threads.brings["eu-central-1"] = [message(FAILURE)]
    threads.next(5.0)
    threads.begun.pop(0)()
    received = threads.next()
    assert received is not None
    assert received.region == "eu-central-1"


def test_no_poll_begins_that_would_outlast_the_pause() -> None:
    threads = Threads()
    assert threads.next(1.5) is None
    assert threads.begun == []


def test_a_region_that_fails_is_told_once_and_rests() -> None:
    threads = Threads()
    threads.brings["eu-central-1"] = AwsError("sqs:GetQueueUrl", "Denied", "no", "eu-central-1")
    threads.next()
    received = threads.next(300.0, 0)
    assert received is not None
    assert (received.region, received.queue) == ("eu-central-1", None)
    assert "Denied" in str(received.error)
    threads.next()
    assert len(threads.begun) == 1, "it rests, the other goes on"
    threads.now += POLL
    threads.next()
    assert len(threads.begun) == 2


def test_whatever_ends_a_poll_is_told() -> None:
    threads = Threads()
    threads.brings["us-east-1"] = ZeroDivisionError("oh")
    threads.next()
    received = threads.next(300.0, 1)
    assert received is not None
    assert isinstance(received.error, ZeroDivisionError)


def test_a_poll_that_never_ends_keeps_no_process_alive() -> None:
    """Its thread is a daemon, and the wait for it is short."""
    silent, begun = threading.Event(), threading.Event()

    def poll(seconds: float) -> tuple[Queue, Sequence[Message]]:
        begun.set()
        silent.wait()
        return QUEUE, ()

    polling = Polling(lambda: 0.0, tick=0)
    assert polling.next({"us-east-1": poll}, 300.0) is None
    assert begun.wait(10)
    [thread] = [each for each in threading.enumerate() if each.name == THREAD]
    assert thread.daemon
    silent.set()
    thread.join()
    assert TICK < 1
