"""stdout has the result and nothing else; what a stream is decides what it is sent."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.aws.endpoints import Target
from reconciler.cli.terminal import capabilities
from reconciler.cli.terminal.streams import write
from reconciler.errors import UsageError
from reconciler.plan.model import Outcome, Report
from tests.cli.fakes import Aws, Cli, Session
from tests.render.samples import ALL, HOSTILE, HUNDRED, MIXED, NOTHING

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas/plan.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
ESCAPE = "\x1b"


@pytest.mark.parametrize(
    ("tty", "env", "no_color", "expected"),
    [
        (True, {}, False, True),
        (True, {"NO_COLOR": ""}, False, True),
        (True, {"NO_COLOR": "1"}, False, False),
        (True, {"TERM": "dumb"}, False, False),
        (True, {}, True, False),
        (False, {}, False, False),
        (False, {"FORCE_COLOR": "1"}, False, True),
        (False, {"FORCE_COLOR": ""}, False, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        (False, {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        (True, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_about_colour(
    tty: bool, env: dict[str, str], no_color: bool, expected: bool
) -> None:
    assert capabilities.colour(tty, env, no_color=no_color) is expected


@pytest.mark.parametrize(
    ("encoding", "env", "expected"),
    [
        ("utf-8", {}, True),
        ("UTF8", {"LANG": "en_US.UTF-8"}, True),
        ("utf-8", {"LANG": "C"}, False),
        ("utf-8", {"LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),
        ("utf-8", {"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ("utf-8", {"LC_ALL": "C.utf8"}, True),
        ("latin-1", {"LANG": "en_US.UTF-8"}, False),
        (None, {}, False),
    ],
)
def test_who_decides_about_characters(
    encoding: str | None, env: dict[str, str], expected: bool
) -> None:
    assert capabilities.unicode(encoding, env) is expected


@pytest.mark.parametrize("output", ["json", "markdown"])
@pytest.mark.parametrize("report", ALL.values(), ids=list(ALL))
@pytest.mark.parametrize("dry_run", [True, False])
def test_no_escape_byte_for_machines_whatever_the_terminal(
    cli: Cli, output: str, report: Report, dry_run: bool
) -> None:
    cli.on(Aws(report))
    flags = ["--dry-run"] if dry_run else []
    result = cli(*flags, "-o", output, env={"FORCE_COLOR": "1", "LANG": "en_US.UTF-8"})
    assert ESCAPE not in result.out
    if output == "json":
        VALIDATOR.validate(result.json)
    else:
        assert result.out.startswith("<!-- reconciler plan -->\n")


@pytest.mark.parametrize("command", [("validate",), ("explain", "alice"), ("explain", "nobody")])
def test_no_escape_byte_in_any_other_json(cli: Cli, command: tuple[str, ...]) -> None:
    result = cli(*command, "-o", "json", env={"FORCE_COLOR": "1"})
    assert ESCAPE not in result.out
    VALIDATOR.validate(result.json)
    assert result.json["site"] == "acme"


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_text_in_a_pipe_is_coloured_only_by_force(
    cli: Cli, env: dict[str, str], coloured: bool
) -> None:
    cli.on(Aws(MIXED))
    assert (ESCAPE in cli("--dry-run", env=env).out) is coloured
    assert (ESCAPE in cli("--nope", env=env).err) is coloured
    assert ESCAPE not in cli("--dry-run", "--no-color", env=env).out


def test_a_hostile_name_cannot_speak_to_the_terminal_or_the_runner(cli: Cli) -> None:
    cli.on(Aws(HOSTILE, connected=Session(identity="arn\x1b[31m\n::error::x::")))
    result = cli("--dry-run", env={"GITHUB_ACTIONS": "true"})
    for line in (result.out + result.err).splitlines():
        assert ESCAPE not in line
        assert not re.match(r"\s*::(?!(error|warning)( file=[^:]+)?::)", line)
        assert "##[" not in line
    assert [line for line in result.out.splitlines() if line.lstrip().startswith("::")] == []


def failing(cli: Cli, how: str) -> list[str]:
    """Arguments that fail in this way."""
    match how:
        case "usage":
            return ["--nope"]
        case "value":
            return ["--every", "soon"]
        case "yaml":
            cli.yaml("fleet: vision\nworkstation: {}\nsite: Acme\n")
        case "unreadable":
            cli.yaml("fleet: [\n")
        case "empty":
            (cli.folder / "fleets/vision.yaml").unlink()
        case "credentials":
            cli.on(Aws(NOTHING, connected=UsageError("no credentials")))
        case "surprise":
            cli.on(Aws(ZeroDivisionError("\x1b[31m")))
    return ["--dry-run"]


@pytest.mark.parametrize(
    "spelled", [["-o", "json"], ["-ojson"], ["--output=json"], ["-vo", "json"]]
)
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("usage", "usage"),
        ("value", "usage"),
        ("yaml", "bad-declaration"),
        ("unreadable", "bad-declaration"),
        ("empty", "no-declaration"),
        ("credentials", "usage"),
        ("surprise", "unexpected"),
    ],
)
def test_json_parses_on_every_failure(cli: Cli, how: str, code: str, spelled: list[str]) -> None:
    arguments = failing(cli, how)
    result = cli(*arguments, *spelled)
    assert result.code != 0
    VALIDATOR.validate(result.json)
    assert result.json["error"]["code"] == code
    assert result.json["site"] == ("acme" if how in ("credentials", "surprise") else None)
    assert result.err  # and a person reads why, too


def test_json_asked_for_by_the_environment_counts_for_usage_errors_too(cli: Cli) -> None:
    env = {"RECONCILE_OUTPUT": "json"}
    assert cli("--nope", env=env).json["error"]["code"] == "usage"
    assert cli("--nope", "-o", "text", env=env).out == ""


def test_bad_yaml_is_told_whole(cli: Cli) -> None:
    cli.yaml("fleet: vision\nworkstation: {}\nsite: Acme\n")
    result = cli("validate", "-o", "json", env={"GITHUB_ACTIONS": "true"})
    assert len(result.json["errors"]) >= 2
    assert result.json["errors"][0]["where"].startswith("fleets/vision.yaml:")
    assert "\n::error file=fleets/vision.yaml,line=2,col=1::" in result.err
    assert "^" in result.err  # the source line and a caret


def test_a_failure_is_a_comment_too(cli: Cli) -> None:
    cli.yaml("fleet: vision\nworkstation: {}\n")
    result = cli("--dry-run", "-o", "markdown")
    assert result.out.startswith("<!-- reconciler plan -->\n### No plan: the YAML is bad\n")
    assert "`fleets/vision.yaml:2:1`" in result.out


def test_what_is_where_is_said_first_and_on_stderr(cli: Cli) -> None:
    cli.on(Aws(NOTHING, connected=Session(target=Target(note="endpoint http://x: not AWS's own"))))
    result = cli("--dry-run")
    assert result.err == (
        "account 123456789012, us-east-1, as arn:aws:sts::123456789012:user/ann, "
        "endpoint http://x: not AWS's own\n"
    )
    assert result.out == "Nothing to do: 41 unchanged.\n"


def test_in_a_pipe_each_finished_step_is_a_line(cli: Cli) -> None:
    cli.on(Aws(HUNDRED))
    lines = cli().err.splitlines()
    assert lines[1] == "1/500 create home_volume acme-dev-001/home: done"
    assert len(lines) == 501
    assert not any("\r" in line for line in lines)


def test_every_line_of_stderr_is_json_when_asked(cli: Cli) -> None:
    cli.on(Aws(HUNDRED, outcome=Outcome.FAILED))
    result = cli("--log-format", "json", "-v")
    records = [json.loads(line) for line in result.err.splitlines()]
    assert {"time", "level", "logger", "message", "run_id"} <= set(records[0])
    assert len({record["run_id"] for record in records}) == 1
    first = next(record for record in records if "op" in record)
    assert first["message"].startswith("1/500 create home_volume acme-dev-001/home: failed")
    del first["message"], first["time"], first["run_id"], first["error"]
    assert first == {
        "level": "INFO",
        "logger": "reconciler",
        "op": "create",
        "outcome": "failed",
        "kind": "home_volume",
        "resource": "acme-dev-001/home",
        "region": "us-east-1",
        "fleet": "vision",
        "workstation": "dev-001",
    }
    debug = next(record for record in records if record["level"] == "DEBUG")
    assert debug["calls"] == {"ec2:DescribeImages": 1}
    cli.yaml("fleet: vision\nworkstation: {}\n")
    assert json.loads(cli("--log-format", "json").err.splitlines()[0])["level"] == "ERROR"


def test_verbose_tells_what_was_read_and_called(cli: Cli) -> None:
    cli.on(Aws(NOTHING))
    result = cli("-v")
    assert "debug: read fleets/vision.yaml; 1 AWS call so far: 1 ec2:DescribeImages\n" in result.err
    assert "{" not in result.err
    assert result.out == cli().out


def test_debug_shows_the_traceback_and_nothing_else_does(cli: Cli) -> None:
    cli.on(Aws(ZeroDivisionError("oh\x1b[0m")))
    assert "Traceback" not in cli("--dry-run").err
    result = cli("--dry-run", "--debug")
    assert "Traceback" in result.err
    assert ESCAPE not in result.err


def test_findings_show_at_their_line_on_github(cli: Cli) -> None:
    cli.on(Aws(MIXED))
    result = cli("--dry-run", env={"GITHUB_ACTIONS": "true"})
    assert "::error file=fleets/vision.yaml,line=12,col=5::file_system acme-dan-home" in result.err
    assert "::warning file=fleets/vision.yaml,line=12,col=5::alice: only 3 Spot" in result.err
    assert "::" not in cli("--dry-run").err.replace("arn:aws:sts::", "")


class Gone(io.TextIOWrapper):
    """A pipe whose reader has left."""

    def __init__(self) -> None:
        read, self.end = os.pipe()
        os.close(read)
        super().__init__(os.fdopen(self.end, "wb"), write_through=True)


def test_a_reader_who_has_left_is_no_error() -> None:
    stream = Gone()
    write(stream, "much\n" * 50_000)
    write(stream, "more\n")
    stream.close()


COMMAND = f"set -o pipefail; reconcile() {{ '{sys.executable}' -m reconciler \"$@\"; }}; "


def shell(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", COMMAND + script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("reconcile --help | head -1", 0),
        ("reconcile --help | true", 0),
        ("reconcile explain alice | true", 0),
        ("reconcile validate <&-", 0),
        ("reconcile validate </dev/null >&-", 0),
        ("printf 'y\\ny\\n' | reconcile validate", 0),
        ("reconcile --nope 2>&-", 2),
        ("reconcile validate >/dev/full", 1),
    ],
)
def test_odd_streams_end_quietly(cli: Cli, script: str, code: int) -> None:
    ended = shell(script, cli.folder)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr


def test_a_terminal_gets_colour_and_ascii_where_asked(cli: Cli) -> None:
    def on_terminal(*command: str, **env: str) -> str:
        master, slave = pty.openpty()
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **env}
        child = subprocess.Popen(
            [sys.executable, "-m", "reconciler", *command],
            cwd=cli.folder,
            env=environ,
            stdout=slave,
            stderr=subprocess.DEVNULL,
        )
        os.close(slave)
        text = b""
        with suppress(OSError):  # the end of a terminal is an error on Linux
            while more := os.read(master, 65536):
                text += more
        os.close(master)
        child.wait(timeout=30)
        return text.decode()

    assert ESCAPE in on_terminal("explain", "alice")
    assert ESCAPE not in on_terminal("explain", "alice", NO_COLOR="1")
    assert ESCAPE not in on_terminal("explain", "alice", "-o", "json")
    cli.yaml((cli.folder / "fleets/vision.yaml").read_text().replace("alice@", "älice@"))
    assert on_terminal("explain", "alice", LC_ALL="C").isascii()


def test_a_name_outside_the_locale_is_still_told(cli: Cli) -> None:
    process: Any = shell("reconcile nö", cli.folder, PYTHONIOENCODING="latin-1")
    assert process.returncode == 2
    assert "'n\\xf6'" in process.stderr


def test_bad_yaml_as_markdown_takes_the_place_of_the_plan(cli: Cli) -> None:
    """The mark is the same, so that a workflow finds the comment of the push before."""
    cli.yaml("site: acme\naccount: '123456789012'\nfleet: vision\nworkstations: {Bad: {}}\n")
    result = cli("--dry-run", "-o", "markdown")
    assert result.code == 2
    assert result.out.startswith("<!-- reconciler plan -->\n### No plan: the YAML is bad\n")
    cli.yaml("fleet: [\n")
    assert cli("--dry-run", "-o", "markdown").out.startswith("<!-- reconciler plan -->\n")


def test_the_comment_names_the_commit(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    monkeypatch.setenv("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567")
    cli.on(Aws(MIXED))
    shown = cli("--dry-run", "-o", "markdown").out.splitlines()[1]
    assert re.search(r" Commit `0123456789ab`, \d\d \w{3} \d{4} \d\d:\d\d UTC\.$", shown)


@pytest.mark.parametrize(
    ("arguments", "env", "of"),
    [
        (["-f", "fleets"], {}, ""),
        (["-f", "sites/a"], {}, " of sites/a"),
        (["--fleets", "sites/a"], {}, " of sites/a"),
        (["--fleets=sites/a", "-vfsites/b"], {}, " of sites/a, sites/b"),
        ([], {"RECONCILE_FLEETS": "sites/a"}, " of sites/a"),
        (["-f", "sites/a", "--nope"], {}, " of sites/a"),
    ],
)
def test_sites_of_one_repository_have_a_comment_each(
    cli: Cli, arguments: list[str], env: dict[str, str], of: str
) -> None:
    """Whatever is wrong: the folder is missing, the YAML, or the command line."""
    result = cli("--dry-run", "-o", "markdown", *arguments, env=env)
    assert result.out.startswith(f"<!-- reconciler plan{of} -->\n### ")
