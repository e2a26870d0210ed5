"""`reconcile` in processes of their own, each held at its first read until it is let go.

The next one starts while the last is cleaned up after, so that a kill costs no start-up, and its
time counts from the moment it may talk to AWS.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox import Sandbox
from reconciler.sandbox.server.application import FrontDoor
from reconciler.sandbox.server.wire import Answer
from tests.kill.process import start

READS = ("Describe", "Get", "List")
_SERVICE = re.compile(r"Credential=[\w-]+/\d+/[\w-]+/([\w-]+)/")
_APPLICATION = re.compile(r"\bapp/([\w-]+)")
_ACTION = re.compile(rb"Action=(\w+)")


@dataclass(frozen=True)
class ServedCall:
    """One call that the sandbox answered."""

    application: str  # its name, which an SDK puts into its user agent
    service: str
    operation: str  # `CreateTopic`; for a REST service its method

    @property
    def writes(self) -> bool:
        return not self.operation.startswith((*READS, "GET"))


class CallGate:
    """Records every call, and holds those of whoever has not been let go."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[ServedCall] = []
        self.gates: dict[str, threading.Event] = {}
        self.waiting: dict[str, threading.Event] = {}
        answer = FrontDoor.answer

        def record(application_server: FrontDoor, environ: dict[str, Any]) -> Answer:
            application = _found(_APPLICATION, environ.get("HTTP_USER_AGENT", ""))
            service = _found(_SERVICE, environ.get("HTTP_AUTHORIZATION", ""))
            # Not the calls of STS: the command waits for their answer for 2 s only.
            if application in self.gates and service != "sts":
                self.waiting[application].set()
                self.gates[application].wait(50)
            self.calls.append(ServedCall(application, service, _operation(environ)))
            return answer(application_server, environ)

        patch.setattr(FrontDoor, "answer", record)

    def hold(self, application: str) -> None:
        """From now on this one waits."""
        self.waiting[application], self.gates[application] = threading.Event(), threading.Event()

    def writes(self, since: int = 0) -> list[str]:
        """Every write served, by operation."""
        return [each.operation for each in self.calls[since:] if each.writes]


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _operation(environ: dict[str, Any]) -> str:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.split(".")[-1]
    body = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    found = _ACTION.search(body)
    return found[1].decode() if found else str(environ["REQUEST_METHOD"])


@dataclass
class Subprocess:
    """One run, in a process that waits to be let go."""

    name: str
    fleets: Path
    gate: CallGate
    sandbox: Sandbox
    process: ForkServerProcess = field(init=False)

    def __post_init__(self) -> None:
        self.gate.hold(self.name)
        environment = {**self.sandbox.environment, "AWS_SDK_UA_APP_ID": self.name}
        self.process = start(environment, self.fleets)

    def let_go(self) -> float:
        """When it could begin."""
        assert self.gate.waiting[self.name].wait(30), "it never called AWS"
        self.gate.gates[self.name].set()
        return time.monotonic()

    def end(self) -> float:
        """Let it finish; how long it took from its first read."""
        began = self.let_go()
        self.process.join(60)
        assert self.process.exitcode == 0
        return time.monotonic() - began

    def kill(self, after: float) -> float | None:
        """`kill -9` so many seconds after its first read; how long it took if it was quicker."""
        began = self.let_go()
        self.process.join(after)
        if self.process.exitcode is not None:
            return time.monotonic() - began
        self.process.kill()
        self.process.join()
        return None

    def forget(self) -> None:
        """Whatever became of the test: leave no process behind."""
        self.gate.gates[self.name].set()
        self.process.kill()
        self.process.join()
