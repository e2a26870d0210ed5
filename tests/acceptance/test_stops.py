"""Whatever ends a run, nothing is left: Ctrl-C at once, a kill by the sweep that comes after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tests.acceptance.conftest import start

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox


def test_ctrl_c_in_the_middle_leaves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    process = start(tmp_path, "--only")
    _until(process, "step: second plan")
    assert _roles(), "it is in the middle"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to the command it runs, too
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    assert not _roles()
    document = json.loads((tmp_path / "acceptance.json").read_text())
    assert document["stopped"] == "SIGINT"
    assert document["sweep"]["left"] == {}


def test_after_a_kill_the_sweep_clears_up_and_a_run_waits_for_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    process = start(tmp_path, "--only")
    _until(process, "step: apply")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert _roles(), "a killed run leaves what it made"

    refused = start(tmp_path, "--only")
    _, err = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert "make acceptance-sweep" in err

    sweep = start(tmp_path, "--sweep")
    out, err = sweep.communicate(timeout=120)
    assert sweep.returncode == 0, out + err
    assert "nothing is left" in out
    assert not _roles()


def _until(process: subprocess.Popen[str], line: str) -> None:
    assert process.stderr is not None
    for each in process.stderr:
        if line in each:
            return
    raise AssertionError(f"it ended before {line!r}")


def _roles() -> list[str]:
    """Roles that a run made."""
    iam: Any = boto3.client("iam", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    names = [each["RoleName"] for each in iam.list_roles()["Roles"]]
    return [name for name in names if name.startswith("reconciler-acceptance-")]
