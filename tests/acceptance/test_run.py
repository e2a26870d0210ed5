"""A run goes on where it can, says why where it cannot, and proves what it says of the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from acceptance import run, sweep, walk
from acceptance.account import Account
from acceptance.answer import Answer, Failed, Late, NotRun
from acceptance.backend import Backend
from acceptance.mask import Mask
from acceptance.probe import Probe
from acceptance.record import Recorder
from acceptance.report import Report
from acceptance.stage import Stage

HOUR = 3600.0


def backend(name: str = "AWS", patience: float = HOUR) -> Backend:
    """Where time passes at once."""
    endpoint = "" if name == "AWS" else "http://127.0.0.1:9"
    return Backend(name, "", endpoint, lambda seconds: None, patience)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    account = Account("123456789012", "arn:aws:iam::123456789012:user/x", "us-east-1")
    recorder = Recorder(tmp_path / "recorded.jsonl", Mask(account.id))
    return Stage(backend("emulator"), account, tmp_path, recorder, lambda text: None)


def asked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *asks: Callable[[Stage], Answer]
) -> Report:
    """The report of a run whose walk is empty."""
    monkeypatch.setattr(walk, "STEPS", {run.LAST: lambda stage: Answer("removed")})
    report = Report("emulator", "", "us-east-1", "", "0.00")
    probes = [Probe(f"P{n}", "?", {"yes": "good"}, ask) for n, ask in enumerate(asks)]
    run.go(stage, report, probes)
    return report


def raises(error: Exception) -> Callable[[Stage], Answer]:
    def ask(stage: Stage) -> Answer:
        raise error

    return ask


def test_one_broken_question_is_one_line(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    report = asked(
        stage,
        monkeypatch,
        raises(ZeroDivisionError("oops")),
        raises(Failed("otherwise", {"seen": 1})),
        raises(NotRun("no such thing")),
        raises(KeyError("Schedules")),
        lambda stage: Answer("yes"),
    )
    verdicts = [(each.verdict, each.answer or each.because) for each in report.probes]
    assert verdicts == [
        ("failed", "the program failed: ZeroDivisionError('oops')"),
        ("failed", "otherwise"),
        ("not run", "no such thing"),
        ("not run", "an answer of emulator lacks 'Schedules'"),
        ("answered", "yes"),
    ]
    assert report.probes[-1].means == "good"
    assert report.probes[1].evidence == {"seen": 1}
    assert [each.id for each in report.walk] == ["removal"], "and the walk goes on"


def test_a_wait_ends_at_its_limit_and_at_a_signal(stage: Stage) -> None:
    with pytest.raises(Late, match="the moon did not come within 60 min"):
        stage.wait("the moon", lambda: None, 2 * HOUR)
    stage.stopped.set()
    with pytest.raises(NotRun, match="stopped"):
        stage.wait("the moon", lambda: None, HOUR)


def test_on_aws_a_signal_ends_a_pause_at_once(stage: Stage) -> None:
    stage.backend = backend()
    stage.stopped.set()
    with pytest.raises(NotRun, match="stopped"):
        stage.pause(HOUR)


def test_an_emulator_without_time_is_named(stage: Stage) -> None:
    stage.backend = backend("ministack", 0)
    with pytest.raises(Late, match="ministack lets no time pass: the moon did not come"):
        stage.wait("the moon", lambda: None, HOUR)


LISTED = ["reconciler-acceptance-x"]


def refusal(code: str, status: int = 400) -> botocore.exceptions.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return botocore.exceptions.ClientError(response, "ListRoles")


def swept(
    monkeypatch: pytest.MonkeyPatch, where: Backend, find: Any, remove: Any = None
) -> sweep.Swept:
    family = sweep.Family("roles", find, remove or (lambda clients, name: None))
    monkeypatch.setattr(sweep, "FAMILIES", (family,))
    monkeypatch.setattr(sweep, "PAUSE_SECONDS", 0)
    return sweep.sweep(lambda service: None, where, lambda text: None)


def test_what_cannot_be_listed_is_not_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(clients: Any) -> list[str]:
        raise refusal("AccessDenied")

    result = swept(monkeypatch, backend(), find)
    assert not result.clean
    assert "AccessDenied" in result.left["roles"]["all of them"]


def test_what_an_emulator_does_not_have_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(clients: Any) -> list[str]:
        raise refusal("InvalidAction")

    result = swept(monkeypatch, backend("emulator"), find)
    assert result.clean
    assert result.lacking == {"roles": "emulator does not have ListRoles"}


def test_what_does_not_go_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def remove(clients: Any, name: str) -> None:
        raise refusal("DeleteConflict")

    result = swept(monkeypatch, backend(), lambda clients: LISTED, remove)
    assert "DeleteConflict" in result.left["roles"]["reconciler-acceptance-x"]


def test_what_goes_in_the_end_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS takes minutes: the list names it for three more rounds."""
    rounds = iter([LISTED, LISTED, LISTED])
    result = swept(monkeypatch, backend(), lambda clients: next(rounds, []))
    assert result.clean
    assert result.removed == {"roles": LISTED}
