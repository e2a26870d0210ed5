"""Split long lists into batches that AWS takes in one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

FILTER_VALUES = 200
"""EC2 takes this many values in one filter (EC2 API reference, "Filtering")."""


def batches(items: Iterable[T], size: int = FILTER_VALUES) -> Iterator[list[T]]:
    """Cut a list into pieces of at most `size` items; none for an empty list."""
    left = list(items)
    for start in range(0, len(left), size):
        yield left[start : start + size]
