"""Record a small site's life against the sandbox, and serve it as if it were of any size.

A world is a moment of that life: `empty` (nothing is there), `half` (the file systems are),
`steady` (everything is). A server of a world forgets nothing and learns nothing.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import sites
from benchmarks.loopback import Loopback
from benchmarks.measure import Failed, ask
from benchmarks.record import Answers, Forward

RECONCILE = (sys.executable, "-m", "reconciler")
RECORDED = 2 * sites.PER_FLEET
"""Workstations in the recording: two fleets, and every list still on one page."""

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def sandbox() -> Iterator[Forward]:
    """Start a local AWS in a process of its own; the answerer that asks it."""
    command = [*RECONCILE, "sandbox", "--port", "0", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            found = json.loads(process.stdout.readline())["environment"]
            forward = Forward(found["AWS_ENDPOINT_URL"], found["AWS_ACCESS_KEY_ID"])
            yield forward
            forward.close()
        finally:
            process.terminate()


def variables(endpoint: str) -> dict[str, str]:
    """What leads a command to this server, whatever the caller's own settings are."""
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, "AWS_CONFIG_FILE": os.devnull}


def reconcile(endpoint: str, fleets: Path, *options: str) -> dict[str, int]:
    """Run it; the summary.

    Raises: Failed.
    """
    done = subprocess.run(
        [*RECONCILE, "--fleets", str(fleets), "-o", "json", *options],
        env={**os.environ, **variables(endpoint)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(done.stdout[-2000:] + done.stderr[-2000:])
    summary: dict[str, int] = json.loads(done.stdout)["summary"]
    return summary


def settle(endpoint: str, fleets: Path) -> None:
    """Apply until nothing is left to do. A file system takes some seconds in the sandbox."""
    for _ in range(10):
        summary = reconcile(endpoint, fleets)
        if not any(number for op, number in summary.items() if op != "unchanged"):
            return
        time.sleep(3)
    raise Failed(f"{fleets} does not settle: {summary}")


def record(folder: Path) -> Mapping[str, Answers]:
    """The answers of each world, to a site of a few workstations."""
    fleets = sites.write(folder / "recorded", RECORDED)
    changed = sites.write(folder / "recorded-changed", RECORDED, changed=True)
    worlds: dict[str, Answers] = {"empty": {}, "half": {}, "steady": {}}
    with sandbox() as forward:
        proxy = Loopback(forward)
        forward.kept = worlds["empty"]
        reconcile(proxy.url, fleets)
        time.sleep(3)
        forward.kept = worlds["half"]
        reconcile(proxy.url, fleets)
        forward.kept = worlds["steady"]
        reconcile(proxy.url, fleets, "--dry-run")
        # What was asked before the change is answered as it was before the change.
        after: Answers = {}
        forward.kept = after
        reconcile(proxy.url, changed)
        worlds["steady"] = after | worlds["steady"]
        proxy.close()
    return worlds


@dataclass(frozen=True)
class Site:
    """A generated site of some size, and what its servers need."""

    size: int
    fleets: Path
    changed: Path  # one field differs
    worlds: Mapping[str, Path]  # recordings, as files


def site(folder: Path, recorded: Mapping[str, Answers], size: int, name: str = "") -> Site:
    """Write the YAML and the recordings, in a folder of this name (else the size)."""
    here = folder / (name or str(size))
    fleets = sites.write(here / "fleets", size)
    changed = sites.write(here / "changed", size, changed=True)
    files = {name: here / f"{name}.pickle" for name in recorded}
    files["empty"].write_bytes(pickle.dumps((recorded["empty"], size, [])))
    with serve(files["empty"]) as endpoint:
        command = [sys.executable, "-m", "benchmarks.hashed_names", str(fleets)]
        environment = {**os.environ, **variables(endpoint)}
        answer = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    for world, file in files.items():
        file.write_bytes(pickle.dumps((recorded[world], size, json.loads(answer))))
    return Site(size, fleets, changed, files)


@contextmanager
def serve(world: Path, latency: float = 0.0) -> Iterator[str]:
    """A server of a world in a process of its own; its address."""
    command = [sys.executable, "-m", "benchmarks.replay", str(world)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        url = process.stdout.readline().decode().strip()
        if not urlsplit(url).port:
            raise Failed(f"{' '.join(command)} did not start")
        ask(url, f"latency/{latency}")
        try:
            yield url
        finally:
            process.stdin.close()
            process.wait()
