"""How long starts take, said only as far as the few that are known support it."""

from __future__ import annotations

import pytest

from reconciler.render.power import usual_start
from reconciler.workstation.start_times import StartTimes, start_times


@pytest.mark.parametrize("seconds", [(), (95,), (95, 102)])
def test_of_fewer_than_three_nothing_is_usual(seconds: tuple[int, ...]) -> None:
    assert start_times(seconds) is None


def test_of_fewer_than_ten_the_slowest_is_said_and_not_nine_of_ten() -> None:
    found = start_times((95, 300, 88))
    assert found == StartTimes(3, 95, 300, None)
    assert usual_start(found) == (
        "usually ready 1 min 35 s after its launch; the slowest of its last 3 starts took 5 min"
    )


@pytest.mark.parametrize(("count", "rank"), [(10, 9), (11, 10), (19, 18), (20, 18)])
def test_nine_of_ten_were_not_slower(count: int, rank: int) -> None:
    """The nearest rank: at least nine of ten starts took at most that long."""
    found = start_times(tuple(range(100, 100 + count)))
    assert found is not None
    assert found.nine_of_ten == 99 + rank
    assert rank / count >= 0.9 > (rank - 1) / count


def test_one_odd_start_does_not_change_what_is_usual() -> None:
    found = start_times((*[95] * 19, 9000))
    assert found == StartTimes(20, 95, 9000, 95)
    assert usual_start(found) == (
        "usually ready 1 min 35 s after its launch, 9 of 10 times within 1 min 35 s"
    )
