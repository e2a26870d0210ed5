"""Samples: what there is too much of for each gate, and `make soak` runs whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

SOAK = bool(os.environ.get("SOAK"))


def sample(every: Sequence[T], most: int | None, seed: str) -> Sequence[T]:
    """So many of them, always the same, in the order in which they stand; in a soak all."""
    if most is None or SOAK or most >= len(every):
        return every
    return [every[index] for index in sorted(Random(seed).sample(range(len(every)), most))]
