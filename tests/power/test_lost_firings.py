"""A stop that never came, told from a start that nobody announced. No AWS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.power.lost_firings import Standing, lost_stop
from reconciler.schedule.cron import CronRule

STOP = datetime(2026, 11, 23, 18, tzinfo=UTC)  # Monday 19:00 in Berlin
HOUR = timedelta(hours=1)
RULE = CronRule("stop", "cron(0 19 ? * MON-FRI *)", "Europe/Berlin")
WEEKEND = CronRule("stop", "cron(0 19 ? * SAT,SUN *)", "Europe/Berlin")
START = CronRule("start", "cron(0 19 ? * MON-FRI *)", "Europe/Berlin")
BEFORE, AFTER = STOP - HOUR, STOP + HOUR


@pytest.mark.parametrize(
    ("rules", "since", "launched", "answer"),
    [
        ([RULE], BEFORE, BEFORE, True),
        ([WEEKEND, RULE], BEFORE, BEFORE, True),
        ([RULE], BEFORE, AFTER, False),  # somebody turned it on after its stop
        ([RULE], BEFORE, STOP, False),
        ([RULE], AFTER, BEFORE, False),  # hours that are newer than the stop
        ([RULE], STOP, BEFORE, False),
        ([WEEKEND], BEFORE, BEFORE, False),  # this one was not due then
        ([START], BEFORE, BEFORE, False),
        ([], BEFORE, BEFORE, False),  # none stands, or none unedited
    ],
)
def test_only_a_stop_that_was_to_end_this_instance_is_lost(
    rules: list[CronRule], since: datetime, launched: datetime, answer: bool
) -> None:
    assert lost_stop([Standing(rule, since) for rule in rules], STOP, launched) is answer
