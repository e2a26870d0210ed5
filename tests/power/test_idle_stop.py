"""Rows 38 and 39: the machine turns its workstation off when nobody uses it, and no run turns it
on again."""

from __future__ import annotations

from reconciler.workstation.runtime_tags import Turned, parse_turned
from tests.power.days import Begin, Days, codes, override


def stop_idle(days: Days) -> None:
    """What the agent writes on the machine: the reason first, then the capacity."""
    override(days, str(Turned("off", days.sandbox.clock.now(), "idle")))
    days.desire(0)


def test_rows_38_and_39_an_idle_stop_lasts_until_the_next_start(begun: Begin) -> None:
    days = begun()
    days.to("Mon 09:50")
    assert days.state() == "spot"
    stop_idle(days)
    assert days.runs_until("Mon 20:00", every=20) == []
    assert days.state() == "off"
    turned = parse_turned(days.tags()["reconciler:override"])
    assert turned is not None
    assert turned.idle
    days.to("Wed 09:06")  # Tuesday is a feast of nobody here
    assert days.state() == "spot"
    assert codes(days.run()) == []


def test_row_39_no_run_takes_it_for_a_lost_start(begun: Begin) -> None:
    """The start came, and the machine found nobody: 45 minutes later it is off."""
    days = begun()
    days.to("Mon 09:22")
    stop_idle(days)
    for minute in (23, 40, 59):
        days.to(f"Mon 09:{minute}")
        assert codes(days.run()) == []


def test_row_39_a_start_of_its_owner_turns_it_on_again(begun: Begin) -> None:
    days = begun()
    days.to("Mon 10:00")
    stop_idle(days)
    days.to("Mon 10:30")
    days.desire(1)
    assert days.runs_until("Mon 12:00", every=30) == []
    assert days.state() == "spot"


def test_row_38_a_machine_that_dies_between_its_two_writes_stays_on(begun: Begin) -> None:
    """The tag alone means nothing: the machine, or the next one, writes both again."""
    days = begun()
    days.to("Mon 10:00")
    override(days, str(Turned("off", days.sandbox.clock.now(), "idle")))
    assert days.runs_until("Mon 12:00", every=30) == []
    assert days.state() == "spot"


def test_row_38_an_idle_stop_of_an_on_demand_lease_goes_back_to_spot(begun: Begin) -> None:
    days = begun()
    days.sandbox.capacity.take("*", "*", "spot")
    days.to("Mon 09:15")
    days.run()
    days.sandbox.capacity.give("*", "*", "spot")
    days.to("Mon 10:30")
    assert days.state() == "on-demand"
    stop_idle(days)
    (change,) = days.run().plan.changes
    assert change.reason == "nothing runs: back to Spot"
    assert days.state() == "off"
    assert days.run().plan.changes == ()
