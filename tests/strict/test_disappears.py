"""Somebody deletes a managed thing at any call: it comes back, or, being data, is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from reconciler.plan.model import Op, Outcome, Report
from tests.kinds import cases
from tests.strict.cache import MEMO, account
from tests.strict.conftest import Check
from tests.strict.door import Request
from tests.strict.faults import Faults
from tests.strict.invariants import broken, essence, writes
from tests.strict.manual_edits import DATA, DELETES
from tests.strict.scenario import start
from tests.strict.world import PAUSE, StrictWorld, rows
from tests.support.samples import sample

RUNS = 5


@dataclass
class DeletedMeanwhile(Faults):
    """A gate behind which somebody does something before a call."""

    world: StrictWorld | None = None
    before: int = 0
    deed: str = ""
    happened: list[bool] = field(default_factory=list)

    def begin(self, request: Request) -> None:
        """Count; at the call, the deed."""
        super().begin(request)
        if self.calls == self.before and self.world is not None:
            self.happened.append(DELETES[self.deed](self.world))

    def mark(self) -> object:
        """Whether the deed is done."""
        return len(self.happened), self.fired

    def passes(self, calls: int) -> bool:
        """Whether the deed is not due."""
        return not self.calls < self.before <= self.calls + calls and super().passes(calls)


def problems(edit: str, count: int, deed: str, k: int, lag: int) -> Iterator[str]:
    """One deed before one call."""
    begin = start(edit, count)
    aws = begin.aws.fork(k % 2)
    aws.lag = dict.fromkeys(aws.lag, lag)
    gate = DeletedMeanwhile(before=k, deed=deed)
    world = StrictWorld(aws, begin.site, gate, memo=MEMO)
    gate.world = world
    report: Report | None = None
    for _ in range(begin.runs + RUNS):
        report = world.run()
        aws.rest(PAUSE)
    assert report is not None
    if edit != "create":  # all data was in use
        for sent in writes(aws):
            if sent.operation in ("create_file_system", "create_volume"):
                yield f"made anew, and nobody asked: {sent}"
    if report.plan.changes:
        if deed not in DATA:
            yield f"not settled: {rows(report)}"
        yield from _asked(report)
        tokens = {
            finding.message.split("--approve ")[1].split()[0]
            for finding in report.findings
            if finding.code == "data-missing"
        }
        for token in sorted(tokens):
            world.run(approve=token)
            aws.rest(PAUSE)
        world.settle(3)
    yield from broken(aws, begin.strangers)
    missing = begin.essence.keys() - MEMO.once(account(aws), lambda: essence(aws)).keys()
    if missing:
        yield f"never came back: {sorted(missing)}"


def _asked(report: Report) -> Iterator[str]:
    """Data that was in use is not made anew in silence; the rest waits for the answer."""
    if not any(f.code == "data-missing" for f in report.findings):
        yield f"data is gone and nobody is told: {rows(report)}"
    for change in report.plan.changes:
        if change.op is Op.CREATE and change.outcome is Outcome.DONE:
            yield f"made anew: {change.key}"


CASES = [
    (edit, count, deed)
    for edit, count in (("create", 3), ("retag", 3), ("reroot", 1))
    for deed in sorted(DELETES)
    if not deed.startswith("efs")
] + [("retag", 4, deed) for deed in sorted(DELETES) if deed.startswith("efs")]


@pytest.mark.parametrize(
    ("edit", "count", "deed"), CASES, ids=[f"{e}-{n}-{d}" for e, n, d in CASES]
)
def test_deleted_by_hand_at_any_call(edit: str, count: int, deed: str, check: Check) -> None:
    calls = range(1, start(edit, count).calls + 1)
    every = [(k, lag) for k in calls for lag in (0, 8)]
    chosen = sample(every, 12, deed)
    cases = ((f"k={k} lag={lag}", problems(edit, count, deed, k, lag)) for k, lag in chosen)
    check(cases, len(every))


def test_every_kind_is_deleted() -> None:
    assert {kind.NAME for kind in cases.DECLARABLE} <= set(DELETES)
