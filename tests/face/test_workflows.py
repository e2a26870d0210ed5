"""The workflows people copy: valid, pinned, fork-safe, and their steps do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
COPIED = sorted((ROOT / "examples/github").glob("*.yml"))
ALL = [*COPIED, *sorted((ROOT / ".github/workflows").glob("*.yml"))]
BIN = Path(sys.executable).parent
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")
MARKER = "<!-- reconciler"

needs_node = pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(path.read_text())["jobs"])


def step(name: str, job: str, title: str) -> dict[str, Any]:
    steps = jobs(ROOT / "examples/github" / name)[job]["steps"]
    return next(dict(found) for found in steps if found.get("name") == title)


def scripts(path: Path) -> list[str]:
    steps = [step for job in jobs(path).values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


@needs_node
def test_github_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    lint: list[str | Path] = ["node", "--no-warnings", ROOT / "tests/face/workflow_lint.mjs"]
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(COPIED[0].read_text().replace("queue: max", "queue: most"))
    for files, expected in (([wrong], r"queue|most"), (ALL, r"^$")):
        run = subprocess.run([*lint, *files], capture_output=True, text=True, check=True)
        assert re.search(expected, run.stdout), run.stdout


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit(path: Path) -> None:
    used = [line.strip(" -") for line in path.read_text().splitlines() if "uses: " in line]
    assert [line for line in used if not PINNED.match(line)] == []


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_shell_steps_pass_shellcheck(path: Path) -> None:
    assert scripts(path)
    for script in scripts(path):
        run = subprocess.run(
            [BIN / "shellcheck", "--shell=bash", "-"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("path", COPIED, ids=lambda path: path.stem)
def test_nothing_of_a_pull_request_runs_beside_a_token_that_writes(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert "pull_request_target" not in path.read_text()
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        writes = {key for key, value in job.get("permissions", {}).items() if value == "write"}
        runs_code = any("checkout" in step.get("uses", "") for step in job["steps"])
        assert not (runs_code and writes - {"id-token"})


def test_a_fork_gets_no_credentials() -> None:
    with_credentials = {
        name for name, job in jobs(ROOT / "examples/github/plan.yml").items()
        if "id-token" in job["permissions"]
    }  # fmt: skip
    assert with_credentials == {"plan"}
    condition = jobs(ROOT / "examples/github/plan.yml")["plan"]["if"]
    assert condition == "github.event.pull_request.head.repo.full_name == github.repository"


def test_apply_and_cron_never_run_at_once_and_cancel_nobody() -> None:
    apply = jobs(ROOT / "examples/github/apply.yml")["apply"]["concurrency"]
    cron = yaml.safe_load((ROOT / "examples/github/cron.yml").read_text())["concurrency"]
    assert apply == cron == {"group": "reconcile", "queue": "max", "cancel-in-progress": False}


def test_trust_policies_name_who_may_assume_them() -> None:
    for name, ends in (
        ("plan", {"pull_request", "ref:refs/heads/main"}),
        ("apply", {"ref:refs/heads/main"}),
    ):
        policy = json.loads((ROOT / f"examples/github/iam/{name}-trust.json").read_text())
        [statement] = policy["Statement"]
        [(how, conditions)] = statement["Condition"].items()
        subjects = conditions["token.actions.githubusercontent.com:sub"]
        subjects = [subjects] if isinstance(subjects, str) else subjects
        assert how == "StringEquals", "a pattern would let other branches in"
        assert conditions["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
        assert {subject.split(":", 2)[2] for subject in subjects} == ends


def run_step(
    where: Path, name: str, job: str, title: str, approve: str = ""
) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run one shell step as GitHub does; what it did, and the job summary it wrote."""
    summary = where / "summary.md"
    summary.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_SHA": "c0ffee",
        "APPROVE": approve,
    }
    script = step(name, job, title)["run"]
    run = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return run, summary.read_text() if summary.exists() else ""


@pytest.fixture
def repository(tmp_path: Path, sandbox: Sandbox) -> Path:
    """A checkout of somebody's fleets, and an AWS account to hold them against."""
    shutil.copytree(ROOT / "examples/minimal/fleets", tmp_path / "fleets")
    return tmp_path


def test_from_pull_request_to_repair(repository: Path) -> None:
    run, _ = run_step(repository, "plan.yml", "validate", "Validate")
    assert run.returncode == 0, run.stderr
    run, summary = run_step(repository, "plan.yml", "plan", "Plan")
    assert run.returncode == 0, run.stderr
    assert summary.startswith(MARKER)
    assert summary == (repository / "plan.md").read_text()

    run, again = run_step(repository, "apply.yml", "plan", "Plan")
    assert (run.returncode, again) == (0, summary), run.stderr
    run, _ = run_step(repository, "apply.yml", "approve", "Approved")
    assert "c0ffee" in run.stdout
    run, summary = run_step(repository, "apply.yml", "apply", "Apply")
    assert run.returncode == 0, run.stderr
    assert summary != again

    run, summary = run_step(repository, "cron.yml", "repair", "Repair")
    assert run.returncode == 0, run.stderr
    run, settled = run_step(repository, "cron.yml", "repair", "Repair")
    assert (run.returncode, settled) == (0, summary), run.stderr


def test_a_plan_that_is_refused_fails_the_check_and_is_still_shown(repository: Path) -> None:
    """Another account's credentials: nothing is read, the reviewer sees why."""
    defaults = repository / "fleets/_defaults.yaml"
    defaults.write_text(defaults.read_text().replace("123456789012", "999999999999"))
    run, summary = run_step(repository, "plan.yml", "plan", "Plan")
    assert run.returncode == 4, run.stderr
    assert "999999999999" in summary + run.stderr


def test_what_is_typed_into_a_dispatched_run_is_one_argument(repository: Path) -> None:
    run, _ = run_step(repository, "apply.yml", "plan", "Plan", approve='x" --only $(touch pwned) "')
    assert run.returncode == 0, run.stderr
    assert not (repository / "pwned").exists()


def run_script(name: str, job: str, title: str, where: Path, **answers: Any) -> dict[str, Any]:
    script = step(name, job, title)["with"]["script"]
    run = subprocess.run(
        ["node", ROOT / "tests/face/github_script.mjs"],
        input=json.dumps({"script": script, "answers": answers}),
        cwd=where, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(run.stdout))


PLAN = f"{MARKER} plan acme -->\n## 1 to create\n"
OURS = "<!-- reconciler: reconcile plan -->\n"
BOT = {"type": "Bot"}


@needs_node
@pytest.mark.parametrize(
    ("comments", "written"),
    [
        ([], ("issues.createComment", None)),
        ([{"id": 1, "user": BOT, "body": "<!-- infracost -->"}], ("issues.createComment", None)),
        ([{"id": 2, "user": BOT, "body": OURS + "old"}], ("issues.updateComment", 2)),
        # Somebody who quotes our marker does not get their comment overwritten.
        ([{"id": 3, "user": {"type": "User"}, "body": OURS}], ("issues.createComment", None)),
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
    if plan is not None:
        (tmp_path / "plan.md").write_text(plan)
    done = run_script(
        "plan.yml", "comment", "Comment", tmp_path, **{"issues.listComments": comments}
    )
    [_, (name, parameters)] = done["calls"]
    assert (name, parameters.get("comment_id")) == written
    assert parameters["body"].startswith(OURS + (plan or "### No plan for commit 0123456\n"))
    run = "https://github.com/acme/gpu-fleets/actions/runs/12"
    assert parameters["body"].endswith(f"[This run]({run})\n")
    assert done["notes"] == []


def test_a_push_that_is_not_valid_shows_its_mistakes_in_place_of_a_plan(repository: Path) -> None:
    fleet = repository / "fleets/research.yaml"
    fleet.write_text(fleet.read_text().replace("workstations:", "workstatoins:"))
    assert "needs" not in jobs(ROOT / "examples/github/plan.yml")["plan"]
    run, summary = run_step(repository, "plan.yml", "plan", "Plan")
    assert run.returncode == 2
    assert summary.startswith(MARKER)
    assert "workstatoins" in summary
    assert summary == (repository / "plan.md").read_text()


@needs_node
def test_cron_applies_what_was_approved_last_not_what_waits(tmp_path: Path) -> None:
    answers = {
        "repos.listDeployments": [
            {"id": 4, "sha": "of-a-branch"},
            {"id": 3, "sha": "waiting"},
            {"id": 2, "sha": "approved"},
            {"id": 1, "sha": "older"},
        ],
        "repos.listDeploymentStatuses/4": [{"state": "success"}],
        "repos.listDeploymentStatuses/3": [{"state": "waiting"}],
        "repos.listDeploymentStatuses/2": [{"state": "inactive"}, {"state": "success"}],
        "repos.compareCommitsWithBasehead/of-a-branch...head": {"status": "diverged"},
        "repos.compareCommitsWithBasehead/approved...head": {"status": "ahead"},
    }
    done = run_script("cron.yml", "approved", "Find what was approved last", tmp_path, **answers)
    assert (done["result"], done["notes"]) == ("approved", [])
    nothing = run_script("cron.yml", "approved", "Find what was approved last", tmp_path)
    assert nothing["result"] == ""
    assert "approve" in nothing["notes"][0]
