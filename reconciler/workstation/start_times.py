"""How long a workstation takes from the launch of its instance until it is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

FEWEST = 3
"""Starts below which nothing is usual."""

FOR_NINE_OF_TEN = 10
"""Starts below which nine of ten are all of them: the slowest one is said instead."""


@dataclass(frozen=True)
class StartTimes:
    """The last starts, in seconds: the middle one, the slowest, and within what nine of ten were.

    `nine_of_ten` is None for fewer than ten starts.
    """

    count: int
    usual: int
    slowest: int
    nine_of_ten: int | None


def start_times(seconds: Sequence[int]) -> StartTimes | None:
    """Summarize the last starts; None for too few."""
    count, ordered = len(seconds), sorted(seconds)
    if count < FEWEST:
        return None
    nine = ordered[-(-count * 9 // 10) - 1] if count >= FOR_NINE_OF_TEN else None
    return StartTimes(count, round(median(ordered)), ordered[-1], nine)
