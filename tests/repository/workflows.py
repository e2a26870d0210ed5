"""The steps of the workflows that people copy, run as GitHub runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

needs_node = pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow, by name."""
    return dict(yaml.safe_load(path.read_text())["jobs"])


def step(name: str, job: str, title: str) -> dict[str, Any]:
    """One step of a workflow in examples/github."""
    steps = jobs(ROOT / "examples/github" / name)[job]["steps"]
    return next(dict(found) for found in steps if found.get("name") == title)


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


def run_script(
    name: str,
    job: str,
    title: str,
    where: Path,
    answers: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    **context: Any,
) -> dict[str, Any]:
    """Run one github-script step against answers of GitHub's API: calls, result and notes."""
    script = step(name, job, title)["with"]["script"]
    run = subprocess.run(
        ["node", ROOT / "tests/repository/github_script.mjs"],
        input=json.dumps({"script": script, "answers": answers, "context": context}),
        env={**os.environ, **(environment or {})},
        cwd=where, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(run.stdout))
