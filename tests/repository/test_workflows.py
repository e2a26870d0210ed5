"""The workflows people copy: valid, pinned and fork-safe."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.repository.workflows import ROOT, jobs, needs_node

COPIED = [ROOT / f"examples/github/{name}.yml" for name in ("apply", "cron", "plan")]
ALL = [*COPIED, *sorted((ROOT / ".github/workflows").glob("*.yml"))]
BIN = Path(sys.executable).parent
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")


def scripts(path: Path) -> list[str]:
    steps = [step for job in jobs(path).values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


@needs_node
def test_github_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    lint: list[str | Path] = ["node", "--no-warnings", ROOT / "tests/repository/workflow_lint.mjs"]
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


@pytest.mark.parametrize("path", COPIED, ids=lambda path: path.stem)
def test_nothing_is_downloaded_where_a_token_can_be_asked_for(path: Path) -> None:
    """Only wheels with a hash, in a job that can become nobody; the others are handed them."""
    for name, job in jobs(path).items():
        shell = "\n".join(step.get("run", "") for step in job["steps"])
        assert ("pip download" in shell) == (name == "download")
        if "pip " in shell and name != "download":
            assert "pip install --quiet --no-index --no-deps wheels/*.whl" in shell
            assert "sha256sum" in shell
        if "pip download" in shell:
            assert "--only-binary :all: --require-hashes" in shell
            assert job["permissions"] == {"contents": "read"}


def test_what_is_applied_was_approved_first() -> None:
    apply = jobs(ROOT / "examples/github/apply.yml")
    assert apply["approve"]["environment"] == "production"
    assert apply["approve"]["needs"] == "plan"
    assert apply["apply"]["needs"] == "approve"
    names = [step.get("name", step.get("uses", "")) for step in apply["apply"]["steps"]]
    checked = names.index("Check the approval")
    assert checked < next(i for i, name in enumerate(names) if "aws-credentials" in name)
    assert checked == 0, "before anything of the commit is there"


def test_trust_policies_name_the_workflows_that_are_shipped() -> None:
    for name, files in (("plan", {"plan", "apply"}), ("apply", {"apply", "cron"})):
        policy = json.loads((ROOT / f"examples/github/iam/{name}-trust.json").read_text())
        [statement] = policy["Statement"]
        conditions = {
            key.partition(":")[2]: value
            for keys in statement["Condition"].values()
            for key, value in keys.items()
        }
        assert {
            ref.partition("reconcile-")[2].partition(".")[0]
            for ref in conditions["job_workflow_ref"]
        } == files
        assert all((ROOT / f"examples/github/{file}.yml").exists() for file in files)
