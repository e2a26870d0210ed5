"""Which commit a run is of, as far as CI says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.terminal.ci import commit

MERGE, HEAD = "a" * 40, "b" * 40


def test_a_push_has_its_commit() -> None:
    assert commit({"GITHUB_SHA": MERGE}) == MERGE
    assert commit({}) == ""


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"pull_request": {"head": {"sha": HEAD}}}, HEAD),
        ({"pull_request": {"head": None}}, MERGE),
        ({"ref": "refs/heads/main"}, MERGE),
        ([], MERGE),
        ({"pull_request": {"head": {"sha": "--> <b>"}}}, ""),
    ],
)
def test_a_pull_request_has_its_head_and_not_the_merge_that_nobody_knows(
    tmp_path: Path, event: Any, expected: str
) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    assert commit({"GITHUB_SHA": MERGE, "GITHUB_EVENT_PATH": str(path)}) == expected


def test_an_event_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{")
    for path in ("event.json", "nothing.json", "."):
        env = {"GITHUB_SHA": MERGE, "GITHUB_EVENT_PATH": str(tmp_path / path)}
        assert commit(env) == MERGE
