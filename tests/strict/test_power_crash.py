"""The process dies before or after any call that turns a workstation on, off, or to another
market: promise 3, and rows 5 to 30 of docs/power.md."""

from __future__ import annotations

import pytest

from tests.strict.conftest import Check
from tests.strict.faults import CRASHES
from tests.strict.power import act, scene
from tests.strict.power_cases import CASES, Trouble, calls, done
from tests.strict.power_story import aftermath

LAGS = (0, 3)


@pytest.mark.parametrize(("name", "action"), CASES, ids=[f"{n}-{a}" for n, a in CASES])
def test_nothing_goes_wrong(name: str, action: str) -> None:
    aws = scene(name)
    assert not act(aws, action)
    assert not list(done(aws, name, action))
    assert not aftermath(aws)


@pytest.mark.parametrize(("name", "action"), CASES, ids=[f"{n}-{a}" for n, a in CASES])
def test_a_crash_at_every_call(name: str, action: str, check: Check) -> None:
    troubles = [
        Trouble(name, action, k, when, lag, again)
        for k in range(1, len(calls(name, action)) + 1)
        for when in CRASHES
        for lag in LAGS
        for again in (True, False)
    ]
    check((str(each), each.problems()) for each in troubles)
