"""Time the stages people wait for, on generated fleets against the local AWS; print a table.

    python -m benchmarks [WORKSTATIONS...]

Wall time of the whole command, start-up included, as a person feels it. The sandbox answers from
the same machine, so this compares one version with the next; it is not the time AWS takes.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

REPEATS = 3
SIZES = (1, 10, 100)
RECONCILE = (sys.executable, "-m", "reconciler")
DEFAULTS = """\
site: bench
account: "123456789012"
defaults:
  region: us-east-1
  network: {subnets: {tags: {Tier: private}}}
  image: {ssm_parameter: /golden/gpu-desktop}
  instance_profile: workstation
  scheduler_role: workstation-scheduler
  gpu: {memory: 24GB}
  storage: {home: {ebs: {size: 100GiB}}}
  schedule: {start: "Mon-Fri 09:00", stop: "Mon-Fri 19:00", timezone: Europe/Berlin}
"""


def main(sizes: tuple[int, ...]) -> None:
    """One row a stage and size."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs; median of {REPEATS}\n")
    print("| stage | workstations | seconds | AWS calls |\n| --- | --: | --: | --: |")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, sandbox() as environment:
            fleets = ("--fleets", str(generate(Path(folder), size)), "-o", "json")
            look = (*fleets, "--dry-run")
            row("validate", size, ("validate", *fleets), environment)
            row("dry run, all to create", size, look, environment)
            row("run, all to create", size, fleets, environment, repeats=1)
            row("dry run, nothing to do", size, look, environment)


def row(
    stage: str,
    size: int,
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    repeats: int = REPEATS,
) -> None:
    """Run a command some times and print what it took."""
    seconds, calls = [], 0
    for _ in range(repeats):
        before = time.perf_counter()
        done = subprocess.run(
            [*RECONCILE, *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds.append(time.perf_counter() - before)
        calls = sum(json.loads(done.stdout).get("calls", {}).values())
    print(f"| {stage} | {size} | {median(seconds):.2f} | {calls or '–'} |", flush=True)


def generate(folder: Path, size: int) -> Path:
    """A site of so many workstations, ten to a fleet."""
    (folder / "_defaults.yaml").write_text(DEFAULTS)
    for first in range(0, size, 10):
        names = [f"w{number:04}" for number in range(first, min(first + 10, size))]
        lines = [f"  {name}: {{owner: {name}@example.com}}" for name in names]
        text = "\n".join([f"fleet: team-{first // 10}", "workstations:", *lines, ""])
        (folder / f"team-{first // 10}.yaml").write_text(text)
    return folder


@contextmanager
def sandbox() -> Iterator[Mapping[str, str]]:
    """A local AWS in a process of its own; the variables that lead to it."""
    command = [*RECONCILE, "sandbox", "--port", "0", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            environment: dict[str, str] = json.loads(process.stdout.readline())["environment"]
            yield environment
        finally:
            process.terminate()


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
