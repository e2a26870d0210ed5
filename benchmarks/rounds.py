"""What a loop with nothing to do holds after many rounds: `python -m benchmarks.rounds 10000`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tables, worlds
from benchmarks.measure import Failed

SIZE = 100


@dataclass(frozen=True)
class Round:
    """What the process held after a round."""

    round: int
    rss: float  # MiB
    objects: int  # that Python's garbage collector knows
    threads: int
    files: int  # open ones, sockets included
    cpu: float  # seconds since the start


def measure(site: worlds.Site, rounds: int) -> list[Round]:
    """Run so many rounds.

    Raises: Failed.
    """
    with worlds.serve(site.worlds["steady"]) as endpoint:
        command = [sys.executable, "-m", "benchmarks.looping", str(site.fleets), str(rounds)]
        done = subprocess.run(
            command,
            env={**os.environ, **worlds.variables(endpoint)},
            stdout=subprocess.PIPE,
            check=False,
        )
    if done.returncode:
        raise Failed(f"{' '.join(command)}: exit {done.returncode}")
    return [Round(**each) for each in json.loads(done.stdout)]


def table(rounds: Sequence[Round]) -> str:
    """A line per measured round."""
    lines = [
        (
            f"{each.round:,}",
            f"{each.rss:.1f}",
            f"{each.objects:,}",
            str(each.threads),
            str(each.files),
            f"{each.cpu / each.round:.2f}",
        )
        for each in rounds
    ]
    columns = ("RSS MiB", "live objects", "threads", "open files", "CPU s a round")
    return tables.table(("round",), columns, lines)


def main() -> None:
    """Measure, then print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rounds", description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=10_000)
    parser.add_argument("--size", type=int, default=SIZE, help="workstations")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        site = worlds.site(folder, worlds.record(folder), chosen.size)
        print(table(measure(site, chosen.rounds)))


if __name__ == "__main__":
    main()
