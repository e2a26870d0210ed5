"""Show progress on stderr: a moving line for a person, plain lines for a log.

On a terminal nothing shows in the first second and the line is gone at the end. Elsewhere each
finished step is one line, and each half minute of silence says what is being waited for.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from itertools import cycle
from types import TracebackType

from reconciler.cli.terminal.capabilities import is_tty
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.streams import move
from reconciler.render.escape import terminal

PATIENCE = 1.0
HEARTBEAT = 30.0


class Progress:
    """Shows the progress of a run while the `with` block lasts."""

    def __init__(self, console: Console, doing: str) -> None:
        self._log = console.log
        self._live = is_tty(sys.stderr) and console.env.get("TERM") != "dumb"
        self._live = self._live and console.log_format == "text" and not console.env.get("CI")
        self._style = console.style_err
        self._doing = doing

    def doing(self, activity: str) -> None:
        """Show the present step."""
        self._doing = activity

    def next(self, doing: str) -> None:
        """End this stage, and begin the next one: its seconds count from 0."""
        self._end()
        self._doing = doing
        self._begin()

    def step(self, step: str, fields: Mapping[str, str] | None = None) -> None:
        """Log a finished step; `fields` are added to it in a JSON log."""
        if self._live:
            self._doing = step
        else:
            self._log.info("%s", step, extra=fields)

    def __enter__(self) -> Progress:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._end()

    def _begin(self) -> None:
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
        self._thread.start()

    def _end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _show(self) -> None:
        if not self._live:
            while not self._ended.wait(HEARTBEAT):
                self._log.info("still %s (%.0f s)", self._doing, time.monotonic() - self._started)
        elif not self._ended.wait(PATIENCE):
            self._spin()

    def _spin(self) -> None:
        for sign in cycle("-\\|/"):
            seconds = time.monotonic() - self._started
            line = f"{sign} {terminal(self._doing)} ({seconds:.0f} s)"
            move(sys.stderr, self._style.cut(line))
            if self._ended.wait(0.25):
                break
        move(sys.stderr, "")
