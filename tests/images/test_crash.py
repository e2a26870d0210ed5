"""A build that is killed before any of its calls, and two builds at once, leave nothing behind.

A build keeps nothing outside AWS. So a death after a call is a death before the next one, and a
death between two writes is the same as the one before the second: the writes are tried here, and
every call with SOAK=1.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from reconciler.errors import ReconcilerError
from tests.images.conftest import HOME, OTHER, MakeYard, Yard
from tests.support.fake_aws import Call

Order = Callable[[Yard], None]


class Killed(BaseException):
    """The process is gone: no handler of errors sees it."""


def fine(yard: Yard) -> None:
    """Order nothing: all goes well."""


def stage_fails(yard: Yard) -> None:
    yard.order("stages/90-last.sh", exit=1, stderr="apt failed\n")


def smoke_fails(yard: Yard) -> None:
    yard.order("validate/smoke.sh", exit=1, stdout="not ok 1 - no GPU\n")


def image_fails(yard: Yard) -> None:
    from reconciler.sandbox.services.images import Making

    yard.sandbox.world.state(Making, HOME).failures = 1


def no_capacity(yard: Yard) -> None:
    yard.sandbox.capacity.take("g*", "*", "spot")
    yard.sandbox.capacity.take("g*", "*", "on-demand")


ORDERS: tuple[Order, ...] = (fine, stage_fails, smoke_fails, image_fails, no_capacity)


def attempt(yard: Yard) -> None:
    try:
        yard.build()
    except ReconcilerError as error:
        yard.lines.append(str(error))


def places(yard: Yard) -> list[int]:
    """The numbers of the calls to die before: each write, and the call after the last one."""
    calls: list[Call] = []

    def count(call: Call) -> Mapping[str, Any] | None:
        calls.append(call)
        return None

    yard.before = count
    attempt(yard)
    numbers = range(1, len(calls) + 1)
    if os.environ.get("SOAK"):
        return list(numbers)
    writes = [number for number in numbers if calls[number - 1].write]
    return [*writes, min(writes[-1] + 1, len(calls))]


def before(number: int, happens: Callable[[], None]) -> Callable[[Call], Mapping[str, Any] | None]:
    """A hook that lets something happen before the call of this number."""
    seen = 0

    def hook(call: Call) -> Mapping[str, Any] | None:
        nonlocal seen
        seen += 1
        if seen == number:
            happens()
        return None

    return hook


def die() -> None:
    raise Killed


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.__name__)
def test_whoever_is_killed_at_any_call_the_next_build_goes_on_or_cleans_up(
    make_yard: MakeYard, order: Order
) -> None:
    yard = make_yard()
    order(yard)
    numbers = places(yard)
    assert len(numbers) > 6
    for number in numbers[:: 1 if order is fine or os.environ.get("SOAK") else 2]:
        yard = make_yard()
        order(yard)
        yard.before = before(number, die)
        with pytest.raises(Killed):
            attempt(yard)
        yard.trusted()
        yard.before = lambda call: None
        yard.sandbox.capacity.clear()
        yard.build_again()
        assert len(yard.images()) == 1, number
        assert yard.published() == yard.images()[0]["ImageId"], number


def test_a_build_that_is_killed_and_fails_when_it_goes_on_leaves_nothing(
    make_yard: MakeYard,
) -> None:
    for order in (stage_fails, smoke_fails):
        yard = make_yard()
        numbers = places(yard)
        for number in numbers[:: 1 if os.environ.get("SOAK") else 2]:
            yard = make_yard()
            yard.before = before(number, die)
            with pytest.raises(Killed):
                yard.build()
            yard.before = lambda call: None
            order(yard)
            attempt(yard)
            yard.tidy()


def test_two_builds_at_once_make_one_image(make_yard: MakeYard) -> None:
    """The second one runs, from its beginning to its end, before a call of the first one."""
    yard = make_yard()
    for number in places(yard):
        yard = make_yard()
        second = Yard(yard.clients, yard.recipe)
        second.tokens = 1000
        yard.before = before(number, partial(attempt, second))
        attempt(yard)
        yard.trusted()
        yard.before = lambda call: None
        yard.build_again()
        assert len(yard.images()) == 1, number


def test_a_copy_that_is_killed_goes_on(make_yard: MakeYard) -> None:
    calls: list[Call] = []
    yard = make_yard(HOME, OTHER)
    yard.before = calls.append
    yard.build()
    first = next(n for n, call in enumerate(calls, 1) if call.operation == "copy_image")
    for number in range(first, len(calls) + 1, 1 if os.environ.get("SOAK") else 3):
        yard = make_yard(HOME, OTHER)
        yard.before = before(number, die)
        with pytest.raises(Killed):
            yard.build()
        yard.before = lambda call: None
        yard.build()
        yard.tidy(HOME)
        yard.tidy(OTHER)
        assert yard.published(OTHER) == yard.images(OTHER)[0]["ImageId"]
