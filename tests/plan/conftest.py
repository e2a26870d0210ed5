"""Something to apply on."""

from __future__ import annotations

import pytest

from tests.plan.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()
