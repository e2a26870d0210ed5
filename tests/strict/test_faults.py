"""Any call of any edit fails in any way, with reads that lag: promises 3, 4 and 9."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.strict.conftest import Explore
from tests.strict.faults import FAULTS, PARTLY, TEN
from tests.strict.scenario import Scenario, Start, start
from tests.strict.sites import EDITS

LAGS = (0, 1, 3, 8)
"""In calls."""

SAMPLE = 70
BACK = (1, 3, 8, 30)
"""Lags of reads that also go back in time; the last is longer than a run's reads."""


def every(edit: str, count: int) -> list[Scenario]:
    """Each call, each fault, each lag."""
    return [
        Scenario(edit, count, ((k, fault),), lag, k % 4)
        for lag in LAGS
        for k in range(1, start(edit, count).calls + 1)
        for fault in FAULTS
        if works(fault, start(edit, count), k)
    ]


def works(fault: str, begin: Start, k: int) -> bool:
    """A failure inside a good answer is only there where AWS has such answers."""
    return fault != "partly" or begin.log[k - 1].operation in PARTLY


def back(edit: str, count: int) -> list[Scenario]:
    """The same with reads that go back in time."""
    return [
        replace(scenario, lag=lag, options=("replicas",))
        for lag in BACK
        for scenario in every(edit, count)
        if not scenario.lag
    ]


CASES = [(edit, count) for count in (1, 3) for edit in EDITS]


@pytest.mark.parametrize(("edit", "count"), CASES, ids=[f"{e}-{n}" for e, n in CASES])
def test_any_call_fails_in_any_way(edit: str, count: int, scenarios: Explore) -> None:
    ten = [scenario for scenario in every(edit, count) if scenario.faults[0][1] in TEN]
    scenarios(ten, SAMPLE * 2 if count == 1 else SAMPLE)


@pytest.mark.parametrize(("edit", "count"), CASES, ids=[f"{e}-{n}" for e, n in CASES])
def test_any_call_fails_otherwise(edit: str, count: int, scenarios: Explore) -> None:
    scenarios(
        [scenario for scenario in every(edit, count) if scenario.faults[0][1] not in TEN], SAMPLE
    )


@pytest.mark.parametrize(("edit", "count"), CASES, ids=[f"{e}-{n}" for e, n in CASES])
def test_any_call_fails_and_reads_go_back_in_time(
    edit: str, count: int, scenarios: Explore
) -> None:
    scenarios(back(edit, count), SAMPLE)
