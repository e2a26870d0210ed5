"""One sandbox for all of these tests, emptied before each."""

from __future__ import annotations

import pytest

from reconciler.sandbox import Sandbox
from tests.sandbox.helpers import Aws


@pytest.fixture(scope="session")
def running(sandbox_server: Sandbox) -> Aws:
    """For tests that only read what does not change."""
    return Aws(sandbox_server)


@pytest.fixture
def aws(running: Aws) -> Aws:
    running.sandbox.reset()
    return running
