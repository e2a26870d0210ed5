"""The stages of the golden image as tests run them: their environment, bash, stub programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

AMI = Path(__file__).parents[2] / "ami"


def image() -> dict[str, Any]:
    """Read ami/image.yaml."""
    found: dict[str, Any] = yaml.safe_load((AMI / "image.yaml").read_text())
    return found


def environment(values: Mapping[str, Any]) -> dict[str, str]:
    """Name each value as ami/README.md says: `nvidia.branch` is `WS_NVIDIA_BRANCH`."""
    return dict(_variables("WS", values))


def _variables(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{prefix}_{key.upper()}"
        if isinstance(value, Mapping):
            yield from _variables(name, value)
        elif isinstance(value, list):
            yield name, " ".join(map(str, value))
        elif value is not None:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)


def bash(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script, with nothing in its environment but these variables."""
    return subprocess.run(
        ["bash", "-c", script],
        check=False,
        env=variables,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


class Shell:
    """Bash with lib/common.sh, whose programs are stubs and whose files are in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()

    def stub(self, name: str, script: str) -> None:
        """Put a program first on the PATH; `$calls` is a file to which it may append."""
        path = self.programs / name
        path.write_text(f"#!/bin/bash\ncalls={self.folder}/calls\n{script}\n")
        path.chmod(0o755)

    def calls(self) -> list[str]:
        """Return what the stubs have appended."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script after lib/common.sh has been read."""
        names = ("log", "facts", "restart")
        files = " ".join(f"{name}={self.folder / name}" for name in names)
        return bash(
            f". {AMI}/lib/common.sh\nstage=test {files}\n{script}",
            self.folder,
            PATH=f"{self.programs}:{os.environ['PATH']}",
            **variables,
        )
