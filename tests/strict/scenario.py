"""One scenario: an edit of a fleet, what goes wrong meanwhile, and what must come of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

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
    log: tuple[Request, ...]  # every call of those runs
    essence: dict[str, str]

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
    runs = smooth.settle(4)
    assert writes(smooth.aws), "an edit writes something"
    assert not broken(smooth.aws, foreign(world.aws)), broken(smooth.aws, foreign(world.aws))
    return Start(world.aws.fork(), site, runs, tuple(gate.log), essence(smooth.aws))


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

    def problems(self, *, strict_outcomes: bool = True) -> list[str]:
        """Run it; everything that should not be."""
        begin = start(self.edit, self.count)
        aws = begin.aws.fork(self.seed)
        aws.lag = dict.fromkeys(aws.lag, self.lag)
        for name in self.options:
            setattr(aws, name, True)
        gate = Faults({k: {**CRASHES, **FAULTS}[name] for k, name in self.faults})
        world = World(aws, begin.site, gate)
        return list(self._checked(world, begin, strict_outcomes))

    def _checked(self, world: World, begin: Start, strict: bool) -> Iterator[str]:
        aws, gate = world.aws, world.gate
        assert isinstance(gate, Faults)
        last = max((k for k, _ in self.faults), default=0)
        extra = calm = 0
        for number in range(MOST_RUNS):
            lagging = any(
                store.past and store.past[-1][0] >= aws.calls - self.lag
                for store in aws.stores.values()
            )
            disturbed = gate.calls < last
            report = world.run()
            disturbed = disturbed and gate.calls >= (min(k for k, _ in self.faults))
            aws.pause(PAUSE)
            if report and not report.plan.changes and not report.plan.unknown and not disturbed:
                break
            calm += not disturbed and not lagging
            extra += disturbed or lagging
            if strict and report and not disturbed:
                for change in report.plan.changes:
                    if change.outcome is Outcome.FAILED:
                        yield f"run {number + 1}: {change.key} failed: {change.reason}"
        else:
            yield f"not settled: {rows(report) if report else world.errors[-1:]}"
        if calm > max(begin.runs, AFTER_FAULT):
            yield f"{calm} undisturbed runs until it settled"
        yield from broken(aws, foreign(begin.aws))
        yield from abandoned(aws, {each.name for each in begin.site.workstations})
        now = essence(aws)
        for key in sorted(now.keys() | begin.essence.keys()):
            if now.get(key) != begin.essence.get(key):
                yield f"{key} is {now.get(key)}, and without the fault {begin.essence.get(key)}"
        before = len(writes(aws))
        world.gate = Faults()
        world.run()
        if len(writes(aws)) != before:
            yield f"a settled run writes: {writes(aws)[before:]}"


def explore(scenarios: Sequence[Scenario], file: str) -> list[str]:
    """Run them all; for each that goes wrong, why, and the command that replays it."""
    return [
        f"{problems[0]} (and {len(problems) - 1} more)\n"
        f"    pytest tests/strict/{file} --replay '{each}'"
        for each in scenarios
        if (problems := each.problems())
    ]
