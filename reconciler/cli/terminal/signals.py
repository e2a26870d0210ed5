"""Signals: the first ends the run in good order, the second leaves at once.

A signal is only noted, and whoever does one thing after another asks between two whether to go
on: so the present change is finished and reported. A call that AWS does not answer is left behind
some seconds after the signal (aws/cancellation.py). Only while AWS is read (`interruptible`) does
a signal end at once what is being done: nothing was written, so nothing is lost.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from reconciler.errors import Interrupted

_SHOW_CURSOR = b"\x1b[?25h"  # a progress line may have hidden it
_POLL = 0.1


class Stop:
    """The request of a signal to stop; call it to know."""

    def __init__(self) -> None:
        self.number = 0
        self._at = 0.0
        self._interruptible = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Whether not to begin the next thing."""
        return self.number != 0

    def seconds(self) -> float | None:
        """Return the seconds since the signal; None without one."""
        return time.monotonic() - self._at if self.number else None

    @property
    def exit_code(self) -> int:
        """The exit code 130 or 143: the shell's "ended by a signal"."""
        return 128 + self.number

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Inside, a signal raises Interrupted; one that came before does so too."""
        self._interruptible = True
        try:
            if self.number:
                raise Interrupted(self.number)
            yield
        finally:
            self._interruptible = False

    def pause(self, seconds: float) -> None:
        """Sleep, until a signal at the latest."""
        until = time.monotonic() + seconds
        while not self.number and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _POLL))

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():  # else Python forbids it
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.number:
            if sys.stderr is not None and sys.stderr.isatty():
                os.write(sys.stderr.fileno(), _SHOW_CURSOR)
            os._exit(128 + number)  # threads in a call would hold up any other way out
        self._at = time.monotonic()
        self.number = number
        if self._interruptible:
            raise Interrupted(number)
