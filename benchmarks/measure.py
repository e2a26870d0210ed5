"""Run a command and say what it cost: wall, CPU, memory. Medians of several such runs."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from urllib.request import urlopen


class Failed(Exception):
    """A command that is measured did not do what it should; the message has its output."""


@dataclass(frozen=True)
class Cost:
    """What one command cost, its children included."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    rss: float  # MiB, at the peak; never less than this process's, some 30: it is inherited
    calls: int = 0
    most_at_once: Mapping[str, int] = field(default_factory=dict)  # by service

    def __str__(self) -> str:
        return f"{self.calls} calls, {self.wall:.2f} s, CPU {self.cpu:.2f} s, {self.rss:.0f} MiB"


@dataclass(frozen=True)
class Run:
    """A command to measure; `good` looks at its stdout and exit code."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""  # a Loopback that counts its calls
    good: Callable[[bytes, int], bool] = lambda _output, code: code == 0
    folder: str | None = None


def once(run: Run) -> Cost:
    """Run it.

    Raises: Failed.
    """
    if run.endpoint:
        ask(run.endpoint, "traffic")  # forget what was before
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        before = time.perf_counter()
        process = subprocess.Popen(
            run.command,
            env={**os.environ, **run.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
            cwd=run.folder,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read()
        if not run.good(printed, process.returncode):
            complaints.seek(0)
            text = (printed[-2000:] + complaints.read()[-2000:]).decode(errors="replace")
            raise Failed(f"{' '.join(run.command)}: exit {process.returncode}\n{text}")
    traffic = ask(run.endpoint, "traffic") if run.endpoint else {"calls": {}, "most_at_once": {}}
    return Cost(
        wall,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
        sum(traffic["calls"].values()),
        traffic["most_at_once"],
    )


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure; of calls and the like, the most."""
    return Cost(
        median(each.wall for each in costs),
        median(each.cpu for each in costs),
        max(each.rss for each in costs),
        max(each.calls for each in costs),
        {
            service: max(each.most_at_once.get(service, 0) for each in costs)
            for service in sorted({name for each in costs for name in each.most_at_once})
        },
    )


def repeat(run: Run, times: int) -> Cost:
    """The median of so many runs."""
    return middle([once(run) for _ in range(times)])


def ask(endpoint: str, path: str) -> dict[str, Any]:
    """Ask a Loopback about itself."""
    with urlopen(f"{endpoint}/-/{path}") as answer:
        document: dict[str, Any] = json.load(answer)
        return document
