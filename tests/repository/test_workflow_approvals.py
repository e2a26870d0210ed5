"""What counts as an approval in `apply.yml` and `cron.yml`: what GitHub recorded of a reviewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.repository.workflows import needs_node, run_script

pytestmark = needs_node

CHECK = ("apply.yml", "apply", "Check the approval")
FIND = ("cron.yml", "approved", "Find what was approved last")


def run(number: int, **other: Any) -> dict[str, Any]:
    """A run of reconcile-apply.yml on main that succeeded; its id is 100 more than its number."""
    return {
        "id": 100 + number,
        "run_number": number,
        "run_attempt": 1,
        "event": "push",
        "head_branch": "main",
        "head_sha": f"sha-{number}",
        "head_repository": {"full_name": "acme/gpu-fleets"},
        "status": "completed",
        "conclusion": "success",
        **other,
    }


def review(environment: str = "production", state: str = "approved") -> list[dict[str, Any]]:
    return [{"state": state, "environments": [{"name": environment}], "user": {"login": "ann"}}]


def github(*runs: dict[str, Any], reviewed: tuple[int, ...], **other: Any) -> dict[str, Any]:
    """GitHub's answers: these runs, newest first, of which these were approved and applied."""
    answers: dict[str, Any] = {"actions.listWorkflowRuns": list(runs)}
    for listed in runs:
        answers[f"repos.compareCommitsWithBasehead/{listed['head_sha']}...head"] = {
            "status": "ahead"
        }
    for number in reviewed:
        answers[f"actions.getReviewsForRun/{100 + number}"] = review()
        answers[f"actions.listJobsForWorkflowRun/{100 + number}"] = [
            {"name": "plan", "conclusion": "success"},
            {"name": "apply", "conclusion": "success"},
        ]
    return {**answers, **other}


def check(tmp_path: Path, number: int, answers: dict[str, Any]) -> list[str]:
    """Run the check of `apply.yml` as run `number`; what it says, [] where it lets through."""
    done = run_script(*CHECK, tmp_path, answers, runId=100 + number, runNumber=number)
    return list(done["notes"])


def find(tmp_path: Path, answers: dict[str, Any]) -> tuple[str, list[str]]:
    """Run the step of `cron.yml`; the commit it applies, and what it says."""
    done = run_script(*FIND, tmp_path, answers)
    return done["result"], done["notes"]


# -- apply -----------------------------------------------------------------------------------


def test_the_newest_approved_run_is_applied(tmp_path: Path) -> None:
    waiting = run(8, status="waiting", conclusion=None)
    answers = github(
        waiting, run(7, status="in_progress", conclusion=None), run(6), reviewed=(6, 7)
    )
    assert check(tmp_path, 7, answers) == []


@pytest.mark.parametrize(
    "reviews",
    [[], review("staging"), review(state="rejected"), review(state="pending")],
    ids=["no-reviewers", "another-environment", "rejected", "pending"],
)
def test_an_environment_without_reviewers_is_refused(
    tmp_path: Path, reviews: list[dict[str, Any]]
) -> None:
    answers = github(run(7), reviewed=(), **{"actions.getReviewsForRun/107": reviews})
    [message] = check(tmp_path, 7, answers)
    assert message.startswith("failed: Nobody has approved this run, so it is not applied")
    assert "`production` needs required reviewers" in message
    assert "GitHub Enterprise" in message


def test_an_old_job_that_is_run_again_is_refused(tmp_path: Path) -> None:
    """GitHub runs a job of the last 30 days again for whoever may write."""
    old = run(5, run_attempt=2, status="in_progress", conclusion=None)
    [message] = check(tmp_path, 5, github(run(7), run(6), old, reviewed=(5, 6, 7)))
    assert message.startswith("failed: Run 7, of commit sha-7, was approved and is newer")


def test_an_old_run_that_is_approved_after_a_newer_one_is_refused(tmp_path: Path) -> None:
    """It would apply, and cron would turn it back: flapping."""
    answers = github(run(7, status="queued", conclusion=None), run(5), reviewed=(5, 7))
    assert "Run 7" in check(tmp_path, 5, answers)[0]


def test_the_newest_one_may_be_run_again(tmp_path: Path) -> None:
    again = run(7, run_attempt=2, status="in_progress", conclusion=None)
    assert check(tmp_path, 7, github(again, run(6), reviewed=(6, 7))) == []


@pytest.mark.parametrize(
    "namesake",
    [
        {"event": "pull_request"},
        {"head_branch": "feature"},
        {"head_repository": {"full_name": "mallory/gpu-fleets"}},
        {"head_repository": None},
    ],
    ids=["event", "branch", "fork", "deleted-fork"],
)
def test_a_namesake_from_elsewhere_blocks_nobody(tmp_path: Path, namesake: dict[str, Any]) -> None:
    answers = github(run(8, **namesake), run(7), reviewed=(7, 8))
    assert check(tmp_path, 7, answers) == []
    assert find(tmp_path, answers) == ("sha-7", [])


# -- cron ------------------------------------------------------------------------------------


def test_cron_applies_what_was_approved_and_applied_last_not_what_waits(tmp_path: Path) -> None:
    waiting = run(9, status="waiting", conclusion=None)
    failed = run(8, conclusion="failure")
    assert find(tmp_path, github(waiting, failed, run(7), run(6), reviewed=(8, 7, 6))) == (
        "sha-7",
        [],
    )


def test_a_forged_deployment_record_is_not_read(tmp_path: Path) -> None:
    """Who may write can write those, for any commit; no reviewer is needed for it."""
    forged = {
        "repos.listDeployments": [{"id": 1, "sha": "unapproved-head-of-main"}],
        "repos.listDeploymentStatuses": [{"state": "success"}],
        "repos.compareCommitsWithBasehead/unapproved-head-of-main...head": {"status": "identical"},
    }
    done = run_script(*FIND, tmp_path, {**github(run(7), reviewed=(7,)), **forged})
    assert done["result"] == "sha-7"
    assert not [name for name, _ in done["calls"] if "eployment" in name]
    nothing = run_script(*FIND, tmp_path, forged)
    assert nothing["result"] == ""
    assert "Nothing was approved and applied yet" in nothing["notes"][0]


@pytest.mark.parametrize(
    "forged",
    [
        {"status": "waiting", "conclusion": None},
        {"conclusion": "cancelled"},
        {"head_branch": "feature"},
        {},
    ],
    ids=["waiting", "cancelled", "branch", "succeeded-without-approval"],
)
def test_hundreds_of_forged_runs_do_not_starve_it(tmp_path: Path, forged: dict[str, Any]) -> None:
    """Anybody who may write can start runs; they fill pages, and hide nothing."""
    runs = [run(number, event="workflow_dispatch", **forged) for number in range(400, 7, -1)]
    assert find(tmp_path, github(*runs, run(7), reviewed=(7,))) == ("sha-7", [])


def test_a_run_that_was_approved_and_did_not_apply_is_not_kept_true(tmp_path: Path) -> None:
    """Its `apply` ended with 4: the plan was another one, and nothing was written."""
    refused = run(8, run_attempt=2, conclusion="failure")
    answers = github(refused, run(7), reviewed=(8, 7))
    answers["actions.listJobsForWorkflowRun/108"] = [{"name": "apply", "conclusion": "failure"}]
    assert find(tmp_path, answers) == ("sha-7", [])


def test_running_the_newest_one_again_does_not_roll_back(tmp_path: Path) -> None:
    """While it waits anew, or has failed anew, its first attempt has been applied."""
    again = run(8, run_attempt=2, status="waiting", conclusion=None)
    done = run_script(*FIND, tmp_path, github(again, run(7), reviewed=(8, 7)))
    assert done["result"] == "sha-8"
    asked = [parameters for name, parameters in done["calls"] if "listJobs" in name]
    assert [parameters["filter"] for parameters in asked] == ["all"], "of all attempts"


def test_a_commit_that_left_main_is_not_applied(tmp_path: Path) -> None:
    answers = github(run(8), run(7), reviewed=(8, 7))
    answers["repos.compareCommitsWithBasehead/sha-8...head"] = {"status": "diverged"}
    assert find(tmp_path, answers) == ("sha-7", [])
