"""Answers of one run, recorded once and given again, whole or with one oddity in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import AwsError

Path = tuple[str | int, ...]
"""Where in an answer: members by name, items by number."""

GONE = object()
"""In place of a value: the member is not there."""


@dataclass
class Answers:
    """What AWS answered, by region and request; an error is an answer too."""

    given: dict[str, Any] = field(default_factory=dict)

    def recording(self, aws: Aws) -> Door:
        """A door that asks `aws` what was not asked before."""
        return Door(aws.region, aws.account, aws.partition, self, aws)

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


@dataclass
class Door:
    """The doors of one region over recorded answers."""

    region: str
    account: str
    partition: str
    answers: Answers
    aws: Aws | None = None

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """As the door's `call`."""
        answer: dict[str, Any] = self._given(
            (service, operation, parameters),
            lambda aws: aws.call(service, operation, **parameters),
        )
        return answer

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """As the door's `pages`."""
        yield from self._given(
            (service, operation, parameters),
            lambda aws: list(aws.pages(service, operation, items, page_size, **parameters)),
        )

    def _given(self, request: tuple[Any, ...], ask: Callable[[Aws], Any]) -> Any:
        name = json.dumps([self.region, *request], sort_keys=True, default=str)
        if name not in self.answers.given:
            if self.aws is None:
                raise AwsError(request[1], "NotAsked", "nobody asked this before", self.region)
            try:
                self.answers.given[name] = ask(self.aws)
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
