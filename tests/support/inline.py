"""An executor without threads: a run whose calls come in one order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

T = TypeVar("T")


class Inline(Executor):
    """Runs each task as it is submitted: one order, no threads. A crash ends the run at once."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run it now."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # what an executor does: the future tells it
            future.set_exception(error)
        return future
