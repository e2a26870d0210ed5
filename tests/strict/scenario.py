"""One scenario: an edit of a fleet, what goes wrong meanwhile, and what must come of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.plan.model import Outcome
from tests.strict import sites, strangers
from tests.strict.aws import StrictAws
from tests.strict.door import Request
from tests.strict.faults import CRASHES, FAULTS, Faults
from tests.strict.invariants import abandoned, broken, essence, foreign, writes
from tests.strict.world import PAUSE, World, new_aws, rows

AFTER_FAULT = 2
"""Runs that a recovery may take, beyond those that began while reads still lagged."""

MOST_RUNS = 12


@dataclass(frozen=True)
class Start:
    """An account before an edit, and what the edit does when nothing goes wrong."""

    aws: StrictAws
    site: Site
    runs: int
    first: int  # calls of the first of them
    log: tuple[Request, ...]  # every call of those runs
    essence: dict[str, str]
    strangers: dict[str, Any]

    @property
    def calls(self) -> int:
        """How many calls there are to go wrong."""
        return len(self.log)


@cache
def start(edit: str, count: int) -> Start:
    """The account before the edit: settled, with strangers in it, and somebody at work."""
    before, after = sites.edited(edit, count)
    world = World(new_aws(), (before or after).site())
    strangers.plant(world)
    if before is not None:
        world.settle(2)
        kept = [name for name in before.workstations if name in after.workstations]
        for name in kept[:2] if edit != "unschedule" else ():  # that one waits for the stop
            world.start(name)
    site = after.site()
    gate = Faults()
    smooth = World(world.aws.fork(), site, gate)
    first = World(world.aws.fork(), site, Faults())
    first.run()
    runs = smooth.settle(4)
    assert writes(smooth.aws), "an edit writes something"
    others = foreign(world.aws)
    assert not broken(smooth.aws, others), broken(smooth.aws, others)
    return Start(
        aws=world.aws.fork(),
        site=site,
        runs=runs,
        first=len(first.aws.sent),
        log=tuple(gate.log),
        essence=essence(smooth.aws),
        strangers=others,
    )


@dataclass(frozen=True)
class Scenario:
    """An edit, and what goes wrong at which call."""

    edit: str
    count: int
    faults: tuple[tuple[int, str], ...] = ()
    lag: int = 0
    seed: int = 0
    options: tuple[str, ...] = ()  # of StrictAws: replicas, short_pages, lagging_references

    def __str__(self) -> str:
        faults = " ".join(f"k={k} {name}" for k, name in self.faults)
        parts = [f"{self.edit}-{self.count}", faults, f"lag={self.lag}", f"seed={self.seed}"]
        return " ".join([*filter(None, parts), *self.options])

    @staticmethod
    def parse(text: str) -> Scenario:
        """What `str` has written."""
        edit, count, rest = re.fullmatch(r"(\w+)-(\d+)(.*)", text.strip()).groups()  # type: ignore[union-attr]  # a typo fails here
        faults = re.findall(r"k=(\d+) ([a-z-]+)", rest)
        numbers = dict(re.findall(r"(lag|seed)=(\d+)", rest))
        return Scenario(
            edit,
            int(count),
            tuple((int(k), name) for k, name in faults),
            int(numbers.get("lag", 0)),
            int(numbers.get("seed", 0)),
            tuple(re.findall(r"replicas|short_pages|lagging_references", rest)),
        )

    def world(self) -> World:
        """The account before the edit, and a run that will meet the faults."""
        begin = start(self.edit, self.count)
        aws = begin.aws.fork(self.seed)
        aws.lag = dict.fromkeys(aws.lag, self.lag)
        for name in self.options:
            setattr(aws, name, True)
        gate = Faults({k: {**CRASHES, **FAULTS}[name] for k, name in self.faults})
        return World(aws, begin.site, gate)

    def problems(self) -> list[str]:
        """Run it; everything that should not be."""
        return list(verdict(self.world(), start(self.edit, self.count), self.lag))


def verdict(world: World, begin: Start, lag: int = 0) -> Iterator[str]:
    """Run until nothing is left to do, then look at what stands and how it came to be."""
    aws, gate = world.aws, world.gate
    assert isinstance(gate, Faults)
    calm = 0  # runs with work to do, without a fault, and with reads that were up to date
    for number in range(1, MOST_RUNS + 1):
        lagging = any(
            store.past and store.past[-1][0] >= aws.calls - lag for store in aws.stores.values()
        )
        fired, written = gate.fired, len(writes(aws))
        report = world.run()
        aws.pause(PAUSE)
        disturbed = gate.fired > fired
        if report and not disturbed and not report.plan.changes and not report.plan.unknown:
            if len(writes(aws)) > written:
                yield f"a run with an empty plan writes: {writes(aws)[written:]}"
            break
        calm += not disturbed and not lagging
        if report and not disturbed and not lagging:
            for change in report.plan.changes:
                if change.outcome is Outcome.FAILED:
                    yield f"run {number}: {change.key} failed: {change.reason}"
    else:
        yield f"not settled: {rows(report) if report else world.errors[-1:]}"
    if calm > max(begin.runs, AFTER_FAULT):
        yield f"{calm} undisturbed runs until it settled"
    yield from broken(aws, begin.strangers)
    yield from abandoned(aws, {each.name for each in begin.site.workstations})
    now = essence(aws)
    for key in sorted(now.keys() | begin.essence.keys()):
        if now.get(key) != begin.essence.get(key):
            yield f"{key} is {now.get(key)}, and without the fault {begin.essence.get(key)}"


def explore(scenarios: Sequence[Scenario], file: str) -> list[str]:
    """Run them all; for each that goes wrong, why, and the command that replays it."""
    return [
        f"{problems[0]} (and {len(problems) - 1} more)\n"
        f"    pytest tests/strict/{file} --replay '{each}'"
        for each in scenarios
        if (problems := each.problems())
    ]
