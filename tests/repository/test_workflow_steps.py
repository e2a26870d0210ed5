"""The shell steps of the workflows, against a local AWS: what is planned, approved and applied."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.repository.workflows import ROOT, jobs, run_step

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

MARK = "<!-- reconciler plan"


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
    assert summary.startswith(MARK)
    assert summary == (repository / "plan.md").read_text()

    run, again = run_step(repository, "apply.yml", "plan", "Plan")
    assert (run.returncode, again) == (0, summary), run.stderr
    assert json.loads((repository / "plan.json").read_text())["digest"] in again
    run, _ = run_step(repository, "apply.yml", "approve", "Approved")
    assert "c0ffee" in run.stdout
    run, summary = run_step(repository, "apply.yml", "apply", "Apply")
    assert run.returncode == 0, run.stderr
    assert summary != again

    run, summary = run_step(repository, "cron.yml", "repair", "Repair")
    assert run.returncode == 0, run.stderr
    run, settled = run_step(repository, "cron.yml", "repair", "Repair")
    assert (run.returncode, settled) == (0, summary), run.stderr


def test_another_plan_than_the_approved_one_is_not_applied(repository: Path) -> None:
    """The steps of `apply.yml`, with a change to the YAML between the plan and the apply."""
    run, _ = run_step(repository, "apply.yml", "plan", "Plan")
    assert run.returncode == 0, run.stderr
    fleet = repository / "fleets/research.yaml"
    fleet.write_text(fleet.read_text().replace("alice:", "dora:"))
    run, summary = run_step(repository, "apply.yml", "apply", "Apply")
    assert run.returncode == 4, run.stderr
    assert "not the plan that was approved" in summary
    run, after = run_step(repository, "apply.yml", "plan", "Plan")
    assert run.returncode == 0, run.stderr
    assert re.search(r"Plan: \d\d to create, 0 to update, 0 to delete, 0 unchanged", after)


def test_a_plan_that_is_refused_fails_the_check_and_is_still_shown(repository: Path) -> None:
    """Another account's credentials: nothing is read, the reviewer sees why."""
    defaults = repository / "fleets/_defaults.yaml"
    defaults.write_text(defaults.read_text().replace("123456789012", "999999999999"))
    for name in ("plan.yml", "apply.yml"):
        run, summary = run_step(repository, name, "plan", "Plan")
        assert run.returncode == 4, run.stderr
        assert "999999999999" in summary


def test_what_is_typed_into_a_dispatched_run_is_one_argument(repository: Path) -> None:
    run, _ = run_step(repository, "apply.yml", "plan", "Plan", approve='x" --only $(touch pwned) "')
    assert run.returncode == 0, run.stderr
    assert not (repository / "pwned").exists()


def test_a_push_that_is_not_valid_shows_its_mistakes_in_place_of_a_plan(repository: Path) -> None:
    fleet = repository / "fleets/research.yaml"
    fleet.write_text(fleet.read_text().replace("workstations:", "workstatoins:"))
    assert jobs(ROOT / "examples/github/plan.yml")["plan"]["needs"] == "download"
    run, summary = run_step(repository, "plan.yml", "plan", "Plan")
    assert run.returncode == 2
    assert summary.startswith(MARK)
    assert "workstatoins" in summary
    assert summary == (repository / "plan.md").read_text()


Pip = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with wheels, their lock, and a `pip` that writes down how it was called."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/one-1-py3-none-any.whl").write_text("one")
    (tmp_path / "wheels/two-2-py3-none-any.whl").write_text("two")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pip").write_text('#!/bin/sh\necho "$@" >> called\n')
    (tmp_path / "bin/pip").chmod(0o755)
    monkeypatch.setattr("tests.repository.workflows.BIN", tmp_path / "bin")
    return tmp_path


ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
TWO = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"


@pytest.mark.parametrize(
    ("name", "job"),
    [("plan.yml", "validate"), ("plan.yml", "plan"), ("apply.yml", "plan"), ("apply.yml", "apply"),
     ("cron.yml", "repair")],
)  # fmt: skip
def test_only_wheels_whose_hash_is_in_the_lock_are_installed(
    name: str, job: str, pip: Path
) -> None:
    lock = pip / "requirements.txt"
    lock.write_text(f"one==1 --hash=sha256:{ONE}\ntwo==2 --hash=sha256:{TWO}\n")
    run, _ = run_step(pip, name, job, "Install")
    assert run.returncode == 0, run.stderr
    assert (pip / "called").read_text().count("install --quiet --no-index --no-deps") == 1
    (pip / "wheels/two-2-py3-none-any.whl").write_text("something else")
    run, _ = run_step(pip, name, job, "Install")
    assert run.returncode != 0
    assert (pip / "called").read_text().count("install") == 1, "nothing more was installed"
