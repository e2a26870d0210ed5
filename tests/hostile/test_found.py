"""What hostile input once got through with, each kept as a test."""

from __future__ import annotations

import base64
import gzip
import io
import json
import logging
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.paths import names
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.logs import logger
from reconciler.cli.terminal.progress import Progress
from reconciler.cli.terminal.signals import Stop
from reconciler.declare import files
from reconciler.kinds import launch_template
from reconciler.machine import user_data
from reconciler.plan.json_value import json_value
from reconciler.render.as_json import dumps
from reconciler.render.escape import in_json, markdown
from reconciler.render.style import Style


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_folder_named_like_a_file_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    files.read([tmp_path])
    before = open_files()
    for _ in range(20):  # a loop reads it every few minutes
        files.read([tmp_path])
    assert open_files() == before


def test_completion_does_not_wait_for_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "b.yaml").write_text("fleet: vision\nworkstations:\n  alice:\n")
    assert list(names([tmp_path])) == [("vision", "alice")]


USER_DATA: dict[str, dict[str, Any]] = {
    "a mount of a kind of tomorrow": {"mounts": [{"type": "nfs", "name": "x"}]},
    "a mount without a name": {"mounts": [{"type": "ebs"}]},
    "a mount that is a word": {"mounts": ["x"]},
    "a home that is a number": {"mounts": [], "home": 5},
    "a name that is a list": {"mounts": [{"type": "ebs", "name": []}]},
    "a type that is a list": {"mounts": [{"type": [], "name": "x"}]},
}


@pytest.mark.parametrize("name", USER_DATA)
def test_user_data_of_another_shape_is_unknown_content(name: str) -> None:
    written = user_data.encode(USER_DATA[name], carries_agent=False)
    assert launch_template._decode(written).instance.keys() == {"unknown_content"}


@pytest.mark.parametrize("text", ["[" * 12_000, '{"a":' * 2_000, "NaN", "9" * 5_000, "{}", ""])
def test_user_data_written_by_hand_is_unknown_content(text: str) -> None:
    for raw in (text.encode(), f"#cloud-config\n{text}\n".encode()):
        for data in (raw, gzip.compress(raw)):
            written = base64.b64encode(data).decode()
            assert launch_template._decode(written).instance.keys() == {"unknown_content"}


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_json_lacks_is_text(number: str) -> None:
    document = dumps({"old": json_value({"DesiredCapacity": float(number)})})
    assert json.loads(document) == {"old": {"DesiredCapacity": number}}


@pytest.mark.parametrize("text", ["##[stop-commands]x", "###[a]", "\\##[a]", "##[##[", "#["])
def test_json_holds_no_command_of_a_runner(text: str) -> None:
    written = dumps({text: [text]})
    assert "##[" not in written
    assert json.loads(written) == {text: [text]}
    assert in_json(written) == written


def test_a_log_in_json_holds_no_command_of_a_runner(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger("reconciler").handlers
    try:
        logger(Style(), verbose=True, as_json=True).info("%s", "##[add-mask]x\n::error::x")
    finally:
        logging.getLogger("reconciler").handlers = before
    line = capsys.readouterr().err
    assert "##[" not in line
    assert line.count("\n") == 1
    assert json.loads(line)["message"] == "##[add-mask]x\n::error::x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u00e9@root", "\u00e9@&#8203;root"),  # to GitHub such a letter ends the word
        ("see https://evil.example/x", "see https:&#8203;//evil.example/x"),
        ("WWW.evil.example", "WWW&#8203;.evil.example"),
        ("_www.evil.example", "\\_www&#8203;.evil.example"),
        ("GH-12", "GH&#8203;-12"),
    ],
)
def test_prose_mentions_and_links_nothing(text: str, shown: str) -> None:
    assert markdown(text) == shown


def test_a_progress_line_is_harmless_from_its_first_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("reconciler.cli.terminal.progress.PATIENCE", 0.05)
    console = Console([], {"TERM": "xterm", "NO_COLOR": "1"}, Stop())
    with Progress(console, "reading") as progress:
        progress.step("1/2 create x: failed: \x1b]0;pwned\x07")
        time.sleep(0.2)
        console.log.warning("a word between")
    shown = screen.getvalue()
    assert "pwned" in shown
    assert "\x1b]" not in shown
    between = next(line for line in shown.splitlines() if "a word between" in line)
    assert re.sub(r".*\x1b\[2K", "", between) == "warning: a word between"
    assert re.split(r"\n|\r\x1b\[2K", shown)[-1] == "", "no moving line is left behind"
