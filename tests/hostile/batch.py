"""`reconcile validate` over one category, in a process that may not grow by more than 200 MB.

python -m tests.hostile.batch <category> <folder> writes one line of JSON a case to stdout.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from reconciler.cli.reconcile import main
from tests.hostile.case import Case
from tests.hostile.corpus import cases

GROWTH = 200 << 20


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
    """Every case of a category; the first, a good one, imports everything."""
    os.environ["GITHUB_ACTIONS"] = "true"
    folder.mkdir()
    once(Case("warm", {}, given="nowhere"), folder / "warm")
    limit_memory()
    for number, case in enumerate(cases(category)):
        sys.stdout.write(json.dumps(once(case, folder / str(number))) + "\n")


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]))
