"""A folder to write to, and at the end of a run how many hostile cases there were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.declare.helpers import Folder
from tests.hostile import corpus, fields
from tests.hostile.payloads import PAYLOADS


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a `_defaults.yaml` that gives all a workstation needs but its machine."""
    return Folder(tmp_path)


@pytest.fixture(scope="session")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """By field of the schema, the names of the payloads it takes."""
    folder, once = tmp_path_factory.mktemp("fields"), tmp_path_factory.mktemp("whole")
    found: dict[str, set[str]] = {}
    for name, payload in PAYLOADS.items():
        for field in fields.let_through(folder, payload):
            found.setdefault(field, set()).add(name)
        for field in fields.WHOLE:
            if fields.whole_lets_through(once, field, payload):
                found.setdefault(field, set()).add(name)
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write a count per category."""
    counts = corpus.counts()
    text = ", ".join(f"{name} {number}" for name, number in counts.items())
    terminalreporter.write_line(
        f"hostile YAML: {sum(counts.values())} cases in {len(counts)} categories: {text}"
    )
