"""Progress: a moving line on a terminal after a second, plain lines elsewhere."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.cli.terminal import progress
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.progress import Progress
from reconciler.cli.terminal.signals import Stop
from tests.cli.fakes import Cli

ROOT = Path(__file__).parents[2]


def test_a_silence_gets_a_heartbeat(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT", 0.05)
    with Progress(Console([], {}, Stop()), "reading") as shown:
        time.sleep(0.15)
        shown.doing("fs-1 is being created")
        time.sleep(0.15)
        shown.step("1/2 create topic acme: done")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "still reading (0 s)\n" in captured.err
    assert "still fs-1 is being created (0 s)\n" in captured.err
    assert captured.err.endswith("1/2 create topic acme: done\n")


def test_nothing_is_said_of_what_is_quick(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(Console([], {}, Stop()), "reading"):
        pass
    assert capsys.readouterr().err == ""


def on_terminal(folder: Path, reading: float, **env: str) -> str:
    """stderr of a dry run on a terminal."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.child", str(reading), "0", "--dry-run"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **env},
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    text = b""
    with suppress(OSError):  # the end of a terminal is an error on Linux
        while more := os.read(master, 65536):
            text += more
    os.close(master)
    child.wait(timeout=30)
    return text.decode()


def test_a_terminal_sees_it_move_and_then_go(cli: Cli) -> None:
    shown = on_terminal(cli.folder, 1.5)
    assert re.search(r"reading \(\d s\)", shown)
    assert shown.endswith("\r\x1b[2K")  # the line is gone at the end


def test_no_colour_holds_for_it_too(cli: Cli) -> None:
    shown = on_terminal(cli.folder, 1.5, NO_COLOR="1")
    assert re.search(r"reading \(\d s\)", shown)
    assert not re.search(r"\x1b\[[\d;]*m", shown)


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true"}])
def test_nothing_moves_where_it_cannot(cli: Cli, env: dict[str, str]) -> None:
    shown = on_terminal(cli.folder, 0.7, **env)
    assert "\x1b[2K" not in shown
    assert shown.count("\n") == 2  # where we are, and what the pretended AWS says
