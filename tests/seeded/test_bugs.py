"""The seeded bugs can still be planted: an edit that no longer fits would prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.seeded.bug import Bug
from tests.seeded.bugs import BUGS

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_edit_fits_exactly_one_place_and_names_tests_that_exist(bug: Bug) -> None:
    text = (ROOT / bug.file).read_text()
    assert text.count(bug.old) == 1
    compile(text.replace(bug.old, bug.new), bug.file, "exec")
    for pattern in bug.tests:
        assert list(ROOT.glob(pattern)), pattern


def test_there_are_enough_of_them() -> None:
    assert len({bug.name for bug in BUGS}) >= 30
