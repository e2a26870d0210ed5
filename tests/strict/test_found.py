"""Scenarios that once went wrong: each with what it was."""

from __future__ import annotations

import pytest

from tests.strict.conftest import Explore
from tests.strict.scenario import Scenario

FOUND = {
    # A template that was seen and a security group that was not: the plan thought the group's id
    # would move, and the apply wrote the same template version again.
    "same-version": "create-3 k=40 expired lag=30 seed=40 replicas",
    # Auto Scaling did not know a template, or its version, of the same run: that failed the row.
    "unknown-template": "create-3 lag=1 seed=0 lagging_references",
    "unknown-version": "reroot-1 lag=1 seed=0 lagging_references",
}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_what_went_wrong_once(text: str, scenarios: Explore) -> None:
    scenarios([Scenario.parse(text)])
