"""One working day and the next morning, with the reconciler at work every five minutes.

Where nothing happens the gate lets it run every hour.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.sandbox import Sandbox
from reconciler.sandbox.control.interruption import interrupt
from tests.power.days import begin
from tests.support.samples import SOAK

QUIET = 5 if SOAK else 60
"""Minutes between two runs where nothing happens."""


def test_spot_interrupted_short_on_demand_stopped_and_spot_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    days = begin(sandbox, monkeypatch, tmp_path)
    assert days.runs_until("Mon 08:00", QUIET) == []
    assert days.runs_until("Mon 11:00") == []
    assert days.state() == "spot"

    sandbox.capacity.take("*", "*", "spot")
    (instance,) = (each["InstanceId"] for each in days.group()["Instances"])
    interrupt(sandbox.world, "us-east-1", instance)
    written = days.runs_until("Mon 12:00") + days.runs_until("Mon 15:00", QUIET)
    assert written == [("Mon 11:15", "market on_demand_percentage_above_base_capacity")]
    assert days.state() == "on-demand"

    sandbox.capacity.give("*", "*", "spot")
    assert days.runs_until("Mon 18:00", QUIET) == [], "nobody is cut off by the way back"
    assert days.runs_until("Mon 19:00") == []
    written = days.runs_until("Mon 20:00") + days.runs_until("Tue 08:00", QUIET)
    written += days.runs_until("Tue 08:55")
    assert written == [("Mon 19:00", "market on_demand_percentage_above_base_capacity")]
    assert days.state() == "off"
    assert days.runs_until("Tue 10:00") == []
    assert days.state() == "spot"

    switched = [cause for cause in days.causes() if "desired capacity from" in cause]
    assert len(switched) == 3, "on, off and on again, by schedule alone"
