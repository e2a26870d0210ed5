"""At the end of a run: how many hostile cases there were."""

from __future__ import annotations

import pytest

from tests.hostile import corpus


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A count per category."""
    counts = corpus.counts()
    told = ", ".join(f"{name} {number}" for name, number in counts.items())
    terminalreporter.write_line(
        f"hostile YAML: {sum(counts.values())} cases in {len(counts)} categories: {told}"
    )
