"""`reconcile` in a process of its own, on a pretended AWS, for signals.

python -m tests.cli.child <seconds to read> <seconds per change> <arguments…>
"""

from __future__ import annotations

import sys
import time

import pytest

from reconciler.cli.reconcile.command import main
from reconciler.plan.model import Report
from tests.cli.fakes import Aws
from tests.render.samples import MIXED


def run(reading: float, change: float, arguments: list[str]) -> int:
    """The exit code."""

    def look() -> Report:
        sys.stderr.write("reading\n")
        time.sleep(reading)
        return MIXED

    def work() -> None:
        sys.stderr.write("changing\n")
        until = time.monotonic() + change  # a call in hand is not cut by a signal
        while time.monotonic() < until:
            time.sleep(0.01)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "reconciler.cli.terminal.progress.PATIENCE", 0.2
        )  # a test should not be patient
        Aws(look, before_change=work).install(patch)
        return main(arguments)


if __name__ == "__main__":
    sys.exit(run(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
