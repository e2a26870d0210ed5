"""Promise 15: every start has an end, whatever becomes of its declaration and of approvals."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.declare.load import load
from reconciler.plan.model import Outcome
from reconciler.sandbox import Sandbox
from tests.power.days import ALICE, DEFAULTS, Begin, Days, begin, codes

PLAIN = ALICE % ""
NOBODY_STOPS_IT = re.sub(r"schedule: .*", "schedule: manual", PLAIN)


@pytest.fixture
def begun(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Begin:
    def start(more: str = "") -> Days:
        return begin(sandbox, monkeypatch, tmp_path, more)

    return start


def edit(days: Days, folder: Path, text: str) -> None:
    """The pull request that is merged while the workstation runs."""
    (folder / "_defaults.yaml").write_text(DEFAULTS)
    (folder / "vision.yaml").write_text(text)
    days.site = load([folder])


def test_without_any_limit_in_the_yaml_it_ends_after_24_hours(begun: Begin, tmp_path: Path) -> None:
    days = begun()
    edit(days, tmp_path, NOBODY_STOPS_IT)
    days.run()
    days.desire(1)  # Sunday, 13:00 in Berlin
    days.to("Mon 12:50")
    assert {f.field for c in days.run().plan.changes for f in c.fields} == {"next_stop"}
    days.to("Mon 13:10")
    (change,) = days.run().plan.changes
    assert "longer than its max_runtime of 24 h" in change.reason
    assert days.state() == "off"


def test_whoever_takes_the_limit_away_says_so(begun: Begin, tmp_path: Path) -> None:
    days = begun()
    edit(days, tmp_path, NOBODY_STOPS_IT + "    max_runtime: null\n")
    days.run()
    days.desire(1)
    days.to("2026-12-20 12:00")
    assert not days.run().plan.changes
    assert days.state() == "spot"


def test_one_that_left_the_yaml_while_it_was_on_keeps_its_limit(
    begun: Begin, tmp_path: Path
) -> None:
    days = begun("max_runtime: 8h")
    days.to("Mon 10:00")
    assert days.state() == "spot"
    edit(days, tmp_path, PLAIN.replace("alice", "bob"))
    report = days.run()
    [leaving] = [each for each in report.findings if each.code == "leaving"]
    assert leaving.message.startswith("alice: it is not declared any more and still on")
    assert "its max_runtime ends it 2026-11-23T16:00:00Z at the latest" in leaving.message
    assert days.state() == "spot", "nobody is cut off by a change of YAML"
    assert "leaving" in codes(days.run()), "in each run"
    days.to("Mon 17:10")
    days.run()
    assert days.state() == "off"


def test_an_approval_that_is_waited_for_holds_up_no_stop(begun: Begin, tmp_path: Path) -> None:
    days = begun("max_runtime: 8h")
    days.to("Mon 10:00")
    days.run()
    owner = replace(days.site.workstations[0], owner="mallory@example.com")
    days.site = replace(days.site, workstations=(owner,))
    days.to("Mon 17:10")
    report = days.run()
    assert "owner-changes" in codes(report)
    blocked = [row for row in report.plan.changes if row.outcome is Outcome.BLOCKED]
    assert blocked, "the new owner waits"
    assert days.state() == "off"
