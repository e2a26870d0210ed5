"""Plant every bug, one at a time, and see that the suite catches it.

python -m tests.seeded [WORD...]     only bugs whose name holds one of the words
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.seeded.bug import Bug
from tests.seeded.bugs import BUGS

ROOT = Path(__file__).parent.parent.parent
AT_ONCE = 2
LIMIT_SECONDS = 600


def main(words: list[str]) -> int:
    """Print a line a bug; the number that got through."""
    chosen = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        caught = list(pool.map(_plant, chosen))
    print(f"\n{sum(caught)}/{len(chosen)} seeded bugs caught")
    return len(chosen) - sum(caught)


def _plant(bug: Bug) -> bool:
    with tempfile.TemporaryDirectory(prefix="seeded-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "node_modules"))
        file = copy / bug.file
        text = file.read_text()
        if text.count(bug.old) != 1:
            print(f"DOES NOT FIT  {bug.name}", flush=True)
            return False
        file.write_text(text.replace(bug.old, bug.new))
        tests = [str(path) for pattern in bug.tests for path in sorted(copy.glob(pattern))]
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        done = subprocess.run(
            command,
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        took = time.monotonic() - began
        # 1: a test failed. Anything else (no test, a usage error) proves nothing.
        first = next(
            (line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), ""
        )
        caught = done.returncode == 1 and bool(first)
        verdict = "caught" if caught else f"NOT CAUGHT (pytest exit {done.returncode})"
        print(f"{verdict:>10}  {took:5.1f} s  {bug.name}\n{'':22}{first[:110]}", flush=True)
        return caught


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
