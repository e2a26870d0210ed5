"""Reads that lag and go back in time, names not yet known elsewhere, quotas and throttling."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.strict.conftest import Check, Explore
from tests.strict.limits import Bucket
from tests.strict.scenario import Scenario, start, verdict
from tests.strict.sites import EDITS
from tests.support.samples import SOAK


@pytest.mark.parametrize("edit", EDITS)
def test_reads_lag_and_go_back_in_time(edit: str, scenarios: Explore) -> None:
    scenarios(
        [
            Scenario(edit, count, (), lag, seed, options)
            for count in (1, 3)
            for lag in (1, 2, 4, 8, 16, 30)
            for seed in range(1000 if SOAK else 1)
            for options in ((), ("replicas",), ("replicas", "short_pages"))
        ]
    )


@pytest.mark.parametrize("edit", EDITS)
def test_a_new_thing_is_not_known_to_the_next_call(edit: str, scenarios: Explore) -> None:
    scenarios(
        [
            Scenario(edit, count, (), lag, seed, ("lagging_references", *options))
            for count in (1, 3)
            for lag in (1, 3, 8)
            for seed in range(100 if SOAK else 1)
            for options in ((), ("replicas",))
        ]
    )


def throttled(edit: str, count: int, size: int, refill: float) -> Iterator[str]:
    """Buckets so small that much is turned away at first."""
    world = Scenario(edit, count).world()
    for service in ("autoscaling", "ec2:create_", "ec2:describe_", "scheduler", "fsx"):
        world.aws.buckets[service] = Bucket(size, refill)
    yield from verdict(world, start(edit, count))


@pytest.mark.parametrize("count", [1, 10])
def test_small_buckets_only_take_longer(count: int, check: Check) -> None:
    check(
        (f"{edit} {size} {refill}", throttled(edit, count, size, refill))
        for edit in EDITS
        for size, refill in ((1, 0.5), (5, 2.0))
    )
