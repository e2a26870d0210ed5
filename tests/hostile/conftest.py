"""A folder to write to, and at the end of a run how many hostile cases there were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.declare.helpers import Folder
from tests.hostile import corpus


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a `_defaults.yaml` that gives all a workstation needs but its machine."""
    return Folder(tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A count per category."""
    counts = corpus.counts()
    told = ", ".join(f"{name} {number}" for name, number in counts.items())
    terminalreporter.write_line(
        f"hostile YAML: {sum(counts.values())} cases in {len(counts)} categories: {told}"
    )
