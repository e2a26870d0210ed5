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
    cli = hand()
    cli.days.to("Mon 09:01")
    cli("stop alice")
    cli.days.to("Mon 12:00")
    before = cli.stand()
    result = cli("start alice --no-wait")
    assert "on until Mon 23 Nov 19:00 CET, its schedule" in result.err
    assert cli.stand() == Stand(1, NORMAL, before.override, None)
    assert cli.days.state() == "spot"
    cli.days.to("Mon 19:01")
    assert cli.days.state() == "off"


def test_row_13_outside_its_hours_an_override_keeps_it_on_for_4_hours(hand: Make) -> None:
    """Promise 15."""
    cli = hand()
    result = cli("start alice --no-wait")
    assert (
        "kept on until Sun 22 Nov 17:00 CET unless nobody uses it (the tag names moto), "
        "then it is turned off"
    ) in result.out
    override = "on until 2026-11-22T16:00:00Z unless idle moto"
    assert cli.stand() == Stand(1, ON, override, ("Sun 17:00", 0))
    assert not cli.days.run().plan.changes
    cli.days.to("Sun 17:05")
    assert cli.days.state() == "off"
    assert cli.stand() == Stand(0, NORMAL, override, None)


def test_row_13_hours_that_begin_meanwhile_hold_after_it(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 07:00")
    result = cli("start alice --no-wait")
    kept = "kept on until Mon 23 Nov 11:00 CET unless nobody uses it (the tag names moto), "
    assert f"{kept}then its schedule decides" in result.out
    cli.days.to("Mon 11:05")
    assert cli.days.state() == "spot"
    cli.days.to("Mon 19:05")
    assert cli.days.state() == "off"


def test_row_36_without_a_schedule_a_start_lasts_until_max_runtime(hand: Make) -> None:
    """Promise 15."""
    cli = hand("schedule: null\nmax_runtime: 10h")
    result = cli("start alice --no-wait")
    assert "then it is turned off" in result.out
    assert cli.stand().end == ("Sun 23:00", 0)
    cli.days.to("Sun 23:02")
    assert cli.days.state() == "off"


def test_row_37_nothing_is_kept_on_for_longer_than_its_max_runtime(hand: Make) -> None:
    cli = hand("max_runtime: 10h")
    before = cli.stand()
    for line in ("start alice --for 11h", 'start alice --until "Mon 12:00"'):
        assert "runs for 10 h at most (its max_runtime)" in cli(f"{line} --no-wait", code=2).err
    assert cli.stand() == before
    cli("start alice --for 10h --no-wait")
    cli.days.to("Sun 20:00")
    assert "10 h at most" in cli("extend alice 4h", code=2).err, "it has run for 7 hours"
    cli("extend alice 2h")


def test_a_start_says_what_no_limit_means(hand: Make) -> None:
    cli = hand("schedule: null\nmax_runtime: null")
    result = cli("start alice --no-wait")
    assert "on until somebody stops it: no schedule and no max_runtime ends it" in result.out


def test_row_14_a_start_takes_an_override_off_back(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    cli("off alice until Fri")
    result = cli("start alice --no-wait")
    assert "no longer kept off until Fri" in result.err
    stand = cli.stand()
    assert stand.override.startswith("turned on 2026-11-23T11:00:"), "no run acts on this"
    assert stand == Stand(1, NORMAL, stand.override, None)
    assert cli.days.state() == "spot"


def test_row_15_a_stop_holds_until_the_next_start(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    assert cli.days.state() == "spot"
    result = cli("stop alice")
    assert "next start: Tue 24 Nov 09:00 CET" in result.out
    assert cli.days.state() == "off"
    cli.days.to("Tue 09:01")
    assert cli.days.state() == "spot"


def test_row_19_whoever_extends_asks_for_the_time(hand: Make) -> None:
    """An idle stop may end what a start gave by itself, and nothing that a person asked for."""
    cli = hand()
    cli("start alice --no-wait")
    assert cli.stand().override == "on until 2026-11-22T16:00:00Z unless idle moto"
    cli("extend alice 1h")
    assert cli.stand().override == "on until 2026-11-22T16:00:00Z moto"


def test_row_16_a_stop_takes_an_override_on_back(hand: Make) -> None:
    cli = hand()
    cli("start alice --no-wait")
    result = cli("stop alice")
    assert "no longer kept on until Sun 22 Nov 17:00 CET unless nobody uses it" in result.out
    stand = cli.stand()
    assert stand.override.startswith("turned off 2026-11-22T12:00:")
    assert stand == Stand(0, NORMAL, stand.override, None)
    assert cli.days.state() == "off"
    assert not cli.days.run().plan.changes


def test_row_17_a_stop_takes_a_start_without_capacity_back(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 08:00")
    cli.days.sandbox.capacity.take("*")
    cli("start alice --no-wait")
    assert cli.days.state() == "starting"
    cli("stop alice")
    cli.days.sandbox.capacity.give("*")
    cli.days.sandbox.clock.forward(timedelta(minutes=30))
    assert cli.days.state() == "off"


def test_rows_9_10_11_and_18_off_until_a_day_skips_the_starts_before_it(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    result = cli("off alice until Thu")
    assert "kept off until Thu 26 Nov 08:55 CET" in result.out
    assert "next start: Thu 26 Nov 09:00 CET" in result.out
    assert cli.stand().sizes == OFF
    assert cli.stand().end == ("Thu 08:55", None)
    for day in ("Tue", "Wed"):
        cli.days.to(f"{day} 12:00")
        assert cli.days.state() == "off"
        assert not cli.days.run().plan.changes
    cli.days.to("Thu 09:01")
    assert cli.days.state() == "spot"


def test_row_10_a_start_that_was_missed_is_not_made_up(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    cli('off alice until "Tue 11:00"')
    cli.days.to("Tue 11:05")
    assert cli.stand().sizes == NORMAL
    assert cli.days.state() == "off"


def test_rows_5_7_and_19_extend_holds_a_stop_back_and_then_it_is_made_up(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 18:30")
    result = cli("extend alice 2h")
    assert "stays on until Mon 23 Nov 20:30 CET.\n  then it is turned off" in result.out
    assert cli.stand().end == ("Mon 20:30", 0)
    cli.days.to("Mon 20:00")
    assert cli.days.state() == "spot"
    assert not cli.days.run().plan.changes
    cli.days.to("Mon 20:31")
    assert cli.days.state() == "off"
    assert cli.stand().sizes == NORMAL


def test_row_6_spot_takes_the_instance_of_a_held_one(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 18:30")
    cli("extend alice 4h")
    cli.days.to("Mon 19:30")
    [member] = cli.days.group()["Instances"]
    interrupt(cli.days.sandbox.world, "us-east-1", member["InstanceId"], at_once=True)
    cli.days.sandbox.clock.forward(timedelta(minutes=5))
    assert cli.days.state() == "spot"
    result = cli("why alice")
    assert f"Spot took {member['InstanceId']} back Mon 23 Nov 19:30 CET" in result.out


def test_row_8_an_override_that_ends_within_hours_leaves_it_on(hand: Make) -> None:
    cli = hand()
    cli.days.to("Fri 12:00")
    result = cli("hold alice until Mon")
    assert "stays on until Mon 30 Nov 09:00 CET" in result.out
    assert "next stop Mon 30 Nov 19:00 CET" in result.out
    cli.days.to("Sat 12:00")
    assert cli.days.state() == "spot"
    cli.days.to("Mon 12:00")
    assert cli.days.state() == "spot"
    assert cli.stand().sizes == NORMAL
    cli.days.to("Mon 19:01")
    assert cli.days.state() == "off"


def test_row_20_nothing_is_kept_on_that_is_off(hand: Make) -> None:
    cli = hand()
    before = cli.stand()
    for line in ("extend alice 2h", "hold alice until Mon"):
        assert "workstation start alice --for 3h" in cli(line, code=4).err
    assert cli.stand() == before


def test_row_21_extending_never_shortens(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    cli("hold alice until Wed")
    before = cli.stand()
    result = cli("extend alice 2h")
    assert "already stays on until Wed" in result.out
    assert cli.stand() == before
    cli('hold alice until "Tue 10:00"')
    assert cli.stand().end == ("Tue 10:00", None)


def test_an_extended_one_still_owes_the_stop_that_the_shorter_one_held_back(hand: Make) -> None:
    """There is no start any more, so that there are no hours to be outside of."""
    cli = hand()
    cli.days.to("Mon 18:30")
    scheduler = aws("scheduler")
    listed = scheduler.list_schedules(GroupName="acme", NamePrefix="alice-start-")
    for each in listed["Schedules"]:
        scheduler.delete_schedule(GroupName="acme", Name=each["Name"])
    cli("start alice --no-wait")
    cli("extend alice 2h")
    cli.days.to("Mon 20:00")
    cli("extend alice 2h")
    assert cli.stand().end == ("Mon 22:00", 0)
    cli.days.to("Mon 22:01")
    assert cli.days.state() == "off"


def test_the_same_again_writes_nothing(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    for line in ("hold alice until Wed", "off alice until Fri", "start alice --no-wait"):
        cli(line)
        before = cli.days.group(), cli.stand()
        cli(line)
        assert (cli.days.group(), cli.stand()) == before, line
    cli("stop alice")
    assert "was off already" in cli("stop alice").out


def test_start_for_and_until(hand: Make) -> None:
    cli = hand()
    cli("start alice --for 3h --no-wait")
    assert cli.stand().end == ("Sun 16:00", 0)
    cli('start alice --until "Tue 12:00" --no-wait')
    assert cli.stand().end == ("Tue 12:00", None)
    cli("start alice --for 1h --no-wait")
    assert cli.stand().end == ("Tue 12:00", None)


def test_a_month_is_the_longest(hand: Make) -> None:
    cli = hand()
    cli.days.to("Mon 12:00")
    before = cli.stand()
    assert "31 days at most" in cli("hold alice until 2027-01-04", code=2).err
    assert "31 days at most" in cli("extend alice 40d", code=2).err
    assert cli.stand() == before
    cli("off alice until 2027-01-04")


def test_sizes_left_behind_are_put_back_by_the_next_word(hand: Make) -> None:
    cli = hand()
    aws("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="acme-alice", MinSize=0, MaxSize=0
    )
    cli.days.to("Mon 12:00")
    cli("start alice --no-wait")
    stand = cli.stand()
    assert stand == Stand(1, NORMAL, stand.override, None)
    assert stand.override.startswith("turned on ")
