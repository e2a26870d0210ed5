"""What was measured, as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.budgets import Verdict
from benchmarks.measure import Cost
from benchmarks.rounds import Round
from benchmarks.scenarios import Row
from benchmarks.startup import Start
from benchmarks.terraform import Comparison

HEAD = ("calls", "wall s", "CPU s", "peak MiB")


def table(names: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose last columns are numbers."""
    lines = [
        [*names, *numbers],
        [*("---" for _ in names), *("--:" for _ in numbers)],
        *rows,
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def scenarios(rows: Iterable[Row]) -> str:
    """A line per scenario, size and latency."""
    lines = [
        (row.scenario, f"{row.size:,}", f"{row.latency * 1000:.0f}", *_cost(row.cost))
        for row in rows
    ]
    return table(("what",), ("workstations", "ms a call", *HEAD), lines)


def startup(starts: Iterable[Start]) -> str:
    """A line per command."""
    lines = [(each.title, *_milliseconds(each.cost)) for each in starts]
    return table(("command",), ("wall ms", "CPU ms"), lines)


def stages(measured: Mapping[int, Mapping[str, float]]) -> str:
    """A line per stage: seconds, and how much of all."""
    names = list(next(iter(measured.values()), {}))
    lines = [(name, *(_share(by_stage, name) for by_stage in measured.values())) for name in names]
    total = ("all", *(f"{sum(by_stage.values()):.2f}" for by_stage in measured.values()))
    columns = [f"{size:,}: CPU s" for size in measured]
    return table(("stage",), columns, [*lines, total])


def loop(rounds: Iterable[Round]) -> str:
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
    return table(("round",), columns, lines)


def terraform(comparison: Comparison) -> str:
    """Both, in pairs."""
    lines = [("`terraform apply`, creating", "0", *_cost(comparison.create), "", "")]
    for side in comparison.sides:
        ms = f"{side.latency * 1000:.0f}"
        lines.append(("`terraform plan`, nothing to do", ms, *_cost(side.terraform), "", ""))
        ratios = (f"{side.ratio:.1f}", f"{side.cpu_ratio:.1f}")
        lines.append(("`reconcile --dry-run`, the same", ms, *_cost(side.reconciler), *ratios))
    return table(("what",), ("ms a call", *HEAD, "wall: times less", "CPU: times less"), lines)


def budgets(verdicts: Iterable[Verdict]) -> str:
    """A line per budget."""
    lines = [(v.title, v.limit, v.measured, "kept" if v.kept else "**over**") for v in verdicts]
    return table(("budget", "limit", "measured", "verdict"), (), lines)


def _share(by_stage: Mapping[str, float], name: str) -> str:
    return f"{by_stage[name]:.2f} ({by_stage[name] / sum(by_stage.values()):.0%})"


def _cost(cost: Cost) -> tuple[str, str, str, str]:
    return (f"{cost.calls:,}", f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.rss:.0f}")


def _milliseconds(cost: Cost) -> tuple[str, str]:
    return (f"{cost.wall * 1000:.0f}", f"{cost.cpu * 1000:.0f}")
