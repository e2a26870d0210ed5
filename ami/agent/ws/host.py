"""The machine that the agent runs on: files, programs and the clock. Tests hand in another one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple


class Result(NamedTuple):
    """What a program ended with. `code` 127: it is not installed, 124: it took too long."""

    code: int
    output: str


class Host:
    """A machine, with its files below `root`."""

    def __init__(self, root: str = "/") -> None:
        self.root = Path(root)

    def path(self, name: str) -> Path:
        """Return the path of a file by its absolute name."""
        return self.root / name.lstrip("/")

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        """Write a file by its absolute name: whole, or not at all; with its folders.

        Only for folders of root: it follows symbolic links of folders.
        """
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".ws-")
        with os.fdopen(handle, "w") as file:
            file.write(text)
            os.fchmod(handle, mode)
        Path(temporary).replace(path)
        return path

    def run(self, *command: str, timeout: float = 60, text: str = "") -> Result:
        """Run a program with `text` as its input; its output and errors are one text.

        When its time is over, it is killed with all that it started.
        """
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            return Result(127, f"{command[0]}: {error.strerror}")
        try:
            output, _ = child.communicate(text, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            # One that waits for a dead file server dies when the kernel lets it: do not wait.
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(2)
            return Result(124, f"{command[0]} did not end within {timeout:.0f} s")
        finally:
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    pipe.close()
        return Result(child.returncode, output.strip())

    def do(self, *command: str) -> str:
        """Run a program that has to work, and return its output. Raises: OSError."""
        done = self.run(*command, timeout=600)
        if done.code:
            raise OSError(f"{command[0]}: {done.output or done.code}")
        return done.output

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def log(self, line: str) -> None:
        """Write a line to the journal."""
        print(line, file=sys.stderr, flush=True)
