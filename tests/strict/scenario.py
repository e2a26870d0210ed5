"""One scenario: an edit of a fleet, what goes wrong meanwhile, and what must come of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.plan.model import Outcome
from tests.strict import foreign_resources, sites
from tests.strict.aws import Sent, StrictAws
from tests.strict.cache import MEMO, account
from tests.strict.door import Request, Send
from tests.strict.faults import CRASHES, FAULTS, Faults
from tests.strict.invariants import (
    abandoned,
    broken,
    deeds,
    doubled,
    essence,
    foreign,
    touched,
    writes,
)
from tests.strict.tables import Record
from tests.strict.world import PAUSE, StrictWorld, new_aws, rows

AFTER_FAULT = 2
"""Runs that a recovery may take, beyond those that began while reads still lagged."""

MOST_RUNS = 12

AT_WORK = {"unschedule": slice(0), "resize": slice(1, 2)}
"""Who works during an edit, where it is not the first two: a schedule that goes waits for the
stop, and a Lustre home that grows for nobody to have it mounted."""


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
    world = StrictWorld(new_aws(), (before or after).site())
    foreign_resources.plant(world)
    if before is not None:
        # An EFS home takes one more: its file system, then its mount targets, then the group.
        homes = (w.home for w in before.site().workstations)
        world.settle(3 if any(home and home.type == "efs" for home in homes) else 2)
        kept = [name for name in before.workstations if name in after.workstations]
        for name in kept[AT_WORK.get(edit, slice(2))]:
            world.start(name)
        world.settle(1)  # the next stop of who is at work
    site = after.site()
    gate = Faults()
    smooth = StrictWorld(world.aws.fork(), site, gate)
    first = StrictWorld(world.aws.fork(), site, Faults())
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
class Stop:
    """An account at the moment when a run dies, and what was sent before."""

    aws: StrictAws
    sent: list[Sent]
    many: int  # of `sent`
    call: int
    runs: int

    def world(self, site: Site, gate: Faults) -> StrictWorld:
        """The same account, after the run that died."""
        aws = self.aws.fork()
        aws.sent = self.sent[: self.many]
        aws.rest(PAUSE)
        gate.calls, gate.fired = self.call, 1
        return StrictWorld(aws, site, gate, runs=self.runs)


@dataclass
class Trail(Faults):
    """A gate that keeps the account before and after each call."""

    world: StrictWorld | None = None
    stops: dict[tuple[int, str], Stop] = field(default_factory=dict)

    def _keep(self, when: str) -> None:
        assert self.world is not None
        aws = self.world.aws
        stop = Stop(aws.fork(), aws.sent, len(aws.sent), self.calls, self.world.runs)
        self.stops[self.calls, when] = stop

    def begin(self, request: Request) -> None:
        """Record the account before a call."""
        super().begin(request)
        self._keep("before")

    def attempt(self, request: Request, number: int, send: Send) -> Record:
        """Record the account after an attempt."""
        try:
            return send()
        finally:
            self._keep("after")

    def passes(self, calls: int) -> bool:
        """Tell that no call may be passed over: the trail wants each."""
        return False


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
        """Parse what `str` has written."""
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

    def world(self) -> StrictWorld:
        """The account before the edit, and a run that will meet the faults."""
        begin = start(self.edit, self.count)
        aws = begin.aws.fork(self.seed)
        aws.lag = dict.fromkeys(aws.lag, self.lag)
        for name in self.options:
            setattr(aws, name, True)
        gate = Faults({k: {**CRASHES, **FAULTS}[name] for k, name in self.faults})
        first = self.faults[:1]
        if first and first[0][1] in CRASHES and first[0][0] <= begin.calls and not self.lag:
            return self._trail()[first[0]].world(begin.site, gate)
        return StrictWorld(aws, begin.site, gate)

    def _trail(self) -> dict[tuple[int, str], Stop]:
        """What a run that dies leaves behind, for each call at which it may."""
        key = (self.edit, self.count, self.seed, self.options)
        if key not in MEMO.trails:
            begin, world = start(self.edit, self.count), replace(self, faults=()).world()
            world.gate = gate = Trail(world=world)
            problems = list(verdict(world, begin))
            assert not problems, problems
            MEMO.trails[key] = gate.stops
        stops: dict[tuple[int, str], Stop] = MEMO.trails[key]
        return stops

    def problems(self) -> list[str]:
        """Run it; everything that should not be."""
        return list(verdict(self.world(), start(self.edit, self.count), self.lag))


def verdict(world: StrictWorld, begin: Start, lag: int = 0) -> Iterator[str]:
    """Run until nothing is left to do, then look at what stands and how it came to be."""
    aws, gate = world.aws, world.gate
    assert isinstance(gate, Faults)
    world.memo = MEMO
    # Runs with work to do, without a fault, and with reads that were up to date.
    calm = max(0, world.runs - 1)
    for number in range(1, MOST_RUNS + 1):
        lagging = any(
            store.past and store.past[-1][0] >= aws.calls - lag for store in aws.stores.values()
        )
        fired, written = gate.fired, len(writes(aws))
        report = world.run()
        aws.rest(PAUSE)
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
    yield from deeds(aws)
    yield from MEMO.once((id(begin), account(aws)), lambda: list(_left(aws, begin)))


def _left(aws: StrictAws, begin: Start) -> Iterator[str]:
    """What is wrong with an account after all runs."""
    yield from doubled(aws)
    yield from touched(aws, begin.strangers)
    yield from abandoned(aws, {workstation.name for workstation in begin.site.workstations})
    now = essence(aws)
    for key in sorted(now.keys() | begin.essence.keys()):
        if now.get(key) != begin.essence.get(key):
            yield f"{key} is {now.get(key)}, and without the fault {begin.essence.get(key)}"


def explore(scenarios: Sequence[Scenario], file: str) -> list[str]:
    """Run them all; for each that goes wrong, why, and the command that replays it."""
    return [
        f"{problems[0]} (and {len(problems) - 1} more)\n"
        f"    pytest tests/strict/{file} --replay '{scenario}'"
        for scenario in scenarios
        if (problems := scenario.problems())
    ]
