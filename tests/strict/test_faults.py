"""Any call of any edit fails in any way, with reads that lag: promises 3, 4 and 9."""

from __future__ import annotations

from random import Random

import pytest

from tests.strict.conftest import SOAK, Explore
from tests.strict.faults import FAULTS
from tests.strict.scenario import Scenario, start
from tests.strict.sites import EDITS

LAGS = (0, 1, 3, 8, 30)
"""In calls; the last is longer than a run's reads."""

SAMPLE = 120


def every(edit: str, count: int) -> list[Scenario]:
    """Each call, each fault, each lag."""
    return [
        Scenario(edit, count, ((k, fault),), lag, k, options)
        for k in range(1, start(edit, count).calls + 1)
        for fault in FAULTS
        for lag in LAGS
        for options in (("replicas",) if lag else (), ())
    ]


CASES = [(edit, count) for count in (1, 3) for edit in EDITS]


@pytest.mark.parametrize(("edit", "count"), CASES, ids=[f"{e}-{n}" for e, n in CASES])
def test_any_call_fails_in_any_way(edit: str, count: int, scenarios: Explore) -> None:
    found = every(edit, count)
    scenarios(found if SOAK else Random(f"{edit}{count}").sample(found, SAMPLE))
