"""Answers of one run, recorded once and given again, whole or with one oddity in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import AwsError
from tests.support.fake_aws import Call, WrappedAws

Path = tuple[str | int, ...]
"""Where in an answer: members by name, items by number."""

GONE = object()
"""In place of a value: the member is not there."""


@dataclass
class Answers:
    """What AWS answered, by region and request; an error is an answer too."""

    given: dict[str, Any] = field(default_factory=dict)

    def recording(self, aws: Aws) -> ReplayedAws:
        """A region that asks `aws` what was not asked before."""
        return ReplayedAws(aws, self)

    def odd(self, name: str, path: Path, value: Any) -> Answers:
        """The same answers with another value at one place of one of them."""
        answer = deepcopy(self.given[name])
        at = answer
        for step in path[:-1]:
            at = at[step]
        if value is GONE:
            del at[path[-1]]
        else:
            at[path[-1]] = value
        return Answers({**self.given, name: answer})


class ReplayedAws(WrappedAws):
    """One region over recorded answers."""

    def __init__(self, aws: Aws, answers: Answers) -> None:
        super().__init__(aws)
        self.answers = answers

    def answer(self, call: Call) -> Mapping[str, Any]:
        """Give the recorded answer, or record one."""
        found: Mapping[str, Any] = self._given(call, partial(super().answer, call))
        return found

    def items(self, call: Call, items: str, page_size: int) -> Iterator[dict[str, Any]]:
        """Give the recorded items, or record them."""
        ask = partial(super().items, call, items, page_size)
        yield from self._given(call, lambda: list(ask()))

    def _given(self, call: Call, ask: Callable[[], Any]) -> Any:
        request = [self.region, call.service, call.operation, call.parameters]
        name = json.dumps(request, sort_keys=True, default=str)
        if name not in self.answers.given:
            try:
                self.answers.given[name] = ask()
            except AwsError as error:
                self.answers.given[name] = error
        found = self.answers.given[name]
        if isinstance(found, AwsError):
            raise found
        return found


def places(value: Any, deep: int = 6) -> Iterator[Path]:
    """Every member of an answer, and the first item of each list in it."""
    if deep and isinstance(value, Mapping):
        for name, inner in value.items():
            yield (name,)
            yield from ((name, *path) for path in places(inner, deep - 1))
    elif deep and isinstance(value, list) and value:
        yield from ((0, *path) for path in places(value[0], deep - 1))
