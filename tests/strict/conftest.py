"""`--replay`, soak, and how many scenarios each family ran."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from tests.strict.scenario import Scenario, explore

SOAK = bool(os.environ.get("SOAK"))

Explore = Callable[[Sequence[Scenario]], None]
Check = Callable[[Iterable[tuple[str, Iterable[str]]]], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--replay", default="", help="one scenario, as a failure prints it")


@pytest.fixture
def scenarios(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Explore:
    """`scenarios(list)`: run them all; each failure comes with the command that replays it."""

    def run(wanted: Sequence[Scenario]) -> None:
        replay = request.config.getoption("replay", "")
        chosen = [Scenario.parse(replay)] if replay else wanted
        record_property("scenarios", len(chosen))
        bad = explore(chosen, request.path.name)
        assert not bad, f"{len(bad)} of {len(chosen)} scenarios\n" + "\n".join(bad[:20])

    return run


@pytest.fixture
def check(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Check:
    """`check([(name, problems), …])`: the same for scenarios that are not of the common form.

    Failures are named by the test and the name; `--replay NAME` runs that one alone.
    """

    def run(cases: Iterable[tuple[str, Iterable[str]]]) -> None:
        replay = request.config.getoption("replay", "")
        count, bad = 0, []
        for name, problems in cases:
            if replay and replay != name:
                continue
            count += 1
            found = list(problems)
            if found:
                again = f"pytest '{request.node.nodeid}' --replay '{name}'"
                bad.append(f"{found[0]} (and {len(found) - 1} more)\n    {again}")
        record_property("scenarios", count)
        assert not bad, f"{len(bad)} of {count} scenarios\n" + "\n".join(bad[:20])

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "scenarios" and report.when == "call":
                    family = Path(report.nodeid.split("::")[0]).stem.removeprefix("test_")
                    counts[family] += value
                    seconds[family] += report.duration
    for family, count in sorted(counts.items()):
        rate = count / max(seconds[family], 0.001)
        terminalreporter.write_line(
            f"strict {family}: {count} scenarios in {seconds[family]:.0f} s, {rate:.0f}/s a core"
        )
