"""What people wait for, at some size and latency: a steady look, a first apply, one field."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Cost, Run, repeat
from benchmarks.worlds import RECONCILE, Site, serve, variables

PER_WORKSTATION = 5
"""A file system, a launch template, a group, two schedules."""


@dataclass(frozen=True)
class Row:
    """One measured scenario."""

    scenario: str
    size: int
    latency: float
    cost: Cost


STEADY = "steady dry run"
FIRST = "first apply: file systems"
SECOND = "first apply: the rest, once they are available"
LOOK = "one field: dry run"
CHANGE = "one field: apply"


def steady(site: Site, latency: float, times: int) -> Row:
    """A dry run with nothing to do."""
    run = _run(site.fleets, ("--dry-run",), lambda s: _only(s, "unchanged"), site.size)
    return _measured(STEADY, site, latency, "steady", run, times)


def one_field(site: Site, latency: float, times: int) -> Iterator[Row]:
    """Another size of one root volume, looked at and applied: template and group."""
    run = _run(site.changed, ("--dry-run",), _one_changed, site.size)
    yield _measured(LOOK, site, latency, "steady", run, times)
    run = _run(site.changed, (), _one_changed, site.size)
    yield _measured(CHANGE, site, latency, "steady", run, times)


def first(site: Site, latency: float, times: int) -> Iterator[Row]:
    """Everything to create, in two runs: AWS takes minutes to make a file system."""
    run = _run(site.fleets, (), lambda s: _only(s, "create"), site.size)
    yield _measured(FIRST, site, latency, "empty", run, times)
    run = _run(site.fleets, (), lambda s: s["create"] >= 4 * site.size, site.size)
    yield _measured(SECOND, site, latency, "half", run, times)


def _only(summary: dict[str, int], *ops: str) -> bool:
    return {op for op, number in summary.items() if number} == set(ops)


def _one_changed(summary: dict[str, int]) -> bool:
    return _only(summary, "unchanged", "update") and summary["update"] == 2


def _run(
    fleets: Path, options: tuple[str, ...], good: Callable[[dict[str, int]], bool], size: int
) -> Run:
    """The command; a run that saw less than all workstations, or did otherwise, is no measure."""

    def check(output: bytes, code: int) -> bool:
        if code:
            return False
        summary = json.loads(output)["summary"]
        return good(summary) and sum(summary.values()) >= PER_WORKSTATION * size

    return Run((*RECONCILE, "--fleets", str(fleets), "-o", "json", *options), good=check)


def _measured(scenario: str, site: Site, latency: float, world: str, run: Run, times: int) -> Row:
    with serve(site.worlds[world], latency) as endpoint:
        cost = repeat(Run(run.command, variables(endpoint), endpoint, run.good), times)
    row = Row(scenario, site.size, latency, cost)
    print(f"{scenario}, {site.size}, {latency * 1000:.0f} ms: {cost}", file=sys.stderr)
    return row
