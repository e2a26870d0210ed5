"""One sandbox for all of these tests, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from reconciler.sandbox import Sandbox
from tests.sandbox.helpers import Aws

FRIDAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def running(sandbox_server: Sandbox) -> Aws:
    """For tests that only read what does not change."""
    return Aws(sandbox_server)


@pytest.fixture
def aws(running: Aws) -> Aws:
    running.sandbox.reset()
    return running


@pytest.fixture
def still(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Friday, 20 November 2026, 9:30 UTC, and time stands still unless it is moved."""
    monkeypatch.setattr(aws.sandbox.clock, "real", lambda: FRIDAY)
    yield aws
    aws.sandbox.reset()


@pytest.fixture
def ready(still: Aws) -> Aws:
    """`still`, with a group that is off."""
    still.template()
    still.group()
    return still
