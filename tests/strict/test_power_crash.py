"""The process dies before or after any call that turns a workstation on, off, or to another
market: promise 3, and rows 5 to 30 of docs/power.md."""

from __future__ import annotations

import pytest

from tests.strict.conftest import Check
from tests.strict.faults import CRASHES
from tests.strict.power import act, at, group, scene
from tests.strict.power_cases import CASES, COMMANDS, Trouble, calls, done
from tests.strict.power_story import aftermath, endings, standing
from tests.strict.timers import forward
from tests.support.samples import sample

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
        if again or not lag  # the next run comes when reads are up to date
    ]
    # In each gate every call is the last of a command that is then given again, or of a run.
    again = [trouble for trouble in troubles if trouble.again and not trouble.lag]
    rest = [trouble for trouble in troubles if not trouble.again or trouble.lag]
    chosen = (*again, *sample(rest, 40, f"{name} {action}"))
    check(((str(trouble), trouble.problems()) for trouble in chosen), len(troubles))


@pytest.mark.parametrize(("name", "action"), COMMANDS, ids=[f"{n}-{a}" for n, a in COMMANDS])
def test_aws_alone_keeps_the_word(name: str, action: str) -> None:
    """No run of the reconciler at all: schedules and the override's end need none."""
    aws = scene(name)
    assert not act(aws, action)
    aws.refuses = {}
    if name == "suspended":
        return  # it needs a run
    for moment in ("Mon 21:05", "Tue 12:05", "Tue 19:25", "Wed 09:05"):
        forward(aws, at(moment))
        assert not list(standing(aws)), moment
    assert group(aws)["DesiredCapacity"] == 1
    assert not list(endings(aws))
