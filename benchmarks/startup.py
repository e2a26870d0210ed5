"""What a command costs before it does anything: the interpreter, imports, options."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Cost, Run, middle, once
from benchmarks.worlds import RECONCILE

PYTHON = sys.executable
CLICK = 'python -c "import click"'
HELP = "reconcile --help"


@dataclass(frozen=True)
class Start:
    """One command's cost."""

    title: str
    cost: Cost


def measure(fleets: Path, size: int, times: int) -> Iterator[Start]:
    """Each command in turn, so often: what else goes on then hits all of them alike."""
    commands = {
        'python -c ""': (PYTHON, "-c", ""),
        CLICK: (PYTHON, "-c", "import click"),
        HELP: (*RECONCILE, "--help"),
        "reconcile --version": (*RECONCILE, "--version"),
        f"reconcile validate, {size} workstations": (
            *RECONCILE,
            "validate",
            "--fleets",
            str(fleets),
        ),
    }
    runs = [{name: once(Run(command)) for name, command in commands.items()} for _ in range(times)]
    for title in commands:
        yield Start(title, middle([run[title] for run in runs]))
