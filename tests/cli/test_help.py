"""Help is quick, begins with examples, and says the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from reconciler import __version__
from reconciler.cli.options import Option
from reconciler.cli.product import DOCS
from reconciler.cli.reconcile.command import reconcile
from reconciler.declare.zonedata import in_use
from tests.cli.fakes import Cli

ROOT = Path(__file__).parents[2]
SLOW = {
    "boto3",
    "botocore",
    "deepdiff",
    "icalendar",
    "jsonschema",
    "moto",
    "pythonjsonlogger",
    "recurring_ical_events",
    "tenacity",
    "yaml",
}
IMPORTED = "import sys; from reconciler.cli.reconcile.command import main; code = main(); "
IMPORTED += "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
COMMANDS = ([], *([name] for name in reconcile.commands))


def imports(*arguments: str, **env: str) -> set[str]:
    """Top-level modules a command has imported when it ends."""
    script = IMPORTED.replace("main()", f"main({list(arguments)!r})")
    if "_RECONCILE_COMPLETE" in env:  # ends by itself, before a second statement
        script = (
            f"import atexit; atexit.register(lambda: exec({IMPORTED.split('; ')[-1]!r})); {script}"
        )
        script = "import sys; " + script.rsplit("; ", 1)[0]
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return set(run.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["--nope"],
        ["nope"],
        ["-o", "json", "--nope"],
        ["completion", "bash"],
        *([name, "--help"] for name in reconcile.commands),
    ],
    ids=" ".join,
)
def test_what_needs_no_library_imports_none(arguments: list[str]) -> None:
    found = imports(*arguments)
    assert "click" in found
    assert found & SLOW == set()


def test_completion_imports_no_library() -> None:
    found = imports(
        _RECONCILE_COMPLETE="bash_complete", COMP_WORDS="reconcile --only ", COMP_CWORD="2"
    )
    assert "click" in found
    assert found & SLOW == set()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: " ".join(it) or "reconcile")
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_begins_with_examples_and_ends_with_the_docs(
    cli: Cli, command: list[str], flag: str
) -> None:
    result = cli(*command, flag)
    assert result.code == 0
    assert result.err == ""
    first, example, *_ = result.out.splitlines()
    assert first == "Examples:"
    assert "reconcile" in example
    assert "Exit codes:" in result.out
    assert result.out.endswith(f"Documentation: {DOCS}\n")
    assert max(map(len, result.out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: " ".join(it) or "reconcile")
def test_every_option_says_what_it_does_and_where_it_belongs(command: list[str]) -> None:
    program: click.Command = reconcile.commands[command[0]] if command else reconcile
    for parameter in program.params:
        if isinstance(parameter, click.Option):
            assert isinstance(parameter, Option), parameter.name
            assert parameter.help, parameter.name
            assert parameter.help.endswith((".", "]")), parameter.name
    assert program.get_short_help_str(100).endswith(".")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: " ".join(it) or "reconcile")
def test_every_example_is_a_real_one(cli: Cli, command: list[str]) -> None:
    """Its options are parsed, as far as its help."""
    program = reconcile.commands[command[0]] if command else reconcile
    examples = program.examples  # type: ignore[attr-defined]  # options.Command has them
    for line in examples:
        words = line.split("#")[0].split(" > ")[0].split("&&")[-1].replace("'", "").split()
        assert words[0] == "reconcile"
        assert cli(*words[1:], "--help").code == 0, line


def test_version_is_one_line(cli: Cli) -> None:
    python = ".".join(map(str, sys.version_info[:3]))
    boto3 = version("boto3")
    line = f"reconcile {__version__} (Python {python}, boto3 {boto3})\n"
    assert cli("--version").out == line
    assert cli("--version", "-v").out == f"{line}time zone data {in_use()}\n"


def test_every_option_has_its_variable(cli: Cli) -> None:
    (cli.folder / "fleets").rename(cli.folder / "elsewhere")
    env = {"RECONCILE_FLEETS": "elsewhere", "RECONCILE_OUTPUT": "json"}
    assert cli("validate", env=env).json["files"] == ["elsewhere/vision.yaml"]
    assert cli("explain", "alice", env=env).json["workstation"] == "alice"


def test_options_before_the_command_hold_for_it(cli: Cli) -> None:
    (cli.folder / "fleets").rename(cli.folder / "elsewhere")
    result = cli("-f", "elsewhere", "-o", "json", "validate")
    assert result.json["files"] == ["elsewhere/vision.yaml"]
    assert cli("-f", "nowhere", "validate", "-f", "elsewhere").code == 0


def test_the_fleets_are_found_from_a_folder_below(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = cli.folder / "a/b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert cli("validate").code == 0
    (cli.folder / "a/.git").mkdir()
    result = cli("validate")
    assert result.code == 4
    assert "no folder fleets/ here or above" in result.err
    assert "reconcile sandbox" in result.err
