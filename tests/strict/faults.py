"""What may go wrong with one call, the same for both faces.

A fault is asked once per attempt and may let the attempt reach AWS, fail it, or both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from reconciler.aws.retries import MAX_ATTEMPTS
from tests.strict.aws import Refusal
from tests.strict.door import Request, Send
from tests.strict.limits import LIMIT, THROTTLE
from tests.strict.tables import Record

Fault = Callable[[Request, int, Send], Record]

ENDPOINT = "https://aws.test"
ONCE, ALWAYS = 1, MAX_ATTEMPTS


class Crash(BaseException):
    """The process dies here. No Exception, so that nothing in the product can catch it."""


def crash_before(request: Request, number: int, send: Send) -> Record:
    """Dies before the request is sent."""
    raise Crash(f"before {request}")


def crash_after(request: Request, number: int, send: Send) -> Record:
    """Dies before the answer arrives."""
    quietly(send)
    raise Crash(f"after {request}")


def quietly(send: Send) -> None:
    """Sent, but nobody hears the answer."""
    try:
        send()
    except Refusal:
        return


def refused(code: Callable[[str], str], status: int, times: int = ALWAYS) -> Fault:
    """An error answer; AWS has done nothing."""

    def fault(request: Request, number: int, send: Send) -> Record:
        if number > times:
            return send()
        raise Refusal(code(request.service), f"injected into {request}", status)

    return fault


def broken(error: Callable[[], HTTPClientError], times: int, *, reaches_aws: bool) -> Fault:
    """The connection breaks, before or after AWS has done it."""

    def fault(request: Request, number: int, send: Send) -> Record:
        if number > times:
            return send()
        if reaches_aws:
            quietly(send)
        raise error()

    return fault


def failed_after(times: int) -> Fault:
    """AWS has done it, and answers 500."""

    def fault(request: Request, number: int, send: Send) -> Record:
        if number > times:
            return send()
        quietly(send)
        raise Refusal("InternalFailure", "injected after success", 500)

    return fault


def truncated(request: Request, number: int, send: Send) -> Record:
    """AWS has done it, and half of the answer arrives. Botocore does not try again."""
    quietly(send)
    raise ResponseParserError("Unable to parse response")


def taken(request: Request, number: int, send: Send) -> Record:
    """Somebody does the same just before."""
    quietly(send)
    return send()


PARTLY = ("put_targets", "remove_targets")


def partly(request: Request, number: int, send: Send) -> Record:
    """HTTP 200 with the failure inside, where AWS does so."""
    if request.operation not in PARTLY:
        return send()
    entry = {"TargetId": "queue", "ErrorCode": "ConcurrentModificationException"}
    return {"FailedEntryCount": 1, "FailedEntries": [{**entry, "ErrorMessage": "try again"}]}


def _closed() -> HTTPClientError:
    return ConnectionClosedError(endpoint_url=ENDPOINT)


def _timeout() -> HTTPClientError:
    return ReadTimeoutError(endpoint_url=ENDPOINT)


NOT_FOUND = {
    "autoscaling": "ValidationError",
    "ec2": "InvalidGroup.NotFound",
    "efs": "FileSystemNotFound",
    "fsx": "FileSystemNotFound",
    "iam": "NoSuchEntity",
    "sns": "NotFound",
    "sqs": "AWS.SimpleQueueService.NonExistentQueue",
}
DENIED = {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}
EXPIRED = {"autoscaling": "ExpiredToken", "ec2": "RequestExpired", "iam": "ExpiredToken"}

FAULTS: dict[str, Fault] = {
    "throttled": refused(lambda s: THROTTLE.get(s, "ThrottlingException"), 400, ONCE),
    "throttled-for-good": refused(lambda s: THROTTLE.get(s, "ThrottlingException"), 400),
    "unavailable": refused(lambda s: "ServiceUnavailable", 503, ONCE),
    "unavailable-for-good": refused(lambda s: "ServiceUnavailable", 503),
    "failed-after": failed_after(ONCE),
    "failed-after-for-good": failed_after(ALWAYS),
    "reset": broken(_closed, ONCE, reaches_aws=False),
    "reset-for-good": broken(_closed, ALWAYS, reaches_aws=False),
    "timeout-after": broken(_timeout, ONCE, reaches_aws=True),
    "timeout-after-for-good": broken(_timeout, ALWAYS, reaches_aws=True),
    "denied": refused(lambda s: DENIED.get(s, "AccessDeniedException"), 403),
    "not-found": refused(lambda s: NOT_FOUND.get(s, "ResourceNotFoundException"), 400),
    "taken": taken,
    "limit": refused(lambda s: LIMIT.get(s, "LimitExceededException"), 400),
    "truncated": truncated,
    "expired": refused(lambda s: EXPIRED.get(s, "ExpiredTokenException"), 400),
    "partly": partly,
}

TEN = frozenset(
    {
        "throttled-for-good",
        "unavailable-for-good",
        "reset-for-good",
        "timeout-after-for-good",
        "denied",
        "not-found",
        "taken",
        "limit",
        "truncated",
        "expired",
    }
)
"""One of each sort; the others are milder, or rare."""

CRASHES: dict[str, Fault] = {"before": crash_before, "after": crash_after}

NO_CHANGE = frozenset({"throttled", "unavailable", "reset"})
"""Botocore hides these: nothing may look different."""


@dataclass
class Faults:
    """A gate with faults by the number of the call; it counts the calls of all its runs."""

    at: dict[int, Fault] = field(default_factory=dict)
    calls: int = 0
    fired: int = 0  # calls that went wrong
    log: list[Request] = field(default_factory=list)
    lasting: Fault | None = None  # for the rest of this run

    def begin(self, request: Request) -> None:
        """Count a call that begins."""
        self.calls += 1
        self.log.append(request)

    def attempt(self, request: Request, number: int, send: Send) -> Record:
        """Fail it if it is its turn."""
        fault = self.at.get(self.calls) or self.lasting
        if fault is FAULTS["expired"]:
            self.lasting = fault
        if fault is None:
            return send()
        self.fired += number == 1
        return fault(request, number, send)

    def end(self, request: Request) -> None:
        """Let every call end."""

    def mark(self) -> object:
        """How many calls went wrong."""
        return self.fired

    def passes(self, calls: int) -> bool:
        """Whether none of the next calls has a fault."""
        if self.lasting or any(self.calls < k <= self.calls + calls for k in self.at):
            return False
        self.calls += calls
        return True
