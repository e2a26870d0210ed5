"""What a loop with nothing to do holds after many rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from benchmarks import worlds
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
