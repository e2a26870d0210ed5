"""Verdicts follow from what was measured, and say nothing of what was not."""

from __future__ import annotations

from benchmarks.budgets import BASE, loop, verdicts
from benchmarks.measure import Cost
from benchmarks.rounds import Round
from benchmarks.scenarios import FIRST, STEADY, Row
from benchmarks.startup import CLICK, HELP, Start
from benchmarks.terraform import Comparison, Side


def cost(**given: float) -> Cost:
    figures = {"wall": 1.0, "cpu": 1.0, "rss": 100.0, **given}
    return Cost(figures["wall"], figures["cpu"], figures["rss"], int(figures.get("calls", 20)))


def kept(rows: list[Row], starts: list[Start], comparison: Comparison | None) -> dict[str, bool]:
    return {each.title: each.kept for each in verdicts(rows, starts, comparison)}


def test_calls_and_cpu() -> None:
    rows = [
        Row(STEADY, BASE, 0.0, cost(cpu=0.5)),
        Row(STEADY, 1000, 0.0, cost(cpu=0.5 + 0.999 * 2.1, calls=85)),
    ]
    assert kept(rows, [], None) == {
        "AWS calls, steady, 1,000 workstations": True,
        "CPU a workstation beyond start-up, of 1,000": False,
    }


def test_memory_counts_at_5000_only() -> None:
    rows = [Row(STEADY, 5000, 0.05, cost(rss=301)), Row(STEADY, 100, 0.05, cost(rss=900))]
    assert kept(rows, [], None) == {"memory, 5,000 workstations": False}


def test_a_loop_holds_what_it_held() -> None:
    cold = Round(1, 60, 50_000, 3, 9, 1.0)
    warm = Round(20, 90, 100_000, 12, 20, 10.0)
    flat = Round(100, 94, 101_000, 14, 21, 40.0)
    leaks = Round(100, 100, 300_000, 23, 31, 40.0)
    assert [each.kept for each in loop([cold, warm, flat])] == [True] * 4
    assert [each.kept for each in loop([cold, warm, leaks])] == [False] * 4
    assert not list(loop([cold]))


def test_help_beside_click() -> None:
    starts = [Start(CLICK, cost(cpu=0.05)), Start(HELP, cost(cpu=0.09))]
    assert list(kept([], starts, None).values()) == [True]


def test_an_apply_may_take_its_cpu_and_its_calls_ten_at_a_time() -> None:
    slow = Cost(6.0, 1.0, 100, 500, {"fsx": 11})
    quick = Cost(4.0, 1.0, 100, 500, {"fsx": 10})
    assert list(kept([Row(FIRST, 100, 0.05, slow)], [], None).values()) == [False, False]
    assert list(kept([Row(FIRST, 100, 0.05, quick)], [], None).values()) == [True, True]


def test_terraform_must_take_twenty_times_as_long() -> None:
    sides = (Side(100, 0.0, cost(wall=40.0), cost(wall=2.0), 1),)
    assert list(kept([], [], Comparison("", cost(), sides)).values()) == [True]
