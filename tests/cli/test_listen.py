"""`--listen`: its pauses hear; a failed launch does not wait for the interval, nor a signal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.cli.terminal.signals import Stop
from tests.cli.fakes import Aws, Cli, Session
from tests.engine.listening import FAILURE, INTERRUPTION, FakeRegion, group, message, tags
from tests.render.samples import MIXED, NOTHING
from tests.support.fake_aws import Call

LISTEN = ("--every", "1h", "--listen")


class Ears(FakeRegion):
    """A region whose polls do as they are told, one after the other."""

    polls: list[Callable[[], Any]]

    def answer(self, call: Call) -> Mapping[str, Any]:
        if call.operation == "receive_message":
            self.polls.pop(0)()
        return super().answer(call)


@dataclass
class Hearing(Session):
    """A session whose region hears."""

    door: Ears = field(
        default_factory=lambda: Ears(
            groups={"acme-alice": group()},
            instances={"i-0abc1234": tags(**{"aws_autoscaling:groupName": "acme-alice"})},
        )
    )

    def region(self, name: str) -> Any:
        return self.door


def end() -> None:
    """A signal, in the midst of a poll."""
    signal.raise_signal(signal.SIGTERM)


class InlineThread:
    """A thread that runs where it is begun: what a test counts is in one order."""

    def __init__(self, target: Callable[[], None], name: str, daemon: bool) -> None:
        self.start = target


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.engine.polling.threading", SimpleNamespace(Thread=InlineThread))


@pytest.fixture
def aws(cli: Cli) -> Aws:
    return cli.on(Aws(NOTHING, connected=Hearing()))


def ears(aws: Aws) -> Ears:
    assert isinstance(aws.connected, Hearing)
    return aws.connected.door


def test_a_failed_launch_is_run_and_told_without_waiting(cli: Cli, aws: Aws) -> None:
    door = ears(aws)
    door.polls = [lambda: door.queue.append(message(FAILURE)), end]
    result = cli(*LISTEN)
    assert result.code == 143
    assert [selection.only for selection in aws.selections] == [(), ("alice",)]
    assert len(door.published) == 1
    assert door.queue == []
    assert result.out.count("Nothing to do") == 2
    assert "told alice@example.com: alice: not started: AWS has no Spot capacity" in result.err
    assert "looking at alice: there was an event" in result.err


def test_after_it_rounds_are_whole_again(cli: Cli, aws: Aws, monkeypatch: Any) -> None:
    now = [0.0]
    door = ears(aws)
    monkeypatch.setattr("reconciler.cli.reconcile.loop.time.monotonic", lambda: now[0])

    def hours() -> None:
        now[0] += 4000

    door.polls = [lambda: door.queue.append(message(INTERRUPTION)), hours, end]
    result = cli(*LISTEN)
    assert result.code == 143
    assert [selection.only for selection in aws.selections] == [(), ("alice",), ()]


def test_what_fails_to_run_stays_in_the_queue(cli: Cli) -> None:
    reports = iter([NOTHING, MIXED])
    aws = cli.on(Aws(lambda: next(reports), connected=Hearing()))
    door = ears(aws)
    door.polls = [lambda: door.queue.append(message(FAILURE)), end]
    result = cli(*LISTEN)
    assert aws.selections[1].only == ("alice",)
    assert len(door.queue) == 1
    assert "the run for alice failed; what woke it stays in the queue" in result.err


def test_a_loop_for_some_runs_those_alone(cli: Cli, aws: Aws) -> None:
    door = ears(aws)
    door.polls = [lambda: door.queue.append(message(FAILURE)), end]
    cli(*LISTEN, "--only", "bob")
    assert [selection.only for selection in aws.selections] == [("bob",)]
    assert len(door.published) == 1


def test_without_a_round_nothing_is_heard(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The YAML names the site, and so what the queue is heard for."""

    def pause(stop: Stop, seconds: float) -> None:
        stop.number = 15

    monkeypatch.setattr(Stop, "pause", pause)
    cli.yaml("fleet: vision\nworkstation: {}\n")
    aws = cli.on(Aws(NOTHING, connected=Hearing()))
    assert cli(*LISTEN).code == 143
    assert ears(aws).calls == []


def test_a_fault_while_listening_does_not_hurry_the_loop(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("reconciler.cli.reconcile.loop.time.monotonic", lambda: now[0])

    def report() -> Any:
        if now[0]:
            end()
        return NOTHING

    def fault() -> None:
        now[0] += 4000
        raise ZeroDivisionError("oh")

    aws = cli.on(Aws(report, connected=Hearing()))
    ears(aws).polls = [fault]
    result = cli(*LISTEN)
    assert "us-east-1: cannot listen: oh; the rounds go on" in result.err
    assert [selection.only for selection in aws.selections] == [(), ()], (
        "the next round comes at its time"
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--listen"], "--listen needs --every: a single run has ended before"),
        ([*LISTEN, "--dry-run"], "--listen sends notices and deletes events: not with --dry-run"),
    ],
    ids=["alone", "dry run"],
)
def test_where_it_means_nothing_it_is_refused(cli: Cli, options: list[str], says: str) -> None:
    result = cli(*options)
    assert result.code == 2
    assert says in result.err


def test_its_variable_makes_no_dry_run_write(
    cli: Cli, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(stop: Stop, seconds: float) -> None:
        stop.number = 15

    monkeypatch.setattr(Stop, "pause", pause)
    env = {"RECONCILE_LISTEN": "1"}
    assert cli("--every", "1h", "--dry-run", env=env).code == 143
    assert cli(env=env).code == 0
    assert ears(aws).calls == []
