"""The process dies before or after any call of any edit: promise 3."""

from __future__ import annotations

import pytest

from tests.strict.conftest import Explore
from tests.strict.faults import CRASHES
from tests.strict.scenario import Scenario, start
from tests.strict.sites import EDITS
from tests.support.samples import SOAK

CASES = [(edit, count) for count in (1, 3, 10) for edit in EDITS]


@pytest.mark.parametrize(("edit", "count"), CASES, ids=[f"{e}-{n}" for e, n in CASES])
def test_crash_at_every_call(edit: str, count: int, scenarios: Explore) -> None:
    scenarios(
        [
            Scenario(edit, count, ((k, when),), seed=seed)
            for seed in range(100 if SOAK else 2)
            for k in range(1, start(edit, count).calls + 1)
            for when in CRASHES
        ]
    )


PAIRS = [(edit, count) for edit, count in CASES if count < 10]


@pytest.mark.parametrize(("edit", "count"), PAIRS, ids=[f"{e}-{n}" for e, n in PAIRS])
def test_crash_again_during_the_recovery(edit: str, count: int, scenarios: Explore) -> None:
    last = start(edit, count).calls
    pairs = [
        Scenario(edit, count, ((first, "after"), (second, when)), lag, first % 4)
        for first in range(1, last + 1)
        for second in range(first + 1, first + last + 1)
        for when in CRASHES
        for lag in (0, 8)
    ]
    scenarios(pairs, 60)


@pytest.mark.parametrize("edit", EDITS)
def test_every_run_of_a_row_dies(edit: str, scenarios: Explore) -> None:
    """Killed again and again: each run gets a few calls further."""
    step = 3 if SOAK else 11
    last = start(edit, 3).calls
    scenarios(
        [
            Scenario(edit, 3, tuple((k, "after") for k in range(first, last * 3, 29)), seed=seed)
            for seed in range(4)
            for first in range(1, 29, step)
        ]
    )
