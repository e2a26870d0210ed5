"""The process dies before or after any call of any edit: promise 3."""

from __future__ import annotations

import pytest

from tests.strict.conftest import Explore
from tests.strict.faults import CRASHES
from tests.strict.scenario import Scenario, start
from tests.strict.sites import EDITS

CASES = [(edit, count) for count in (1, 3, 10) for edit in EDITS]


@pytest.mark.parametrize(("edit", "count"), CASES, ids=[f"{e}-{n}" for e, n in CASES])
def test_crash_at_every_call(edit: str, count: int, scenarios: Explore) -> None:
    scenarios(
        [
            Scenario(edit, count, ((k, when),), seed=k)
            for k in range(1, start(edit, count).calls + 1)
            for when in CRASHES
        ]
    )
