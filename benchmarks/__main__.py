"""Measure the whole command, as people run it, and print tables: `make bench`.

make bench                         # 100, 1,000 and 5,000 workstations
make bench SIZES=100               # quick
make bench JSON=bench.json         # also to a file
TF_PLUGIN_MIRROR=... make bench    # beside Terraform, if its AWS provider is there
python -m benchmarks --only-loop --rounds 10000    # an hour
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import reconciler
from benchmarks import budgets, rounds, scenarios, startup, tables, terraform, worlds
from benchmarks.budgets import Verdict
from benchmarks.scenarios import Row
from benchmarks.startup import Start

RIVAL_SIZE = 100
FEW, MANY = 100, 1000
"""Beyond few, only the steady look is measured more than once; beyond many, nothing is."""


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("sizes", type=int, nargs="*", default=[100, 1000, 5000])
    parser.add_argument("--latency", type=float, nargs="*", default=[0, 50], help="ms a call")
    parser.add_argument("--times", type=int, default=3, help="runs to take the median of")
    parser.add_argument("--apply-up-to", type=int, default=1000, help="largest first apply")
    parser.add_argument("--rounds", type=int, default=100, help="rounds of a loop")
    parser.add_argument("--only-loop", action="store_true", help="measure nothing else")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--no-terraform", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure, then print."""
    chosen = options()
    latencies = tuple(ms / 1000 for ms in chosen.latency)
    # As pip leaves an installed package: no start has to.
    compileall.compile_dir(Path(reconciler.__file__).parent, quiet=1)
    before, begun = os.getloadavg()[0], time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        recorded = worlds.record(folder)
        loop = rounds.measure(worlds.site(folder, recorded, rounds.SIZE, "loop"), chosen.rounds)
        if chosen.only_loop:
            print(tables.loop(loop))
            return
        small = worlds.site(folder, recorded, budgets.BASE)
        rows = [scenarios.steady(small, 0.0, chosen.times)]
        stages: dict[int, Mapping[str, float]] = {}
        starts: list[startup.Start] = []
        for size in chosen.sizes:
            site = worlds.site(folder, recorded, size)
            rows += _rows(site, latencies, chosen)
            stages[size] = _stages(site)
            starts = starts or list(startup.measure(site.fleets, size, 3 * chosen.times))
        comparison, missing = _compare(folder, latencies, chosen)
    verdicts = [*budgets.verdicts(rows, starts, comparison), *budgets.loop(loop)]
    after = os.getloadavg()[0]
    machine = (
        f"Python {platform.python_version()}, {os.cpu_count()} CPUs, "
        f"load {before:.1f} before and {after:.1f} after; medians of {chosen.times}; "
        f"{(time.monotonic() - begun) / 60:.0f} minutes"
    )
    print(f"{machine}\n\n{tables.scenarios(rows)}")
    print(f"{tables.startup(starts)}\n{tables.stages(stages)}")
    print(f"A loop with nothing to do, {rounds.SIZE} workstations\n\n{tables.loop(loop)}")
    if comparison:
        print(f"{comparison.versions}, {RIVAL_SIZE} workstations\n\n{tables.terraform(comparison)}")
    else:
        print(f"Not compared with Terraform: {missing}.\n")
    print(tables.budgets(verdicts))
    if max(before, after) > (os.cpu_count() or 1):
        print("The machine had other work: judge CPU and calls, not seconds of wall.")
    if chosen.json:
        document = {
            "version": 1,
            "machine": machine,
            "scenarios": [asdict(row) for row in rows],
            "startup": [_titled(start) for start in starts],
            "stages": stages,
            "loop": [asdict(each) for each in loop],
            "terraform": asdict(comparison) if comparison else None,
            "budgets": [_titled(verdict) for verdict in verdicts],
        }
        chosen.json.write_text(json.dumps(document, indent=2) + "\n")


def _titled(row: Start | Verdict) -> dict[str, Any]:
    """Return the fields of a row; the file calls a title `what`."""
    fields = asdict(row)
    return {"what": fields.pop("title"), **fields}


def _rows(
    site: worlds.Site, latencies: tuple[float, ...], chosen: argparse.Namespace
) -> Iterator[Row]:
    times = chosen.times if site.size <= FEW else 1
    for latency in latencies:
        yield scenarios.steady(site, latency, chosen.times if site.size <= MANY else 1)
        yield from scenarios.one_field(site, latency, times)
        if site.size <= chosen.apply_up_to:
            yield from scenarios.first(site, latency, times)
    if site.size == 5000:
        yield scenarios.steady(site, budgets.SWEEP_LATENCY, 1)


def _stages(site: worlds.Site) -> Mapping[str, float]:
    with worlds.serve(site.worlds["steady"]) as endpoint:
        output = subprocess.run(
            [sys.executable, "-m", "benchmarks.stages", str(site.fleets)],
            env={**os.environ, **worlds.variables(endpoint)},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    measured: dict[str, float] = json.loads(output)["stages"]
    return measured


def _compare(
    folder: Path, latencies: tuple[float, ...], chosen: argparse.Namespace
) -> tuple[terraform.Comparison | None, str]:
    """The comparison, or why there is none."""
    if chosen.no_terraform:
        return None, "--no-terraform was given"
    try:
        rival = terraform.find(folder)
    except terraform.Absent as absent:
        return None, str(absent)
    return terraform.compare(rival, folder, RIVAL_SIZE, latencies, chosen.times), ""


if __name__ == "__main__":
    main()
