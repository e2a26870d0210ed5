"""Completion: the scripts in real shells, and the names they offer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.fakes import Cli

ROOT = Path(__file__).parents[2]


def offered(folder: Path, line: str) -> list[str]:
    """What is offered at the end of a line, by the protocol the scripts speak."""
    words = line.split(" ")
    run = subprocess.run(
        [sys.executable, "-m", "reconciler"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "_RECONCILE_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.stderr == ""
    return [found.partition(",")[2] for found in run.stdout.split()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("reconcile val", ["validate"]),
        ("reconcile --dry", ["--dry-run"]),
        ("reconcile --lis", ["--listen"]),
        ("reconcile -o ", ["text", "json", "markdown"]),
        ("reconcile explain ", ["alice", "bob", "vision/alice", "vision/bob"]),
        ("reconcile explain vision/a", ["vision/alice"]),
        ("reconcile simulate vision/", ["vision/alice", "vision/bob", "vision/*"]),
        ("reconcile --only a", ["alice"]),
        ("reconcile --only vision/", ["vision/alice", "vision/bob", "vision/*"]),
        ("reconcile completion z", ["zsh"]),
        ("reconcile -f other.yaml explain ", ["zoe", "lab/zoe"]),
        ("reconcile explain -f other.yaml z", ["zoe"]),
    ],
)
def test_what_is_offered(cli: Cli, line: str, expected: list[str]) -> None:
    other = "workstations:\n  'zoe':\n    owner: z\n    storage:\n      root: {}\nfleet: lab\n"
    (cli.folder / "other.yaml").write_text(other)
    assert offered(cli.folder, line) == expected


def test_nothing_is_offered_where_there_is_nothing(cli: Cli) -> None:
    shutil.rmtree(cli.folder / "fleets")
    (cli.folder / ".git").mkdir()
    assert offered(cli.folder, "reconcile explain ") == []
    cli.yaml("\0\xff: {{{\nworkstations: {flow: {}}\n")
    assert offered(cli.folder, "reconcile explain ") == []


TRY = {
    # COMP_* is what bash hands to the function it found with `complete -p`.
    "bash": """
        source <(reconcile completion bash)
        complete -p reconcile >&2
        COMP_WORDS=(reconcile explain al) COMP_CWORD=2
        _reconcile_completion reconcile
        echo "${COMPREPLY[@]}"
    """,
    "zsh": """
        autoload -Uz compinit; compinit -u
        source <(reconcile completion zsh)
        print -r -- ${_comps[reconcile]:+alice}
    """,
    "fish": """
        reconcile completion fish | source
        complete -C 'reconcile explain al'
    """,
}


@pytest.mark.parametrize("shell", TRY)
def test_the_script_works_in_the_shell_itself(cli: Cli, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    bin_folder = cli.folder / "bin"
    bin_folder.mkdir()
    command = bin_folder / "reconcile"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m reconciler "$@"\n')
    command.chmod(0o755)
    run = subprocess.run(
        [shell, "-c", TRY[shell]],
        cwd=cli.folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "HOME": str(cli.folder),
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.stdout.split() == ["alice"], run.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_how_to_install_it(cli: Cli, shell: str) -> None:
    result = cli("completion", shell)
    assert result.err == ""
    assert f"\n# reconcile completion {shell} >" in result.out
    assert "_RECONCILE_COMPLETE" in result.out
