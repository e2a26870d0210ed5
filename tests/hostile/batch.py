"""`reconcile validate` over a category, in a process that may not grow by more than 200 MB.

python -m tests.hostile.batch reads lines of JSON, `["a category", "a folder for it"]`, and forks
for each: its imports cost more than most categories. The child writes one line of JSON a case to
stdout, and what it writes to stderr to the file `stderr` in the folder. Then comes the line `null`.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reconciler.cli.reconcile.command import main
from tests.hostile.case import Case
from tests.hostile.corpus import cases

GROWTH = 200 << 20
SECONDS = 120  # a category takes one or two


def once(case: Case, folder: Path) -> dict[str, Any]:
    """What the command said, how it ended, and what it cost."""
    folder.mkdir()
    case.plant(folder)
    out, err = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        began, cpu = time.monotonic(), time.process_time()
        code = main(["validate", "--fleets", case.given, "-o", "json"])
        spent = {"cpu": time.process_time() - cpu, "wall": time.monotonic() - began}
    canary = any("canary" in path.name and "touch" not in path.name for path in folder.iterdir())
    result = {"exit": code, "out": out.getvalue(), "err": err.getvalue(), "canary": canary}
    return {"name": case.name, **result, **spent}


def limit_memory() -> None:
    """From here on, 200 MB more and no byte beyond."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + GROWTH
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def run(category: str, folder: Path) -> None:
    """Run every case of a category, in this process."""
    with (folder / "stderr").open("w") as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
    signal.alarm(SECONDS)  # a case that hangs ends its process
    limit_memory()
    for number, case in enumerate(cases(category)):
        sys.stdout.write(json.dumps(once(case, folder / str(number))) + "\n")
        sys.stdout.flush()


def serve() -> None:
    """Run one category after the other, each in a child that has imported everything."""
    os.environ["GITHUB_ACTIONS"] = "true"
    with TemporaryDirectory() as folder:
        once(Case("warm", {}, given="nowhere"), Path(folder, "warm"))
    for line in sys.stdin:
        category, folder = json.loads(line)
        child = os.fork()
        if not child:
            run(category, Path(folder))
            os._exit(0)
        os.waitpid(child, 0)
        sys.stdout.write("null\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
