"""`--wait`: the same run again, and one report of it all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.errors import UsageError
from reconciler.plan.model import Change, Key, Op, Outcome, Plan, Report
from tests.cli.fakes import Aws, Cli
from tests.render.samples import report
from tests.support.plan_rows import plan_row, with_op

FILES = Key("us-east-1", "file_system", "acme-alice/home")
TEMPLATE = Key("us-east-1", "launch_template", "acme-alice")


def row(key: Key, outcome: Outcome = Outcome.PLANNED, reason: str = "") -> Change:
    return plan_row(Op.CREATE, key, outcome=outcome, reason=reason, error="")


FIRST = report(Plan((row(FILES), row(TEMPLATE, Outcome.WAITING, "fs-1 is being created"))))
STILL = report(
    Plan(
        (
            with_op(row(FILES, Outcome.WAITING, "fs-1 is being created"), Op.UPDATE),
            row(TEMPLATE, Outcome.WAITING, "fs-1 is being created"),
        )
    )
)
READY = report(Plan((row(TEMPLATE),), unchanged=(FILES,)))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.aws.retries.POLL_SECONDS", 0.0)


def looks(cli: Cli, *found: Report | Exception) -> Aws:
    left: Iterator[Report | Exception] = iter(found)

    def look() -> Report:
        report = next(left)
        if isinstance(report, Exception):
            raise report
        return report

    return cli.on(Aws(look))


def test_it_ends_when_all_is_ready_and_tells_the_whole(cli: Cli) -> None:
    aws = looks(cli, FIRST, STILL, READY)
    result = cli("--wait", "-o", "json")
    assert result.code == 0
    assert aws.applied == 3
    assert [(c["name"], c["outcome"]) for c in result.json["changes"]] == [
        ("acme-alice/home", "done"),
        ("acme-alice", "done"),
    ]
    assert result.json["summary"]["unchanged"] == 0  # counted once, as made


def test_without_it_the_first_report_is_the_last(cli: Cli) -> None:
    aws = looks(cli, FIRST)
    result = cli("-o", "json")
    assert result.code == 0
    assert aws.applied == 1
    assert [c["outcome"] for c in result.json["changes"]] == ["done", "waiting"]


def test_what_waits_for_a_person_is_not_waited_for(cli: Cli) -> None:
    from reconciler.plan.codes import IN_USE

    busy = replace(row(TEMPLATE, Outcome.WAITING, "i-0abc is running"), error=IN_USE)
    assert looks(cli, report(Plan((busy,)))).applied == 0
    assert cli("--wait").code == 0


def test_an_error_while_waiting_still_tells_what_was_done(cli: Cli) -> None:
    looks(cli, FIRST, UsageError("the token has expired"))
    result = cli("--wait")
    assert result.code == 1
    assert "warning: no longer waiting: the token has expired" in result.err
    assert "Done: 1 created, 0 updated, 0 deleted, 1 waiting, 0 unchanged." in result.out


def test_a_signal_while_it_reads_again_ends_it_with_the_report(cli: Cli) -> None:
    from reconciler.errors import Interrupted

    left = iter([FIRST])

    def look() -> Report:
        for found in left:
            return found
        raise Interrupted(15)

    aws = cli.on(Aws(look))
    result = cli("--wait")
    assert aws.applied == 1
    assert "warning: no longer waiting: stopped by SIGTERM" in result.err
    assert "1 created" in result.out


def test_a_signal_ends_it_with_the_report(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.cli.terminal.signals import Stop

    monkeypatch.setattr(Stop, "pause", lambda stop, seconds: setattr(stop, "number", 15))
    looks(cli, FIRST)
    result = cli("--wait")
    assert result.code == 143
    assert "Stopped: 1 created" in result.out
