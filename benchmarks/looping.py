"""The rounds of `reconcile --every` in this process: `python -m benchmarks.looping FLEETS ROUNDS`.

The command's own loop with its pauses left out. Prints JSON: what the process held after some of
the rounds.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from reconciler.cli.reconcile.loop import repeat
from reconciler.cli.reconcile.run import Request
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.signals import Stop

PAGE = os.sysconf("SC_PAGE_SIZE")


class Rounds(Stop):
    """Measures where the loop would pause, and ends it after so many rounds."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.left = rounds
        self.marks = set(marks(rounds))
        self.done = 0
        self.held: list[dict[str, float]] = []

    def pause(self, seconds: float) -> None:  # noqa: ARG002 - its caller's; nobody waits here
        """One round has ended."""
        self.done += 1
        if self.done in self.marks:
            self.held.append({"round": self.done, **_held()})
            print(self.held[-1], file=sys.stderr)
        if self.done == self.left:
            self.number = signal.SIGTERM


def marks(rounds: int) -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 and so on, and the last."""
    power = 1
    while power < rounds:
        yield from (step * power for step in (1, 2, 5) if step * power < rounds)
        power *= 10
    yield rounds


def _held() -> dict[str, float]:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {
        "rss": pages * PAGE / 2**20,
        "objects": len(gc.get_objects()) + gc.get_freeze_count(),
        "threads": threading.active_count(),
        "files": len(list(Path("/proc/self/fd").iterdir())) - 1,  # less the one that lists them
        "cpu": time.process_time(),
    }


def main(fleets: str, rounds: int) -> None:
    """Run, then print."""
    request = Request(
        fleets=(fleets,),
        only=(),
        approve=(),
        expect="",
        drift_only=False,
        dry_run=False,
        exit_code=False,
        wait=False,
        looped=True,
    )
    stop = Rounds(rounds)
    with (
        stop,
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        repeat(request, Console([], os.environ, stop), 0, listens=False)
    print(json.dumps(stop.held))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
