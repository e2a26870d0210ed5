"""Time between what a run does and what a hand does: a test's are milliseconds apart.

A schedule that was edited is told by its dates, which count from one second on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

RUNNING: list[Sandbox] = []
"""The sandbox of this test process."""


def later(seconds: int = 2) -> None:
    """Let time pass in the sandbox."""
    for sandbox in RUNNING:
        sandbox.clock.forward(timedelta(seconds=seconds))
