"""`workstation` as a command: help, usage, streams, completion; tests/power has what it does."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.cli.options import Option
from reconciler.cli.product import DOCS
from reconciler.cli.workstation.command import main, workstation
from tests.cli.fakes import Cli
from tests.cli.test_help import SLOW

ROOT = Path(__file__).parents[2]
COMMANDS = ([], *([name] for name in workstation.commands))
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("stop", "alice")`: exit code, stdout, stderr."""

    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: " ".join(it) or "workstation")
def test_help_begins_with_examples_and_ends_with_the_docs(run: Run, command: list[str]) -> None:
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    first, example, *_ = out.splitlines()
    assert first == "Examples:"
    assert "workstation" in example
    assert "Exit codes:" in out
    assert out.endswith(f"Documentation: {DOCS}\n")
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: " ".join(it) or "workstation")
def test_every_option_and_example_is_a_real_one(run: Run, command: list[str]) -> None:
    program: click.Command = workstation.commands[command[0]] if command else workstation
    for parameter in program.params:
        if isinstance(parameter, click.Option):
            assert isinstance(parameter, Option), parameter.name
            assert parameter.help, parameter.name
            assert parameter.help.endswith((".", "]")), parameter.name
    assert program.get_short_help_str(100).endswith(".")
    for line in program.examples:  # type: ignore[attr-defined]  # options.Command has them
        words = line.split("#")[0].split(" > ")[0].split(" >> ")[0].split("&&")[0]
        assert words.split()[0] == "workstation"
        assert run(*words.replace('"', "").split()[1:], "--help")[0] == 0, line


def test_alone_it_is_its_help(run: Run) -> None:
    assert run()[1] == run("--help")[1]


@pytest.mark.parametrize("words", [["--help"], ["start", "--help"], ["--nope"], ["hold", "Mon"]])
def test_what_needs_no_library_imports_none(words: list[str]) -> None:
    script = (
        "import sys; from reconciler.cli.workstation.command import main; "
        f"main({words!r}); print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert set(process.stdout.splitlines()[-1].split()) & SLOW == set()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("strat",), "Did you mean one of: 'start', 'status'?"),
        (("start", "--for", "3"), "write 30s, 5m or 1h"),
        (("start", "--for", "3h", "--until", "Mon"), "give --for or --until"),
        (("start", "a", "b"), "unexpected extra argument"),
        (("extend",), "Missing argument"),
        (("extend", "soon"), "write 30s, 5m or 1h"),
        (("extend", "a", "b", "2h"), "a NAME at most"),
        (("hold", "Mon"), "write `until` and when"),
        (("hold", "until"), "write `until` and when"),
        (("off", "alice", "Mon", "until"), "write `until` and when"),
        (("status", "alice", "--all"), "give NAME or --all"),
        (("connect", "--port", "80"), "80 is not in the range"),
        (("stop", "ALICE"), "'ALICE' cannot be a workstation"),
        (("why", "a\x1b[31mb"), r"'a\x1b[31mb' cannot be a workstation"),
    ],
)
def test_wrong_usage_is_2_in_one_line_before_any_call(
    run: Run, words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.aws.client.connect_here", _never)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert says in err
    assert "\x1b" not in err
    assert err.count("\n") == 1


def _never() -> Any:
    raise AssertionError("AWS was called")


def test_without_a_region_it_says_what_to_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = run("status")
    assert code == 2
    assert "no AWS region (profile 'default'): set AWS_REGION" in err


def test_an_error_is_json_where_json_was_asked_for(run: Run) -> None:
    code, out, _ = run("stop", "ALICE", "-o", "json")
    assert code == 2
    assert json.loads(out)["error"]["code"] == "usage"


def test_it_completes_commands_and_its_own_script(cli: Cli, run: Run) -> None:
    _, out, _ = run("completion", "bash")
    assert "_WORKSTATION_COMPLETE" in out
    assert "# workstation completion bash >> ~/.bashrc" in out
    process = subprocess.run(
        [sys.executable, "-c", "from reconciler.cli.workstation.command import main; main()"],
        cwd=cli.folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "_WORKSTATION_COMPLETE": "bash_complete",
            "COMP_WORDS": "workstation start al",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert process.stdout == "plain,alice\n", process.stderr


def shown() -> set[str]:
    """Every `workstation …` line of the docs, in blocks and in sentences."""
    found = set()
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        lines = re.findall(r"^workstation .+$", text, re.MULTILINE)
        found |= {line.split("#")[0].strip() for line in lines + re.findall(INLINE, text)}
    return found


INLINE = r"`(workstation(?: [^`…|]+)?)`"


def test_every_command_in_the_docs_is_a_real_one(run: Run) -> None:
    assert {"workstation start", "workstation off until 2027-01-04"} <= shown()
    for line in shown():
        words = shlex.split(line)[1:]
        assert run(*words, "--help")[0] == 0, line
