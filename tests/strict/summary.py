"""A line for each family: how many scenarios ran, of how many there are, and how fast.

Imported by `tests/conftest.py`, since only that is known to the process that reports when
`pytest -n` spreads the tests over others: their figures come with the tests' reports.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

FIGURES = ("scenarios", "of", "failures", "runs", "milliseconds")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the lines of the summary."""
    families: dict[str, Counter[str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            figures = dict(getattr(report, "user_properties", ()))
            if "scenarios" in figures and report.when == "call":
                name = Path(report.nodeid.split("::")[0]).stem.removeprefix("test_")
                family = families.setdefault(name, Counter())
                family.update({figure: figures.get(figure, 0) for figure in FIGURES})
    for name, family in sorted(families.items()):
        seconds = max(family["milliseconds"] / 1000, 0.001)
        terminalreporter.write_line(
            f"strict {name}: {family['scenarios']:,} of {family['of']:,} scenarios, "
            f"{family['failures']} failures, {seconds:.0f} s of CPU, "
            f"{family['scenarios'] / seconds:.0f}/s; {family['runs']:,} runs played"
        )
