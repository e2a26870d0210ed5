"""A session that reaches nobody: what it would send is answered by the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from reconciler.aws.client import RegionClient, Session

Answers = Callable[[], AWSResponse]


class Wire:
    """The doors of one region, and what answers them."""

    def __init__(self) -> None:
        self.session = Session(boto3.Session())
        self.door: RegionClient = self.session.region("us-east-1")

    def answer(self, service: str, answers: Callable[[Any], AWSResponse | None]) -> None:
        """Every request to this service gets what `answers(request)` returns or raises."""

        def hook(request: Any, **context: Any) -> AWSResponse | None:
            return answers(request)

        self.session.client(service, "us-east-1").meta.events.register("before-send", hook)

    def in_turn(self, service: str, *answers: AWSResponse | Exception) -> None:
        """These answers, one after another."""
        left = iter(answers)

        def one(request: Any) -> AWSResponse:
            answer = next(left)
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.answer(service, one)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """One try a call: a second one would wait first."""
    monkeypatch.setattr("reconciler.aws.client.MAX_ATTEMPTS", 1)
    return Wire()
