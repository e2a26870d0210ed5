"""Send each identical read of one run once, whoever asks, from whichever thread.

Of lists, only those that several ask for: the others have thousands of items, each of which its
kind projects and forgets.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from reconciler.aws_api import Aws

LOOKUP_LISTS = frozenset({"describe_subnets", "list_instance_profiles"})
"""The lists that several lookups ask for."""


class ReadCache:
    """The calls of one region, for the reads of one run; the answers are shared, so read-only.

    `lists` are the operations whose lists several kinds ask for. A read that failed is not
    remembered.
    """

    def __init__(self, aws: Aws, lists: Collection[str] = ()) -> None:
        self._aws = aws
        self._lists = LOOKUP_LISTS.union(lists)
        self.region = aws.region
        self.account = aws.account
        self.partition = aws.partition
        self._answers: dict[str, Any] = {}
        self._gates: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call, or return the answer of the same call before."""
        answer: dict[str, Any] = self._once(
            (service, operation, parameters),
            lambda: self._aws.call(service, operation, **parameters),
        )
        return answer

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """List every item of every page; a shared list is complete before its first item."""
        read = partial(self._aws.pages, service, operation, items, page_size, **parameters)
        if operation in self._lists:
            request = (service, operation, items, page_size, parameters)
            yield from self._once(request, lambda: list(read()))
        else:
            yield from read()

    def _once(self, request: tuple[Any, ...], send: Callable[[], Any]) -> Any:
        key = json.dumps(request, sort_keys=True)
        with self._lock:
            gate = self._gates.setdefault(key, threading.Lock())
        with gate:
            if key not in self._answers:
                self._answers[key] = send()
            return self._answers[key]
