"""The sandbox on a Sunday, and a hand on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.power import next_stop
from reconciler.sandbox import Sandbox
from tests.power.days import Begin, Days, begin
from tests.power.hand import Hand


@pytest.fixture
def hand(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Hand]:
    """`hand(more)`: alice with these settings more, applied; and somebody to start and stop her."""
    monkeypatch.setattr("reconciler.aws.retries.START_POLL_SECONDS", 0.0)

    def make(more: str = "") -> Hand:
        return Hand(begin(sandbox, monkeypatch, tmp_path, more), capsys)

    return make


@pytest.fixture
def begun(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Begin:
    def start(more: str = "", hours: str = "") -> Days:
        return begin(sandbox, monkeypatch, tmp_path, more, hours)

    return start


@pytest.fixture(autouse=True)
def stops_are_far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run writes the tag of the next stop, but in the tests of that tag."""
    monkeypatch.setattr(next_stop, "AHEAD", timedelta())
