"""Once the command is asked to stop, no call is waited for long, and none is tried again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from reconciler.aws.cancellation import Cancellation
from reconciler.aws.client import Session
from reconciler.errors import AwsError, Stopped, Throttled, Unanswered, Unreachable
from tests.support.answers import failure, ok

NAME, REGION = "fsx:CreateFileSystem", "us-east-1"
LONG = 3600.0


class StopRequest:
    """A request to stop, which a test makes."""

    def __init__(self) -> None:
        self.since: float | None = None

    def __call__(self) -> float | None:
        return self.since


@pytest.fixture
def request_to_stop(monkeypatch: pytest.MonkeyPatch) -> StopRequest:
    """None yet; who waits for a call asks every millisecond."""
    monkeypatch.setattr("reconciler.aws.cancellation._POLL", 0.001)
    return StopRequest()


@pytest.fixture
def cancellation(request_to_stop: StopRequest) -> Iterator[Cancellation]:
    made = Cancellation(request_to_stop)
    yield made
    made.close()


def call_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "aws-call"}


def test_what_a_call_gives_or_raises_is_what_its_caller_gets(cancellation: Cancellation) -> None:
    assert cancellation.run(lambda: 7, NAME, REGION, 8) == 7

    def fail() -> None:
        raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here"):
        cancellation.run(fail, NAME, REGION, 8)


def test_a_call_without_an_answer_is_left_behind(
    cancellation: Cancellation, request_to_stop: StopRequest
) -> None:
    never = threading.Event()

    def hang() -> None:
        request_to_stop.since = 8.0
        never.wait(20)

    with pytest.raises(Unanswered) as caught:
        cancellation.run(hang, NAME, REGION, 8)
    never.set()
    assert str(caught.value) == (
        "unknown: AWS had not answered fsx:CreateFileSystem when the command was told to stop"
    )
    assert (caught.value.code, caught.value.region) == ("unanswered", REGION)


def test_an_answer_within_the_grace_counts(
    cancellation: Cancellation, request_to_stop: StopRequest
) -> None:
    def slow() -> str:
        request_to_stop.since = 7.9
        time.sleep(0.02)  # the caller asks meanwhile
        return "made"

    assert cancellation.run(slow, NAME, REGION, 8) == "made"
    assert cancellation.run(lambda: "the next call of the same change", NAME, REGION, 8)


@pytest.mark.parametrize(("since", "grace"), [(8.0, 8.0), (0.0, 0.0)], ids=["late", "a-read"])
def test_after_the_grace_no_call_begins(
    cancellation: Cancellation, request_to_stop: StopRequest, since: float, grace: float
) -> None:
    begun: list[bool] = []
    request_to_stop.since = since
    with pytest.raises(Stopped, match="fsx:CreateFileSystem was not sent") as caught:
        cancellation.run(lambda: begun.append(True), NAME, REGION, grace)
    assert not begun
    assert not isinstance(caught.value, Unanswered)


def test_threads_are_used_again_and_end_with_the_session(cancellation: Cancellation) -> None:
    before = call_threads()
    for _ in range(20):
        cancellation.run(lambda: None, NAME, REGION, 8)
    [thread] = call_threads() - before
    assert thread.daemon, "or it would keep a process alive that was told to end"
    cancellation.close()
    thread.join(20)
    assert not thread.is_alive()


def test_without_anybody_who_can_ask_there_is_no_thread() -> None:
    asked = Cancellation().run(threading.current_thread, NAME, REGION, 8)
    assert asked is threading.current_thread()


# -- attempts --------------------------------------------------------------------------------


class PausedWire:
    """A session whose requests a test answers; every pause of botocore ends when it says so."""

    def __init__(self, request_to_stop: StopRequest, patch: pytest.MonkeyPatch) -> None:
        self.sent = 0
        self.pausing = threading.Event()
        self.go_on = threading.Event()
        patch.setattr("botocore.endpoint.time.sleep", self._pause)
        self.session = Session(boto3.Session(), request_to_stop)
        self.door = self.session.region(REGION)

    def answers(self, one: Callable[[], AWSResponse | Exception]) -> None:
        def hook(**_context: Any) -> AWSResponse:
            self.sent += 1
            answer = one()
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.session.client("events", REGION).meta.events.register("before-send", hook)

    def _pause(self, seconds: float) -> None:
        self.pausing.set()
        assert self.go_on.wait(20)


@pytest.fixture
def wire(request_to_stop: StopRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[PausedWire]:
    made = PausedWire(request_to_stop, monkeypatch)
    yield made
    made.go_on.set()
    made.session.close()


SLOW_DOWN = failure("events", "ThrottlingException", "slow down")


def test_without_a_request_a_call_is_tried_again(wire: PausedWire) -> None:
    left = iter([SLOW_DOWN, failure("events", "InternalException", status=500), ok(Rules=[])])
    wire.answers(lambda: next(left))
    wire.go_on.set()
    assert wire.door.call("events", "list_rules")["Rules"] == []
    assert wire.sent == 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (SLOW_DOWN, Throttled),
        (failure("events", "InternalException", status=500), AwsError),
        (ConnectionResetError("by the peer"), ConnectionResetError),
    ],
    ids=["throttled", "broken", "cut"],
)
def test_the_attempt_in_hand_is_the_last(
    wire: PausedWire,
    request_to_stop: StopRequest,
    answer: AWSResponse | Exception,
    error: type[Exception],
) -> None:
    def one() -> AWSResponse | Exception:
        request_to_stop.since = 0.0
        return answer

    wire.answers(one)
    with pytest.raises(error) as caught:
        wire.door.call("events", "list_rules")
    assert not isinstance(caught.value, Stopped), "what became of the call is known"
    assert wire.sent == 1


def test_in_the_pause_between_two_attempts_a_call_ends_at_once(
    wire: PausedWire, request_to_stop: StopRequest
) -> None:
    """And the thread that was left in that pause does not send the next one."""
    wire.answers(lambda: SLOW_DOWN)
    before = call_threads()

    def ask() -> None:
        wire.pausing.wait(20)
        request_to_stop.since = 0.0

    asking = threading.Thread(target=ask)
    asking.start()
    with pytest.raises(Throttled, match="slow down"):
        wire.door.call("events", "list_rules")
    asking.join()
    [thread] = call_threads() - before
    wire.session.close()
    wire.go_on.set()
    thread.join(20)  # its call ends, and so does the thread
    assert not thread.is_alive()
    assert wire.sent == 1


def test_a_later_page_is_not_asked_for(wire: PausedWire, request_to_stop: StopRequest) -> None:
    def one() -> AWSResponse:
        request_to_stop.since = LONG
        return ok(Rules=[{"Name": "a"}], NextToken="1")

    wire.answers(one)
    with pytest.raises(Stopped):
        list(wire.door.pages("events", "list_rules", "Rules"))
    assert wire.sent == 1


# -- a server that hangs ---------------------------------------------------------------------


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """It takes connections, and says nothing until it hangs up."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server


@pytest.mark.parametrize("reads", [True, False])
def test_a_server_that_hangs_holds_nobody_up(
    silent: socket.socket,
    request_to_stop: StopRequest,
    monkeypatch: pytest.MonkeyPatch,
    reads: bool,
) -> None:
    monkeypatch.setattr("reconciler.aws.client.GRACE_SECONDS", 0.01)
    session = Session(boto3.Session(), request_to_stop)
    door = session.reader(REGION) if reads else session.region(REGION)

    def ask() -> None:
        connection, _ = silent.accept()  # the call is under way
        request_to_stop.since = 0.02
        held.append(connection)

    held: list[socket.socket] = []
    asking = threading.Thread(target=ask)
    asking.start()
    with pytest.raises(Unanswered, match="AWS had not answered events:ListRules"):
        door.call("events", "list_rules")
    asking.join()
    for connection in held:
        connection.close()
    session.close()


def test_a_server_that_hangs_up_after_the_request_is_not_asked_again(
    silent: socket.socket, request_to_stop: StopRequest
) -> None:
    session = Session(boto3.Session(), request_to_stop)
    tried: list[int] = []

    def serve() -> None:
        connection, _ = silent.accept()
        tried.append(1)
        request_to_stop.since = 0.0
        connection.close()

    serving = threading.Thread(target=serve)
    serving.start()
    with pytest.raises(Unreachable):
        session.region(REGION).call("events", "list_rules")
    serving.join()
    session.close()
    assert tried == [1]
