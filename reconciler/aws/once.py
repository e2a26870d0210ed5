"""Send each identical read of one run once, whoever asks, from whichever thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from reconciler.plan.kind import Aws


class ReadOnce:
    """The doors of one region, for the reads of one run; the answers are shared, so read-only.

    A failed read fails for all who asked.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.region = aws.region
        self.account = aws.account
        self.partition = aws.partition
        self._answers: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """As the door's `call`."""
        answer: dict[str, Any] = self._once(
            (service, operation, parameters),
            lambda: self._aws.call(service, operation, **parameters),
        )
        return answer

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """As the door's `pages`, but whole before the first item."""
        yield from self._once(
            (service, operation, items, page_size, parameters),
            lambda: list(self._aws.pages(service, operation, items, page_size, **parameters)),
        )

    def _once(self, request: tuple[Any, ...], send: Callable[[], Any]) -> Any:
        key = json.dumps(request, sort_keys=True)
        with self._lock:
            mine = key not in self._answers
            answer = self._answers.setdefault(key, Future())
        if mine:
            try:
                answer.set_result(send())
            except BaseException as error:  # handed on, to this caller too
                answer.set_exception(error)
        return answer.result()
