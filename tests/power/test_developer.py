"""The truth table of docs/power.md where a person decides: rows 5 to 21, in the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from reconciler.sandbox.control.interruption import interrupt
from reconciler.workstation.runtime_tags import NORMAL, Sizes
from tests.power.days import aws
from tests.power.hand import Hand, Stand

Make = Callable[..., Hand]
ON, OFF = Sizes(1, 1), Sizes(0, 0)


def test_rows_2_and_12_within_its_hours_it_is_on_until_the_next_stop(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 09:01")
    it("stop alice")
    it.days.to("Mon 12:00")
    before = it.stand()
    said = it("start alice --no-wait")
    assert "on until Mon 23 Nov 19:00 CET, its schedule" in said.err
    assert it.stand() == Stand(1, NORMAL, before.override, None)
    assert it.days.state() == "spot"
    it.days.to("Mon 19:01")
    assert it.days.state() == "off"


def test_row_13_outside_its_hours_an_override_keeps_it_on_for_4_hours(hand: Make) -> None:
    """Promise 15."""
    it = hand()
    said = it("start alice --no-wait")
    assert (
        "kept on until Sun 22 Nov 17:00 CET (the tag names moto), then it is turned off" in said.out
    )
    override = "on until 2026-11-22T16:00:00Z moto"
    assert it.stand() == Stand(1, ON, override, ("Sun 17:00", 0))
    assert not it.days.run().plan.changes
    it.days.to("Sun 17:05")
    assert it.days.state() == "off"
    assert it.stand() == Stand(0, NORMAL, override, None)


def test_row_13_hours_that_begin_meanwhile_hold_after_it(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 07:00")
    said = it("start alice --no-wait")
    kept = "kept on until Mon 23 Nov 11:00 CET (the tag names moto), then its schedule decides"
    assert kept in said.out
    it.days.to("Mon 11:05")
    assert it.days.state() == "spot"
    it.days.to("Mon 19:05")
    assert it.days.state() == "off"


def test_row_36_without_a_schedule_a_start_lasts_until_max_runtime(hand: Make) -> None:
    """Promise 15."""
    it = hand("schedule: null\nmax_runtime: 10h")
    said = it("start alice --no-wait")
    assert "then it is turned off" in said.out
    assert it.stand().end == ("Sun 23:00", 0)
    it.days.to("Sun 23:02")
    assert it.days.state() == "off"


def test_row_37_nothing_is_kept_on_for_longer_than_its_max_runtime(hand: Make) -> None:
    it = hand("max_runtime: 10h")
    before = it.stand()
    for line in ("start alice --for 11h", 'start alice --until "Mon 12:00"'):
        assert "runs for 10 h at most (its max_runtime)" in it(f"{line} --no-wait", code=2).err
    assert it.stand() == before
    it("start alice --for 10h --no-wait")
    it.days.to("Sun 20:00")
    assert "10 h at most" in it("extend alice 4h", code=2).err, "it has run for 7 hours"
    it("extend alice 2h")


def test_a_start_says_what_no_limit_means(hand: Make) -> None:
    it = hand("schedule: null\nmax_runtime: null")
    said = it("start alice --no-wait")
    assert "on until somebody stops it: no schedule and no max_runtime ends it" in said.out


def test_row_14_a_start_takes_an_override_off_back(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 12:00")
    it("off alice until Fri")
    said = it("start alice --no-wait")
    assert "no longer kept off until Fri" in said.err
    stand = it.stand()
    assert stand.override.startswith("turned on 2026-11-23T11:00:"), "no run acts on this"
    assert stand == Stand(1, NORMAL, stand.override, None)
    assert it.days.state() == "spot"


def test_row_15_a_stop_holds_until_the_next_start(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 12:00")
    assert it.days.state() == "spot"
    said = it("stop alice")
    assert "next start: Tue 24 Nov 09:00 CET" in said.out
    assert it.days.state() == "off"
    it.days.to("Tue 09:01")
    assert it.days.state() == "spot"


def test_row_16_a_stop_takes_an_override_on_back(hand: Make) -> None:
    it = hand()
    it("start alice --no-wait")
    said = it("stop alice")
    assert "no longer kept on until Sun 22 Nov 17:00 CET (the tag names moto)" in said.out
    stand = it.stand()
    assert stand.override.startswith("turned off 2026-11-22T12:00:")
    assert stand == Stand(0, NORMAL, stand.override, None)
    assert it.days.state() == "off"
    assert not it.days.run().plan.changes


def test_row_17_a_stop_takes_a_start_without_capacity_back(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 08:00")
    it.days.sandbox.capacity.take("*")
    it("start alice --no-wait")
    assert it.days.state() == "starting"
    it("stop alice")
    it.days.sandbox.capacity.give("*")
    it.days.sandbox.clock.forward(timedelta(minutes=30))
    assert it.days.state() == "off"


def test_rows_9_10_11_and_18_off_until_a_day_skips_the_starts_before_it(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 12:00")
    said = it("off alice until Thu")
    assert "kept off until Thu 26 Nov 08:55 CET" in said.out
    assert "next start: Thu 26 Nov 09:00 CET" in said.out
    assert it.stand().sizes == OFF
    assert it.stand().end == ("Thu 08:55", None)
    for day in ("Tue", "Wed"):
        it.days.to(f"{day} 12:00")
        assert it.days.state() == "off"
        assert not it.days.run().plan.changes
    it.days.to("Thu 09:01")
    assert it.days.state() == "spot"


def test_row_10_a_start_that_was_missed_is_not_made_up(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 12:00")
    it('off alice until "Tue 11:00"')
    it.days.to("Tue 11:05")
    assert it.stand().sizes == NORMAL
    assert it.days.state() == "off"


def test_rows_5_7_and_19_extend_holds_a_stop_back_and_then_it_is_made_up(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 18:30")
    said = it("extend alice 2h")
    assert "stays on until Mon 23 Nov 20:30 CET.\n  then it is turned off" in said.out
    assert it.stand().end == ("Mon 20:30", 0)
    it.days.to("Mon 20:00")
    assert it.days.state() == "spot"
    assert not it.days.run().plan.changes
    it.days.to("Mon 20:31")
    assert it.days.state() == "off"
    assert it.stand().sizes == NORMAL


def test_row_6_spot_takes_the_instance_of_a_held_one(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 18:30")
    it("extend alice 4h")
    it.days.to("Mon 19:30")
    [member] = it.days.group()["Instances"]
    interrupt(it.days.sandbox.world, "us-east-1", member["InstanceId"], at_once=True)
    it.days.sandbox.clock.forward(timedelta(minutes=5))
    assert it.days.state() == "spot"
    said = it("why alice")
    assert f"Spot took {member['InstanceId']} back Mon 23 Nov 19:30 CET" in said.out


def test_row_8_an_override_that_ends_within_hours_leaves_it_on(hand: Make) -> None:
    it = hand()
    it.days.to("Fri 12:00")
    said = it("hold alice until Mon")
    assert "stays on until Mon 30 Nov 09:00 CET" in said.out
    assert "next stop Mon 30 Nov 19:00 CET" in said.out
    it.days.to("Sat 12:00")
    assert it.days.state() == "spot"
    it.days.to("Mon 12:00")
    assert it.days.state() == "spot"
    assert it.stand().sizes == NORMAL
    it.days.to("Mon 19:01")
    assert it.days.state() == "off"


def test_row_20_nothing_is_kept_on_that_is_off(hand: Make) -> None:
    it = hand()
    before = it.stand()
    for line in ("extend alice 2h", "hold alice until Mon"):
        assert "workstation start alice --for 3h" in it(line, code=4).err
    assert it.stand() == before


def test_row_21_extending_never_shortens(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 12:00")
    it("hold alice until Wed")
    before = it.stand()
    said = it("extend alice 2h")
    assert "already stays on until Wed" in said.out
    assert it.stand() == before
    it('hold alice until "Tue 10:00"')
    assert it.stand().end == ("Tue 10:00", None)


def test_an_extended_one_still_owes_the_stop_that_the_shorter_one_held_back(hand: Make) -> None:
    """There is no start any more, so that there are no hours to be outside of."""
    it = hand()
    it.days.to("Mon 18:30")
    scheduler = aws("scheduler")
    listed = scheduler.list_schedules(GroupName="acme", NamePrefix="alice-start-")
    for each in listed["Schedules"]:
        scheduler.delete_schedule(GroupName="acme", Name=each["Name"])
    it("start alice --no-wait")
    it("extend alice 2h")
    it.days.to("Mon 20:00")
    it("extend alice 2h")
    assert it.stand().end == ("Mon 22:00", 0)
    it.days.to("Mon 22:01")
    assert it.days.state() == "off"


def test_the_same_again_writes_nothing(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 12:00")
    for line in ("hold alice until Wed", "off alice until Fri", "start alice --no-wait"):
        it(line)
        before = it.days.group(), it.stand()
        it(line)
        assert (it.days.group(), it.stand()) == before, line
    it("stop alice")
    assert "was off already" in it("stop alice").out


def test_start_for_and_until(hand: Make) -> None:
    it = hand()
    it("start alice --for 3h --no-wait")
    assert it.stand().end == ("Sun 16:00", 0)
    it('start alice --until "Tue 12:00" --no-wait')
    assert it.stand().end == ("Tue 12:00", None)
    it("start alice --for 1h --no-wait")
    assert it.stand().end == ("Tue 12:00", None)


def test_a_month_is_the_longest(hand: Make) -> None:
    it = hand()
    it.days.to("Mon 12:00")
    before = it.stand()
    assert "31 days at most" in it("hold alice until 2027-01-04", code=2).err
    assert "31 days at most" in it("extend alice 40d", code=2).err
    assert it.stand() == before
    it("off alice until 2027-01-04")


def test_sizes_left_behind_are_put_back_by_the_next_word(hand: Make) -> None:
    it = hand()
    aws("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="acme-alice", MinSize=0, MaxSize=0
    )
    it.days.to("Mon 12:00")
    it("start alice --no-wait")
    stand = it.stand()
    assert stand == Stand(1, NORMAL, stand.override, None)
    assert stand.override.startswith("turned on ")
