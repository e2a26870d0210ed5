"""`--every`: paced by a clock that is handed in, ended by a signal, by nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.cli.terminal.signals import Stop
from reconciler.engine.loop import loop
from reconciler.plan.model import Report
from tests.cli.fakes import Aws, Cli
from tests.render.samples import HUNDRED, MIXED, NOTHING


class Rounds:
    """A clock that moves when told to, and a note of what happened when."""

    def __init__(self, takes: float = 0.0, runs: int = 3, chance: float = 0.5) -> None:
        self.now = 100.0
        self.takes = takes
        self.runs = runs
        self.chance = chance
        self.started: list[float] = []
        self.under_way = 0

    def once(self) -> None:
        self.under_way += 1
        assert self.under_way == 1
        self.started.append(self.now)
        self.now += self.takes
        self.under_way -= 1

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def run(self, interval: float) -> list[float]:
        loop(
            self.once,
            interval,
            stopped=lambda: len(self.started) >= self.runs,
            pause=self.pause,
            clock=lambda: self.now,
            random=lambda: self.chance,
        )
        return [round(b - a, 6) for a, b in zip(self.started, self.started[1:], strict=False)]


def test_the_interval_counts_from_start_to_start() -> None:
    assert Rounds(takes=40).run(300) == [300, 300]


@pytest.mark.parametrize(("chance", "apart"), [(0.0, 270), (0.5, 300), (1.0, 330)])
def test_it_varies_by_a_tenth(chance: float, apart: float) -> None:
    assert Rounds(chance=chance).run(300) == [apart, apart]


def test_a_run_longer_than_the_interval_gets_a_breath_and_never_overlaps() -> None:
    assert Rounds(takes=900).run(300) == [930, 930]


def test_it_ends_without_waiting() -> None:
    world = Rounds(runs=1)
    assert world.run(300) == []
    assert world.now == 100.0
    assert Rounds(runs=0).run(300) == []


def every(cli: Cli, monkeypatch: pytest.MonkeyPatch, reports: list[Report | Exception]) -> Aws:
    """A loop over these, ended by a SIGTERM in the pause after the last."""
    left: Iterator[Report | Exception] = iter(reports)
    count = len(reports)

    def found() -> Report:
        report = next(left)
        if isinstance(report, Exception):
            raise report
        return report

    def pause(stop: Stop, seconds: float) -> None:
        nonlocal count
        assert 30 <= seconds <= 330
        count -= 1
        if count == 0:
            stop.number = 15

    monkeypatch.setattr(Stop, "pause", pause)
    return cli.on(Aws(found))


def test_a_quiet_run_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    every(cli, monkeypatch, [NOTHING, NOTHING, NOTHING])
    result = cli("--every", "5m")
    assert result.code == 143
    assert [line[25:] for line in result.out.splitlines()] == [" Nothing to do: 41 unchanged."] * 3
    assert result.err.count("account 123456789012") == 1


def test_what_fails_does_not_end_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = every(cli, monkeypatch, [ZeroDivisionError("oh"), MIXED, NOTHING])
    result = cli("--every", "5m")
    assert result.code == 143
    assert "error: ZeroDivisionError: oh" in result.err
    assert "Nothing to do" in result.out.splitlines()[-1]
    assert aws.applied == 2


def test_each_round_is_handed_the_session_of_the_last(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = every(cli, monkeypatch, [NOTHING, ZeroDivisionError("oh"), NOTHING])
    cli("--every", "5m")
    assert aws.before == [None, aws.connected, aws.connected]


def test_bad_yaml_is_told_and_nothing_is_done(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = every(cli, monkeypatch, [NOTHING, HUNDRED])
    good = (cli.folder / "fleets/vision.yaml").read_text()
    pauses = iter(["fleet: vision\nworkstation: {}\n", good, None])

    def pause(stop: Stop, seconds: float) -> None:
        text = next(pauses)
        if text is None:
            stop.number = 2
        else:
            cli.yaml(text)

    monkeypatch.setattr(Stop, "pause", pause)
    result = cli("--every", "5m")
    assert result.code == 130
    assert "vision.yaml:2:1" in result.err
    assert aws.applied == 2
    assert "Done: 500 created" in result.out


def test_json_is_one_document_a_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    every(cli, monkeypatch, [NOTHING, ZeroDivisionError("oh"), MIXED])
    result = cli("--every", "5m", "-o", "json")
    documents = [json.loads(line) for line in result.out.splitlines()]
    assert ["error" in document for document in documents] == [False, True, False]
