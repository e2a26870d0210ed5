"""The command line, ready to be called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.fakes import YAML, Cli


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """A folder with one good fleet file, and `reconcile` to run in it."""
    monkeypatch.chdir(tmp_path)
    made = Cli(tmp_path, monkeypatch, capsys)
    made.yaml(YAML)
    return made
