"""`--replay`, soak, and how many scenarios each family ran."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import pytest

from tests.strict.cache import MEMO
from tests.strict.scenario import Scenario, explore
from tests.strict.summary import FIGURES
from tests.support.samples import sample


class Explore(Protocol):
    """The type of the fixture `scenarios`."""

    def __call__(self, every: Sequence[Scenario], most: int | None = None) -> None:
        """Run them."""


class Check(Protocol):
    """The type of the fixture `check`."""

    def __call__(self, cases: Iterable[tuple[str, Iterable[str]]], of: int = 0) -> None:
        """Run them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--replay", default="", help="one scenario, as a failure prints it")


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """What one test has seen is another test's to see again; and nothing is collected midway,
    since hardly anything is in a circle."""
    MEMO.forget()
    gc.disable()
    yield
    gc.enable()
    MEMO.forget()


@pytest.fixture
def scenarios(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Explore:
    """`scenarios(list, most)`: run them, or a sample of so many; each failure comes with the
    command that replays it. A soak runs all."""

    def run(every: Sequence[Scenario], most: int | None = None) -> None:
        replay = request.config.getoption("replay", "")
        chosen = [Scenario.parse(replay)] if replay else sample(every, most, request.node.name)
        played, began = MEMO.played, time.process_time()
        bad = explore(chosen, request.path.name)
        ran = MEMO.played - played
        _record(record_property, len(chosen), len(every), len(bad), ran, _since(began))
        assert not bad, f"{len(bad)} of {len(chosen)} scenarios\n" + "\n".join(bad[:20])

    return run


@pytest.fixture
def check(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Check:
    """`check([(name, problems), …], of)`: the same for scenarios that are not of the common form,
    of which there are so many.

    Failures are named by the test and the name; `--replay NAME` runs that one alone.
    """

    def run(cases: Iterable[tuple[str, Iterable[str]]], of: int = 0) -> None:
        replay = request.config.getoption("replay", "")
        count, bad, played, began = 0, [], MEMO.played, time.process_time()
        for name, problems in cases:
            if replay and replay != name:
                continue
            count += 1
            found = list(problems)
            if found:
                again = f"pytest '{request.node.nodeid}' --replay '{name}'"
                bad.append(f"{found[0]} (and {len(found) - 1} more)\n    {again}")
        ran = MEMO.played - played
        _record(record_property, count, of or count, len(bad), ran, _since(began))
        assert not bad, f"{len(bad)} of {count} scenarios\n" + "\n".join(bad[:20])

    return run


def _since(began: float) -> int:
    """Milliseconds of CPU, of all threads: what else this machine does is no matter."""
    return round((time.process_time() - began) * 1000)


def _record(to: Callable[[str, object], None], *figures: int) -> None:
    for name, figure in zip(FIGURES, figures, strict=True):
        to(name, figure)
