"""A loop holds after many rounds what it held after a few: memory, threads, sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.looping import marks
from benchmarks.rounds import Round
from reconciler.sandbox import Sandbox
from tests.cli.fakes import YAML

ROOT = Path(__file__).parents[2]
RUN = "from benchmarks.looping import main; main({fleets!r}, {rounds})"
NEW_SESSIONS = "from reconciler.aws.client import Session as S; S.is_current = lambda s: False; "


@pytest.mark.parametrize("before", ["", NEW_SESSIONS], ids=["one-session", "a-session-each-round"])
def test_a_round_leaves_nothing_behind(sandbox: Sandbox, tmp_path: Path, before: str) -> None:
    """A session that nobody frees is 60,000 objects and ten sockets."""
    text = YAML.replace("id: ami-0123456789abcdef0", "ssm_parameter: /golden/gpu-desktop")
    (tmp_path / "vision.yaml").write_text(text)
    output = subprocess.run(
        [sys.executable, "-c", before + RUN.format(fleets=str(tmp_path), rounds=8)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=100,
    ).stdout
    rounds = {each.round: each for each in (Round(**held) for held in json.loads(output))}
    early, late = rounds[1], rounds[8]
    assert late.objects - early.objects < 10_000
    # As many calls at once as it happens to be; a leak is ten of each a round.
    assert late.threads - early.threads < 10
    assert late.files - early.files < 10


def test_the_rounds_that_are_measured() -> None:
    assert list(marks(10_000)) == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
    assert list(marks(30)) == [1, 2, 5, 10, 20, 30]


def test_the_table_tells_cpu_by_round() -> None:
    text = tables.loop([Round(1_000, 97.25, 111_000, 13, 21, 250.0)])
    assert text.splitlines()[-1] == "| 1,000 | 97.2 | 111,000 | 13 | 21 | 0.25 |"
