"""What a run makes of a group whose lifecycle hook holds an instance that AWS ends."""

from __future__ import annotations

import pytest

from reconciler.sandbox.control import interruption
from reconciler.sandbox.services import hooks
from tests.power.days import Begin, codes


def test_an_instance_that_leaves_does_not_count_against_the_next_one(
    begun: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started again while a lifecycle hook holds the old one, it has all of its max_runtime."""
    monkeypatch.setattr(hooks, "ON_WAITING", [])
    days = begun("max_runtime: 8h")
    days.to("Mon 17:01")
    assert len(days.run().plan.changes) == 1
    days.desire(1)
    days.to("Mon 17:02")
    states = sorted(each["LifecycleState"] for each in days.group()["Instances"])
    assert states == ["InService", "Terminating:Wait"]
    assert not days.run().plan.changes
    days.to("Mon 17:07")
    assert days.state() == "spot"
    assert not days.run().plan.changes


def test_a_shortage_after_an_interruption_waits_for_no_hook(
    begun: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group holds the instance that Spot took, and its fallback begins to wait at once."""
    monkeypatch.setattr(hooks, "ON_WAITING", [])
    days = begun()
    days.to("Mon 10:00")
    days.sandbox.capacity.take("*")
    world = days.sandbox.world
    (instance,) = interruption.spot_of(world, "us-east-1", "acme-alice")
    interruption.interrupt(world, "us-east-1", instance, at_once=True)
    assert days.state() == "spot", "in the group, not in EC2"
    assert codes(days.run()) == ["cannot-start"]
