"""The command line as people run it: a process, its exit code, what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class CommandResult:
    """Hold what a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def finding(self) -> str:
        """The one finding that is an error."""
        (found,) = [f["message"] for f in self.json["findings"] if f["level"] == "error"]
        return str(found)


def reconcile(fleets: Path, *arguments: str, **environment: str) -> CommandResult:
    """`reconcile -f fleets …` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "-f", str(fleets), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)
