"""Signals: the first ends the run in good order, the second leaves at once.

While AWS is only read, the first signal ends the reading: nothing was written, so nothing is
lost. While a plan is applied (`gently`), it is only noted: the change in hand is finished and
whoever applies asks between changes whether to go on.
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

_SHOW_CURSOR = "\x1b[?25h"  # a progress line may have hidden it


class Interrupted(BaseException):
    """A signal ended the run; not an Exception, so that no handler of errors swallows it."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


class Stop:
    """Whether a signal asked us to stop; call it to know."""

    def __init__(self) -> None:
        self.number = 0
        self._gentle = False
        self._before: dict[int, object] = {}

    def __call__(self) -> bool:
        """For whoever does one thing after another: whether to begin the next."""
        return self.number != 0

    @property
    def exit_code(self) -> int:
        """130 or 143, the shell's way to say "ended by a signal"."""
        return 128 + self.number

    @contextmanager
    def gently(self) -> Iterator[None]:
        """Inside, a signal interrupts nothing; it is only noted."""
        self._gentle = True
        try:
            yield
        finally:
            self._gentle = False

    def pause(self, seconds: float) -> None:
        """Sleep; a signal ends the sleep and is noted."""
        try:
            time.sleep(seconds)
        except Interrupted:
            return

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
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() gave us

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.number:
            if sys.stderr is not None and sys.stderr.isatty():
                os.write(sys.stderr.fileno(), _SHOW_CURSOR.encode())
            os._exit(128 + number)  # threads in a call would hold up any other way out
        self.number = number
        if not self._gentle:
            raise Interrupted(number)
