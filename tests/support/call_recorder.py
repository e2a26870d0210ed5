"""A recorder of every call of a session: keeps it, and can end it or answer in AWS's place."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.awsrequest import AWSResponse

from reconciler.aws.client import Session
from reconciler.aws.services import iam_prefix
from tests.support.answers import failure

SERVICES = ("autoscaling", "ec2", "efs", "events", "fsx", "iam", "scheduler", "sns", "sqs", "ssm")
READS = ("Describe", "Get", "List")


@dataclass(frozen=True)
class Sent:
    """One request, as far as a test wants to know."""

    region: str
    service: str
    operation: str  # `CreateAutoScalingGroup`
    text: str  # its URL and body

    @property
    def name(self) -> str:
        """`autoscaling:CreateAutoScalingGroup`."""
        return f"{iam_prefix(self.service)}:{self.operation}"

    @property
    def writes(self) -> bool:
        return not self.operation.startswith(READS)


Hook = Callable[[Sent], AWSResponse | None]
"""An answer in AWS's place, or None to let the call go on. It may raise."""


def _pass(sent: Sent) -> None:
    return None


class Killed(BaseException):
    """The process ends here; nothing on the way can catch it."""


class CallRecorder:
    """Hooks on every client of these regions."""

    def __init__(self, session: Session, *regions: str) -> None:
        self.session = session
        self.sent: list[Sent] = []
        self.most_at_once: Counter[tuple[str, str]] = Counter()  # by service and region
        self._before: Hook = _pass
        self._after: Hook = _pass
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        for region in regions or ("us-east-1",):
            for service in SERVICES:
                events = session.client(service, region).meta.events
                events.register("before-send", partial(self._on_send, region, service))
                events.register("after-call", partial(self._on_answer, region, service))
                events.register("after-call-error", partial(self._on_answer, region, service))

    @property
    def names(self) -> set[str]:
        """Every operation recorded, once."""
        return {sent.name for sent in self.sent}

    @property
    def writes(self) -> list[str]:
        """Every call recorded that is no read."""
        return [sent.name for sent in self.sent if sent.writes]

    @contextmanager
    def record(self, before: Hook = _pass, after: Hook = _pass) -> Iterator[CallRecorder]:
        """Record anew, with hooks before a request is sent and after it was answered."""
        self.sent.clear()
        self.most_at_once.clear()
        self._under_way.clear()  # what was killed never came back
        self._before, self._after = before, after
        try:
            yield self
        finally:
            self._before = self._after = _pass

    def failing(self, operation: str, code: str, region: str = "") -> Any:
        """Every call of this operation (in this region) is answered with an error."""

        def fail(sent: Sent) -> AWSResponse | None:
            hit = sent.name == operation and region in ("", sent.region)
            return failure(sent.service, code, "said the test") if hit else None

        return self.record(fail)

    def _on_send(self, region: str, service: str, request: Any, **context: Any) -> Any:
        operation = context["event_name"].split(".")[-1]
        body = request.body or b""
        text = f"{request.url} {body.decode() if isinstance(body, bytes) else body}"
        sent = Sent(region, service, operation, text)
        with self._lock:
            self.sent.append(sent)
            place = (service, region)
            self._under_way[place] += 1
            self.most_at_once[place] = max(self.most_at_once[place], self._under_way[place])
        return self._before(sent)

    def _on_answer(self, region: str, service: str, event_name: str, **context: Any) -> None:
        with self._lock:
            self._under_way[service, region] -= 1
        self._after(Sent(region, service, event_name.split(".")[-1], ""))
