"""The corpus: every category of hostile folders."""

from __future__ import annotations

from functools import cache

from tests.hostile import calendars, letters, places, sizes, syntax, values
from tests.hostile.case import Case

CATEGORIES = {
    **syntax.CATEGORIES,
    **letters.CATEGORIES,
    **sizes.CATEGORIES,
    **values.CATEGORIES,
    **places.CATEGORIES,
    **calendars.CATEGORIES,
}


@cache
def cases(category: str) -> tuple[Case, ...]:
    """List all cases of one category."""
    return tuple(CATEGORIES[category]())


def counts() -> dict[str, int]:
    """How many each category has."""
    return {category: len(cases(category)) for category in CATEGORIES}
