"""`make demo` and `make demo-spot` show what they promise, or fail."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def demo(where: Path, script: str = "demo.sh") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [where / "examples/demo" / script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def port(where: Path, folder: str = ".demo") -> int:
    environment = (where / folder / "env").read_text()
    return int(environment.split("AWS_ENDPOINT_URL=http://127.0.0.1:")[1].split()[0])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def closes(port: int) -> bool:
    """It finishes what it has in hand, so it may take a moment."""
    for _ in range(100):
        if not listens(port):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of one as the demos need."""
    for folder in ("examples/demo", "fleets"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def test_a_day_on_spot_with_three_runs_that_write(checkout: Path) -> None:
    done = demo(checkout, "spot.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("1 runs wrote") == 3
    assert "On-Demand until its next stop" in done.stdout
    os.kill(int((checkout / ".demo-spot/pid").read_text()), signal.SIGTERM)
    assert closes(port(checkout, ".demo-spot"))


def test_plan_apply_drift_repair_and_a_sandbox_to_go_on_with(checkout: Path) -> None:
    done = demo(checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    headings = [line for line in done.stdout.splitlines() if line.startswith("==> ")]
    assert len(headings) == 8
    assert "mounted: the local AWS attaches the volume" in done.stdout
    pid = (checkout / ".demo/pid").read_text().strip()
    assert f"kill {pid} " in done.stdout
    assert listens(first := port(checkout))
    assert stat.S_IMODE((checkout / ".demo/env").stat().st_mode) == 0o600, "it holds the key"

    # Again, and this time nobody changes anything by hand: there is no drift to show.
    (checkout / "examples/demo/tamper.py").write_text("")
    done = demo(checkout)
    assert done.returncode == 1
    assert done.stderr.endswith("demo: exit 0 where 3 was promised\n")
    assert closes(first)
    assert closes(port(checkout))
