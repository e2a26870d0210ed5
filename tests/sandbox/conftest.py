"""One sandbox for all of these tests, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.sandbox import Sandbox
from tests.sandbox.helpers import Aws


@pytest.fixture(scope="session")
def running() -> Iterator[Aws]:
    with Sandbox(fsx_create_seconds=0, fsx_update_seconds=0) as sandbox:
        yield Aws(sandbox)


@pytest.fixture
def aws(running: Aws) -> Aws:
    running.sandbox.reset()
    return running
