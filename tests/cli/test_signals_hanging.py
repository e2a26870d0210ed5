"""A signal while AWS does not answer, sent to a real process on the local AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox import Sandbox
from reconciler.sandbox.server.application import FrontDoor
from reconciler.sandbox.server.wire import Answer
from tests.cli.fakes import YAML

ROOT = Path(__file__).parents[2]
SHORT = "import sys; from reconciler.aws import client; client.GRACE_SECONDS = 0.5; "
PROGRAMS = {
    "reconcile": f"{SHORT}from reconciler.cli.reconcile.command import main; sys.exit(main())",
    "workstation": f"{SHORT}from reconciler.cli.workstation.command import main; sys.exit(main())",
}
PROMPT = 10
"""Seconds, on a machine that is busy with other tests. Alone it is one."""


class HangingAws:
    """Does not answer one operation, until it is let go."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.hangs_at = b"nothing"
        self.hanging, self.let_go = threading.Event(), threading.Event()
        self.asked = 0
        answer = FrontDoor.answer

        def slow(door: FrontDoor, environ: dict[str, Any]) -> Answer:
            body = environ["wsgi.input"].read()
            environ["wsgi.input"].seek(0)
            target = environ.get("HTTP_X_AMZ_TARGET", "").encode()
            if self.hangs_at in body or self.hangs_at in target:
                self.asked += 1
                self.hanging.set()
                self.let_go.wait(100)
            return answer(door, environ)

        patch.setattr(FrontDoor, "answer", slow)


@pytest.fixture
def aws(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingAws]:
    made = HangingAws(monkeypatch)
    yield made
    made.let_go.set()


@pytest.fixture
def fleets(tmp_path: Path) -> Path:
    (tmp_path / "fleets").mkdir()
    text = YAML.replace("id: ami-0123456789abcdef0", "ssm_parameter: /golden/gpu-desktop")
    (tmp_path / "fleets/vision.yaml").write_text(text)
    return tmp_path


def start(folder: Path, program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAMS[program], *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, program: str, *arguments: str) -> Any:
    with start(folder, program, *arguments, "-o", "json") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    return json.loads(out)


def interrupted(aws: HangingAws, process: subprocess.Popen[str]) -> tuple[str, str]:
    """Its output, after a SIGTERM while AWS does not answer."""
    try:
        assert aws.hanging.wait(60), "it never called AWS"
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert time.monotonic() - began < PROMPT
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 143, (out, err)
    return out, err


def test_while_reading_it_ends_at_once(aws: HangingAws, fleets: Path) -> None:
    aws.hangs_at = b"DescribeSubnets"
    _, err = interrupted(aws, start(fleets, "reconcile", "--every", "1h"))
    assert "stopped by SIGTERM while reading; nothing was written" in err


def test_while_applying_it_tells_what_is_unknown_and_the_next_run_finds_out(
    aws: HangingAws, fleets: Path
) -> None:
    """Promise 3."""
    aws.hangs_at = b"Action=CreateLaunchTemplate&"
    out, _ = interrupted(aws, start(fleets, "reconcile", "-o", "json"))
    report = json.loads(out)
    assert report["stopped"] is True
    assert ", 2 unknown, " in report["message"]
    unknown = [row for row in report["changes"] if row["error"] == "unanswered"]
    assert sorted(row["name"] for row in unknown) == ["acme-alice", "acme-bob"]
    assert {row["outcome"] for row in unknown} == {"waiting"}
    assert {row["reason"] for row in unknown} == {
        "unknown: AWS had not answered ec2:CreateLaunchTemplate when the command was told to stop; "
        "the next run finds out"
    }
    later = {row["error"] for row in report["changes"] if row["kind"] == "auto_scaling_group"}
    assert later == {"stopped"}
    assert aws.asked == 2, "one attempt for each template"
    aws.hangs_at = b"nothing"
    aws.let_go.set()  # AWS makes them after all
    run(fleets, "reconcile")
    assert run(fleets, "reconcile")["message"].startswith("Nothing to do")


def test_a_workstation_command_tells_which_call_has_no_answer(
    aws: HangingAws, fleets: Path
) -> None:
    run(fleets, "reconcile")
    aws.hangs_at = b"Action=CreateOrUpdateTags"
    out, err = interrupted(aws, start(fleets, "workstation", "start", "alice", "-o", "json"))
    assert json.loads(out)["error"]["code"] == "unanswered"
    assert (
        "unknown: AWS had not answered autoscaling:CreateOrUpdateTags when the command was told to "
        "stop (give the same command again: it does what is missing)"
    ) in err
    assert aws.asked == 1


def test_a_start_that_is_watched_tells_that_it_goes_on(aws: HangingAws, fleets: Path) -> None:
    run(fleets, "reconcile")
    process = start(fleets, "workstation", "start", "alice", "-o", "json")
    aws.hangs_at = b"Action=DescribeInstances&"
    out, _ = interrupted(aws, process)
    document = json.loads(out)
    assert document["outcome"] == "interrupted"
    assert document["next"].startswith("it still starts")
