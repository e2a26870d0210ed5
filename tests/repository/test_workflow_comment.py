"""The one comment of a pull request: updated in place, and never the plan of an earlier push."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.repository.workflows import ROOT, jobs, needs_node, run_script

pytestmark = needs_node

MARK = "<!-- reconciler plan -->\n"
PLAN = f"{MARK}### Plan: 1 to create\n"
BOT = {"type": "Bot"}
GOOD = {"download": {"result": "success"}, "validate": {"result": "success"}}
RUN = "https://github.com/acme/gpu-fleets/actions/runs/12"


def comment(
    where: Path, plan: str | None, comments: list[dict[str, Any]], /, **needs: str
) -> tuple[str, dict[str, Any]]:
    """Run the step; the call that writes, and its parameters."""
    if plan is not None:
        (where / "plan.md").write_text(plan)
    results = {**GOOD, **{name: {"result": result} for name, result in needs.items()}}
    done = run_script(
        "plan.yml",
        "comment",
        "Comment",
        where,
        {"issues.listComments": comments},
        {"NEEDS": json.dumps(results)},
    )
    assert done["notes"] == []
    [_, (name, parameters)] = done["calls"]
    return name, parameters


@pytest.mark.parametrize(
    ("comments", "written"),
    [
        ([], ("issues.createComment", None)),
        ([{"id": 1, "user": BOT, "body": "<!-- infracost -->"}], ("issues.createComment", None)),
        ([{"id": 2, "user": BOT, "body": MARK + "old"}], ("issues.updateComment", 2)),
        # Somebody who quotes our mark does not get their comment overwritten.
        ([{"id": 3, "user": {"type": "User"}, "body": MARK}], ("issues.createComment", None)),
    ],
    ids=["first", "others", "again", "forged"],
)
@pytest.mark.parametrize("plan", [PLAN, "", None], ids=["plan", "empty", "none"])
def test_one_comment_updated_in_place(
    tmp_path: Path,
    plan: str | None,
    comments: list[dict[str, Any]],
    written: tuple[str, int | None],
) -> None:
    """Without a plan too: the one of an earlier push does not stand under this one."""
    name, parameters = comment(tmp_path, plan, comments, plan="failure")
    assert (name, parameters.get("comment_id")) == written
    assert parameters["body"].startswith(
        plan or f"{MARK}### No plan for commit `0123456789ab`: the job `plan` failed\n"
    )
    assert re.search(
        rf"Commit `0123456789ab`, \d{{4}}-\d\d-\d\d \d\d:\d\d UTC, \[this run\]\({RUN}\)\n$",
        parameters["body"],
    ), "the commit and the time"


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        ({"download": "failure", "validate": "skipped", "plan": "skipped"}, "`download` failed"),
        ({"validate": "failure", "plan": "failure"}, "the job `validate`, `plan` failed"),
        ({"plan": "skipped"}, "no job has made one"),
    ],
    ids=["a-hash-that-is-wrong", "bad-yaml", "skipped"],
)
def test_a_bad_push_replaces_the_plan_of_the_one_before(
    tmp_path: Path, needs: dict[str, str], why: str
) -> None:
    before = [{"id": 2, "user": BOT, "body": PLAN}]
    name, parameters = comment(tmp_path, None, before, **needs)
    assert (name, parameters["comment_id"]) == ("issues.updateComment", 2)
    assert "### No plan for commit `0123456789ab`" in parameters["body"]
    assert why in parameters["body"]
    assert "to create" not in parameters["body"]


def test_the_comment_is_written_whatever_failed_before() -> None:
    job = jobs(ROOT / "examples/github/plan.yml")["comment"]
    assert job["needs"] == ["download", "validate", "plan"]
    assert "!cancelled()" in job["if"]
    assert "needs.plan.result" not in job["if"], "skipped too, after a download that failed"
