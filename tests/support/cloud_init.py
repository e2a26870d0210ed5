"""cloud-init's own code, where this machine has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

MISSING = "cloud-init is not installed, and CLOUD_INIT names no folder with its code"

READER = Path(__file__).parents[1] / "machine" / "read_by_cloud_init.py"
PACKAGES = ("cloudinit", "configobj", "jsonpatch.py", "jsonpointer.py")


def _folder() -> str:
    folder = os.environ.get("CLOUD_INIT", "/usr/lib/python3/dist-packages")
    needed = (Path(folder) / name for name in PACKAGES)
    return folder if all(path.exists() for path in needed) else ""


FOLDER = _folder()
"""The folder with the packages; "" where there is none."""


def read(raw: bytes) -> dict[str, Any]:
    """Return what cloud-init makes of user data. Raises: CalledProcessError where it refuses it."""
    python = [sys.executable, str(READER), FOLDER]
    done = subprocess.run(python, input=raw, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def write(path: str, content: bytes) -> None:
    """Write a file that may be run."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(0o755)
