"""`--wait`: the same run again until AWS has finished, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.engine.wait import joined, settle
from reconciler.errors import Throttled, UsageError
from reconciler.plan.model import Change, Key, Op, Outcome, Plan, Report
from tests.support.plan_rows import plan_row

REGION = "us-east-1"


def change(name: str, outcome: Outcome, reason: str = "", error: str = "") -> Change:
    return plan_row(
        Op.CREATE, Key(REGION, "thing", name), outcome=outcome, reason=reason, error=error
    )


def report(*changes: Change, unchanged: tuple[str, ...] = ()) -> Report:
    keys = tuple(Key(REGION, "thing", name) for name in unchanged)
    return Report("acme", "123456789012", False, Plan(changes, unchanged=keys))


DONE = change("home", Outcome.DONE)
CREATING = change("alice", Outcome.WAITING, "fs-1 is being created")
MADE = change("alice", Outcome.DONE)


class Waiting:
    """Runs that answer in turn, and how often somebody paused for them."""

    def __init__(self, *runs: Report | Exception) -> None:
        self.runs = list(runs)
        self.pauses: list[float] = []
        self.progress: list[str] = []
        self.stopped: Callable[[], bool] = lambda: False

    def again(self) -> Report:
        run = self.runs.pop(0)
        if isinstance(run, Exception):
            raise run
        return run

    def settle(self, first: Report) -> Report:
        return settle(first, self.again, self.stopped, self.pauses.append, self.progress.append)


def outcomes(result: Report) -> dict[str, Outcome]:
    return {each.key.name: each.outcome for each in result.plan.changes}


def test_it_waits_until_it_is_done_and_reports_it_all() -> None:
    waiting = Waiting(report(CREATING, unchanged=("home",)), report(MADE, unchanged=("home",)))
    result = waiting.settle(report(DONE, CREATING))
    assert outcomes(result) == {"home": Outcome.DONE, "alice": Outcome.DONE}
    assert result.plan.unchanged == (), "what was done before is unchanged by now, and told once"
    assert len(waiting.pauses) == 2
    assert waiting.progress == ["fs-1 is being created", "fs-1 is being created", ""]


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (DONE,),
        (change("alice", Outcome.FAILED, "denied", "denied"),),
        (change("alice", Outcome.BLOCKED, "foreign", "foreign"),),
        (change("alice", Outcome.WAITING, "i-0abc is running", "in-use"),),
        (change("alice", Outcome.WAITING, "needs role x: denied", "needs"),),
        (change("alice", Outcome.WAITING, "told to stop", "stopped"),),
    ],
    ids=["nothing", "done", "failed", "blocked", "person-at-work", "needs-a-failure", "stopped"],
)
def test_what_aws_will_not_finish_is_not_waited_for(rows: tuple[Change, ...]) -> None:
    waiting = Waiting()
    first = report(*rows)
    assert waiting.settle(first) is first
    assert waiting.pauses == []


def test_a_person_at_work_does_not_prolong_the_wait_for_aws() -> None:
    at_work = change("bob", Outcome.WAITING, "i-0abc is running", "in-use")
    waiting = Waiting(report(MADE, at_work))
    result = waiting.settle(report(CREATING, at_work))
    assert outcomes(result) == {"alice": Outcome.DONE, "bob": Outcome.WAITING}
    assert len(waiting.pauses) == 1
    assert "i-0abc" not in "".join(waiting.progress)


def test_a_failure_on_the_way_ends_the_wait_and_is_told() -> None:
    failed = change("alice", Outcome.FAILED, "denied", "denied")
    waiting = Waiting(report(failed))
    assert outcomes(waiting.settle(report(CREATING))) == {"alice": Outcome.FAILED}


def test_stop_ends_the_wait_without_another_run() -> None:
    waiting = Waiting()
    waiting.stopped = lambda: bool(waiting.pauses)
    first = report(DONE, CREATING)
    assert outcomes(waiting.settle(first)) == {"home": Outcome.DONE, "alice": Outcome.WAITING}
    assert len(waiting.pauses) == 1


@pytest.mark.parametrize(
    "error",
    [
        Throttled("sts:GetCallerIdentity", "Throttling", "slow down", REGION),
        UsageError("the credentials have expired"),
    ],
    ids=["throttled", "expired"],
)
def test_a_run_that_cannot_be_made_loses_nothing_of_the_report(error: Exception) -> None:
    waiting = Waiting(report(change("bob", Outcome.DONE), CREATING), error)
    result = waiting.settle(report(DONE, CREATING))
    assert outcomes(result) == {
        "home": Outcome.DONE,
        "bob": Outcome.DONE,
        "alice": Outcome.WAITING,
    }


def test_the_longest_wait_ends_with_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.aws.retries.WAIT_LIMIT_SECONDS", 0)
    waiting = Waiting(report(CREATING))
    assert outcomes(waiting.settle(report(CREATING))) == {"alice": Outcome.WAITING}


def test_joined_keeps_the_later_findings_and_calls() -> None:
    before = Report("acme", "1", False, Plan((DONE,)), calls={"a": 1})
    after = Report("acme", "1", False, Plan((MADE,)), calls={"a": 2}, stopped=True)
    both = joined(before, after)
    assert [each.key.name for each in both.plan.changes] == ["home", "alice"]
    assert (both.calls, both.stopped) == ({"a": 2}, True)
