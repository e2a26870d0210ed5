"""The limits, what was measured, and whether it is within them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.rounds import Round
from benchmarks.scenarios import FIRST, SECOND, STEADY, Row
from benchmarks.startup import CLICK, HELP, Start
from benchmarks.terraform import Comparison

CALLS_PER_100 = 7
CALLS_FIXED = 15
TERRAFORM_TIMES = 20
CPU_MS = 2.0
MEMORY_MIB = 300
HELP_TIMES = 2.0
AT_ONCE = 10
SWEEP_LATENCY, SWEEP_SECONDS = 0.08, 120
WARM, GROWTH = 20, 0.05
"""After so many rounds a loop has all it needs: how much more it may hold at the end."""
BASE = 1
"""Workstations of the look that stands for start-up: what a run costs whatever its size."""


@dataclass(frozen=True)
class Verdict:
    """One budget."""

    title: str
    limit: str
    measured: str
    kept: bool


def verdicts(
    rows: Sequence[Row], starts: Sequence[Start], comparison: Comparison | None
) -> Iterator[Verdict]:
    """Those that what was measured can answer."""
    looks = {(row.size, row.latency): row for row in rows if row.scenario == STEADY}
    sizes = sorted({size for size, _ in looks} - {BASE})
    quick = {size: looks[size, 0.0] for size in (BASE, *sizes) if (size, 0.0) in looks}
    for size, row in quick.items():
        if size != BASE:
            limit = CALLS_PER_100 * size // 100 + CALLS_FIXED
            yield Verdict(
                f"AWS calls, steady, {size:,} workstations",
                f"{CALLS_PER_100} per 100 + {CALLS_FIXED} = {limit}",
                str(row.cost.calls),
                row.cost.calls <= limit,
            )
    for side in comparison.sides if comparison else ():
        yield Verdict(
            f"wall beside `terraform plan`, {side.size} workstations, {_ms(side.latency)}",
            f"1/{TERRAFORM_TIMES}",
            f"1/{side.ratio:.1f}",
            side.ratio >= TERRAFORM_TIMES,
        )
    for size, row in quick.items():
        if size != BASE and BASE in quick:
            each = (row.cost.cpu - quick[BASE].cost.cpu) / (size - BASE) * 1000
            yield Verdict(
                f"CPU a workstation beyond start-up, of {size:,}",
                f"{CPU_MS:g} ms",
                f"{each:.2f} ms",
                each <= CPU_MS,
            )
    yield from _large(looks)
    yield from _help({start.title: start for start in starts})
    yield from _apply(rows)


def loop(rounds: Sequence[Round]) -> Iterator[Verdict]:
    """What the last round holds beside the first that is warm."""
    warm = next((each for each in rounds if each.round >= WARM), rounds[-1])
    last = rounds[-1]
    if last is warm:
        return
    for unit, before, after in (
        ("MiB", warm.rss, last.rss),
        ("live objects", warm.objects, last.objects),
    ):
        yield Verdict(
            f"{unit} of a loop, round {last.round:,} beside round {warm.round}",
            f"{GROWTH:.0%} more",
            f"{before:,.0f} → {after:,.0f}",
            after <= before * (1 + GROWTH),
        )
    for unit, before, after in (
        ("threads", warm.threads, last.threads),
        ("open files", warm.files, last.files),
    ):
        yield Verdict(
            f"{unit} of a loop, round {last.round:,} beside round {warm.round}",
            f"{AT_ONCE} more",  # calls meet by chance, and each of them has one
            f"{before} → {after}",
            after <= before + AT_ONCE,
        )


def _large(looks: Mapping[tuple[int, float], Row]) -> Iterator[Verdict]:
    peak = max((row.cost.rss for (size, _), row in looks.items() if size == 5000), default=None)
    if peak is not None:
        yield Verdict(
            "memory, 5,000 workstations",
            f"{MEMORY_MIB} MiB",
            f"{peak:.0f} MiB",
            peak <= MEMORY_MIB,
        )
    sweep = looks.get((5000, SWEEP_LATENCY))
    if sweep is not None:
        wall = sweep.cost.wall
        yield Verdict(
            f"wall, 5,000 workstations, {_ms(SWEEP_LATENCY)}",
            f"{SWEEP_SECONDS} s",
            f"{wall:.1f} s",
            wall <= SWEEP_SECONDS,
        )


def _help(starts: Mapping[str, Start]) -> Iterator[Verdict]:
    if HELP in starts:
        times = starts[HELP].cost.cpu / starts[CLICK].cost.cpu
        yield Verdict(
            f"CPU of `{HELP}`",
            f"{HELP_TIMES:g} × `{CLICK}`",
            f"{times:.2f} ×",
            times <= HELP_TIMES,
        )


def _apply(rows: Sequence[Row]) -> Iterator[Verdict]:
    """Calls overlap, and nothing sleeps: the wall is what the CPU and the waves of calls take."""
    for row in rows:
        if row.scenario not in (FIRST, SECOND) or row.size != 100 or not row.latency:
            continue
        most = max(row.cost.most_at_once.values())
        name = f"{row.scenario}, {row.size}, {_ms(row.latency)}"
        yield Verdict(
            f"calls at once to a service, {name}", str(AT_ONCE), str(most), most <= AT_ONCE
        )
        limit = 2 * row.cost.cpu + row.cost.calls * row.latency / AT_ONCE + 1
        yield Verdict(
            f"wall, {name}",
            f"2 × CPU + calls × latency / {AT_ONCE} + 1 s = {limit:.1f} s",
            f"{row.cost.wall:.1f} s",
            row.cost.wall <= limit,
        )


def _ms(latency: float) -> str:
    return f"{latency * 1000:.0f} ms"
