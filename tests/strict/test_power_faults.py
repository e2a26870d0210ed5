"""Any call that turns a workstation on, off, or to another market fails in any way, with reads
that lag: promises 3, 4, 8 and 9."""

from __future__ import annotations

import pytest

from tests.strict.conftest import Check
from tests.strict.door import Request
from tests.strict.faults import FAULTS, PARTLY, TEN
from tests.strict.power_cases import CASES, Trouble, calls
from tests.support.samples import sample

LAGS = (0, 1, 3)
"""In calls. A minute later every read is up to date."""

SAMPLE = 30


def every(name: str, action: str) -> list[Trouble]:
    """Each call, each fault, each lag; then the same again, or only runs."""
    return [
        Trouble(name, action, k, fault, lag, again)
        for k, request in enumerate(calls(name, action), 1)
        for fault in FAULTS
        if works(fault, request)
        for lag in LAGS
        for again in (True, False)
    ]


def works(fault: str, request: Request) -> bool:
    """Whether AWS has such an answer: a schedule group that stands is always found."""
    if fault == "not-found":
        return request.operation != "list_schedules"
    return fault != "partly" or request.operation in PARTLY


@pytest.mark.parametrize(("name", "action"), CASES, ids=[f"{n}-{a}" for n, a in CASES])
def test_any_call_fails_in_any_way(name: str, action: str, check: Check) -> None:
    troubles = [trouble for trouble in every(name, action) if trouble.fault in TEN]
    chosen = sample(troubles, SAMPLE, f"{name} {action}")
    check(((str(trouble), trouble.problems()) for trouble in chosen), len(troubles))
