"""The stand-ins for `Aws` in tests: one that answers from a table, one that wraps another `Aws`.

Both record every call. A hook runs first: it may raise an error, or answer in place of AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.aws_api import Aws

REGION = "us-east-1"
ACCOUNT = "123456789012"
READS = ("batch_get_", "describe_", "get_", "list_", "receive_", "simulate_")


@dataclass(frozen=True)
class Call:
    """One call: what was asked, and the number of this write among the writes of its region."""

    service: str
    operation: str  # botocore's method name: `create_volume`
    parameters: Mapping[str, Any]
    write: int  # from 1; 0 for a read


Answer = Mapping[str, Any] | Exception | Callable[..., Mapping[str, Any] | None]
"""An answer, the error to raise, or a function of the parameters; None is an empty answer."""

Hook = Callable[[Call], Mapping[str, Any] | None]
"""Runs before a call. It may raise, or answer in AWS's place; None lets the call go on."""


def let_go_on(call: Call) -> None:
    """Let every call go on."""


class RecordedAws:
    """One region whose calls are recorded. A subclass says how it answers a call and a list."""

    def __init__(self, region: str, account: str, partition: str, before: Hook) -> None:
        self.region, self.account, self.partition = region, account, partition
        self.before = before
        self.calls: list[Call] = []

    @property
    def operations(self) -> list[str]:
        """The operations that were called, in order."""
        return [call.operation for call in self.calls]

    @property
    def writes(self) -> list[Call]:
        """The calls that were no reads, in order."""
        return [call for call in self.calls if call.write]

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Record the call and answer it."""
        call = self._record(service, operation, parameters)
        instead = self.before(call)
        return dict(self.answer(call) if instead is None else instead)

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """Record the call and give the items of its list, one by one."""
        call = self._record(service, operation, parameters)
        instead = self.before(call)
        yield from self.items(call, items, page_size) if instead is None else instead[items]

    def answer(self, call: Call) -> Mapping[str, Any]:
        """Answer one call."""
        raise NotImplementedError

    def items(self, call: Call, items: str, page_size: int) -> Iterator[dict[str, Any]]:
        """Give the items of a list."""
        raise NotImplementedError

    def _record(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Call:
        write = 0 if operation.startswith(READS) else len(self.writes) + 1
        call = Call(service, operation, parameters, write)
        self.calls.append(call)
        return call


class FakeAws(RecordedAws):
    """One region that answers from a table by operation; no other operation may be called."""

    def __init__(
        self, region: str = REGION, /, *, before: Hook = let_go_on, **answers: Answer
    ) -> None:
        super().__init__(region, ACCOUNT, "aws", before)
        self.answers = answers

    def answer(self, call: Call) -> Mapping[str, Any]:
        """Answer from the table."""
        assert call.operation in self.answers, f"nobody expects {call.service}:{call.operation}"
        answer = self.answers[call.operation]
        if isinstance(answer, Exception):
            raise answer
        return (answer(**call.parameters) or {}) if callable(answer) else answer

    def items(self, call: Call, items: str, page_size: int) -> Iterator[dict[str, Any]]:
        """Give the items of the answer in the table."""
        yield from self.answer(call)[items]


class WrappedAws(RecordedAws):
    """Another `Aws`, with a hook before each call and one after it."""

    def __init__(
        self,
        aws: Aws,
        *,
        before: Hook = let_go_on,
        after: Callable[[Call], object] = let_go_on,
        shows: Callable[[Mapping[str, Any]], bool] = lambda item: True,
    ) -> None:
        super().__init__(aws.region, aws.account, aws.partition, before)
        self.aws, self.after, self.shows = aws, after, shows

    def answer(self, call: Call) -> Mapping[str, Any]:
        """Ask the other one."""
        answer = self.aws.call(call.service, call.operation, **call.parameters)
        self.after(call)
        return answer

    def items(self, call: Call, items: str, page_size: int) -> Iterator[dict[str, Any]]:
        """Give the items that the other one has and that the test shows."""
        found = self.aws.pages(call.service, call.operation, items, page_size, **call.parameters)
        yield from filter(self.shows, found)
