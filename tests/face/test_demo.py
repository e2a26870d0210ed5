"""`make demo` shows what it promises, or fails."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def demo(where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [where / "examples/demo/demo.sh"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def port(where: Path) -> int:
    environment = (where / ".demo/env").read_text()
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


def test_plan_apply_drift_repair_and_a_sandbox_to_go_on_with(tmp_path: Path) -> None:
    for folder in ("examples/demo", "fleets"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    headings = [line for line in done.stdout.splitlines() if line.startswith("==> ")]
    assert len(headings) == 7
    pid = (tmp_path / ".demo/pid").read_text().strip()
    assert f"kill {pid} " in done.stdout
    assert listens(first := port(tmp_path))

    # Again, and this time nobody changes anything by hand: there is no drift to show.
    (tmp_path / "examples/demo/tamper.py").write_text("")
    done = demo(tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("demo: exit 0 where 3 was promised\n")
    assert closes(first)
    assert closes(port(tmp_path))
