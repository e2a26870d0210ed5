"""What once went wrong with power: each with what it was."""

from __future__ import annotations

from tests.strict.power import RUN
from tests.strict.power_cases import Trouble
from tests.strict.test_power_two_writers import beside, launched, meanwhile


def test_spot_came_before_the_flip_and_the_look_was_older_than_the_suspension() -> None:
    """The group was read again after launches were suspended, but as it had been before: the
    instance that had come up was not in it, and the flip replaced it."""
    assert not list(meanwhile("dry-long", RUN, ((22, launched),), lag=3))
    assert not list(meanwhile("leased-dry", RUN, ((21, launched),), lag=3))


def test_a_hold_while_a_run_puts_sizes_back() -> None:
    """The run had looked before; it took minimum and desired capacity of the new hold away."""
    assert not list(beside("ended", (RUN, "hold"), {5: 1}, lag=0))


def test_a_start_while_a_run_completes_an_off() -> None:
    """The run had looked before; its maximum of 0 ended what was just asked for."""
    assert not list(beside("meant-off", (RUN, "start"), {5: 1}, lag=0))


def test_a_run_puts_sizes_back_while_a_hold_is_written() -> None:
    """The hold had seen the sizes it needs, and did not write them."""
    assert not list(beside("sized-on", ("hold", RUN), {5: 1}, lag=0))


def test_a_schedule_is_replaced_while_a_start_reads_the_hours() -> None:
    """Half of the hours were taken for all: outside them it started without an override, and the
    backstop took it for forgotten."""
    assert not list(Trouble("evening", "start", 4, "not-found").problems())


def test_a_start_of_one_that_is_on_outside_its_hours() -> None:
    """It got no override, since it was on already: the next run took it for forgotten."""
    assert not list(beside("ended", ("start", RUN), {}, lag=0))
