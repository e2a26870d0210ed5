"""Who reads the real clock: the few places that hand it on, and no test."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import NOW, beginning

ROOT = Path(__file__).parent.parent

READERS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}

HANDS_IT_ON = {
    "reconciler/aws/client.py",  # Session.now, which is set by AWS's clock
    "reconciler/aws/prices.py",
    "reconciler/cli/terminal/console.py",  # the time of a comment
    "reconciler/cli/run_output.py",
    "reconciler/cli/reconcile/simulate.py",  # offline: there is no other clock
    "reconciler/cli/reconcile/validate.py",
    "reconciler/engine/environment.py",
    "reconciler/sandbox/clock.py",  # the sandbox is a program: its time is real until it is moved
}


def readings(path: Path) -> Iterator[int]:
    """The lines where a file reads the real clock."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if (name, node.func.attr) in READERS:
            yield node.lineno


def files(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "node_modules" not in path.parts)


def test_no_test_depends_on_the_day_it_runs() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}" for path in files("tests") for line in readings(path)
    }
    assert found == set(), "take the time that is handed in (conftest.NOW)"


def test_the_product_reads_the_clock_where_it_is_handed_on() -> None:
    found = {
        str(p.relative_to(ROOT)) for p in files("reconciler", "benchmarks") if any(readings(p))
    }
    assert found == HANDS_IT_ON


def test_every_world_begins_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow gate is late in its last tests, and the local AWS is not."""
    clock = beginning()
    late = time.monotonic() + 3600
    monkeypatch.setattr("tests.conftest.time", SimpleNamespace(monotonic=lambda: late))
    assert clock.now() > NOW + timedelta(minutes=59)
    clock.clear()
    assert clock.now() == NOW


def test_a_reading_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("import datetime as dt\nx = 1\nnow = dt.datetime.now()\nlater = time.time()\n")
    assert list(readings(path)) == [3, 4]
