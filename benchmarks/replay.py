"""A server of recorded answers, in a process of its own: `python -m benchmarks.replay FILE`.

It prints its address, then answers until it is ended.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from benchmarks.loopback import Loopback
from benchmarks.multiply import multiply


def main(file: Path) -> None:
    """Multiply what the file holds, and serve it."""
    recorded, size, hashed_names = pickle.loads(file.read_bytes())  # ours, of a moment ago
    print(Loopback(multiply(recorded, size, hashed_names)).url, flush=True)
    sys.stdin.read()  # ends with the one who started it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
