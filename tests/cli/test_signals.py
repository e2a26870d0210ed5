"""Ctrl-C and SIGTERM, sent to a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.fakes import Cli

ROOT = Path(__file__).parents[2]
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


class Child:
    """A run under way."""

    def __init__(self, folder: Path, reading: float, change: float, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.child", str(reading), str(change), *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, line: str) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            if text.strip() == line:
                return
        raise AssertionError(f"it never said {line!r}")

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


@pytest.fixture
def children() -> Iterator[list[Child]]:
    made: list[Child] = []
    yield made
    for child in made:
        if child.process.poll() is None:
            child.process.kill()
            child.process.wait()


@BOTH
def test_while_reading_it_ends_and_says_so(
    cli: Cli, children: list[Child], number: signal.Signals
) -> None:
    child = Child(cli.folder, 30, 0, "-o", "json")
    children.append(child)
    child.until("reading")
    child.process.send_signal(number)
    code, out, err = child.end()
    assert code == 128 + number
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert f"stopped by {number.name} while reading; nothing was written" in err


@BOTH
def test_while_applying_the_change_in_hand_is_finished_and_told(
    cli: Cli, children: list[Child], number: signal.Signals
) -> None:
    child = Child(cli.folder, 0, 0.3, "-o", "json")
    children.append(child)
    child.until("changing")
    child.process.send_signal(number)
    code, out, _ = child.end()
    assert code == 128 + number
    report = json.loads(out)
    assert report["stopped"] is True
    outcomes = [change["outcome"] for change in report["changes"]]
    assert outcomes.count("done") == 1
    assert outcomes.count("waiting") >= 5


def test_the_report_says_what_was_not_done(cli: Cli, children: list[Child]) -> None:
    child = Child(cli.folder, 0, 0.3)
    children.append(child)
    child.until("changing")
    child.process.send_signal(signal.SIGINT)
    code, out, _ = child.end()
    assert code == 130
    assert "waiting: not done: the run was told to stop" in out
    assert out.splitlines()[-1].startswith("Stopped: 1 created, ")


def test_the_second_signal_leaves_at_once(cli: Cli, children: list[Child]) -> None:
    child = Child(cli.folder, 0, 30)
    children.append(child)
    child.until("changing")
    child.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    began = time.monotonic()
    child.process.send_signal(signal.SIGTERM)
    code, out, _ = child.end()
    assert code == 143
    assert out == ""
    assert time.monotonic() - began < 5


@BOTH
def test_a_loop_ends_in_its_pause(cli: Cli, children: list[Child], number: signal.Signals) -> None:
    child = Child(cli.folder, 0, 0, "--every", "1h")
    children.append(child)
    child.until("changing")
    time.sleep(0.5)
    child.process.send_signal(number)
    code, out, err = child.end()
    assert code == 128 + number
    assert out.count("Done: ") == 1
    assert "Traceback" not in err
