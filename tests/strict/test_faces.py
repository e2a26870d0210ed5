"""The fast face behaves as botocore does: the same scenarios through both, the same results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

import pytest

from tests.strict.conftest import Check
from tests.strict.faults import CRASHES, FAULTS
from tests.strict.invariants import by_run, essence
from tests.strict.scenario import Scenario, start
from tests.strict.sites import EDITS
from tests.strict.wire import Line, WireWorld, without_sleep
from tests.strict.world import PAUSE, StrictWorld, rows
from tests.support.samples import SOAK

CAUSE = re.compile(r"(ResponseParserError|ReadTimeoutError|ConnectionClosedError).*", re.DOTALL)
"""What went wrong on the way, without botocore's words for it."""

RUNS = 3
GATE = ("create", "resize", "retag", "remove")


def observed(world: StrictWorld, runs: int) -> list[object]:
    """What a person and AWS see of a few runs."""
    seen: list[object] = []
    for _ in range(runs):
        report = world.run()
        world.aws.pause(PAUSE)
        seen.append([CAUSE.sub(r"\1", r) for r in rows(report)] if report else "no report")
        seen.append([(u.kind, u.error) for u in report.plan.unknown] if report else ())
    sent = [
        f"{request.service}:{request.operation} {request.code}" for request in by_run(world.aws)
    ]
    return [*seen, sent, essence(world.aws)]


def some(edit: str) -> list[Scenario]:
    """The undisturbed edit, and faults, each at some call of it; in the gate every other one."""
    random = Random(edit)
    calls = start(edit, 1).calls
    faults = [*FAULTS, *CRASHES]
    if not SOAK:
        faults = faults[GATE.index(edit) % 2 :: 2]
    return [
        Scenario(edit, 1),
        Scenario(edit, 1, seed=3, options=("short_pages",)),
        *(Scenario(edit, 1, ((random.randint(1, calls), name),)) for name in faults),
    ]


@pytest.mark.parametrize("edit", EDITS if SOAK else GATE)
def test_both_faces_tell_the_same(edit: str, monkeypatch: pytest.MonkeyPatch, check: Check) -> None:
    line = Line()

    def problems(scenario: Scenario) -> Iterator[str]:
        door, twin = scenario.world(), scenario.world()
        wire = WireWorld(twin.aws, twin.site, twin.gate, line=line)
        without_sleep(wire, monkeypatch)
        for there, here in zip(observed(wire, RUNS), observed(door, RUNS), strict=True):
            if there != here:
                yield f"on the wire {there}, at the door {here}"

    check((str(scenario), problems(scenario)) for scenario in some(edit))
