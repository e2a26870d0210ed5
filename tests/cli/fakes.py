"""AWS and the plan, replaced by what a test says; and the command run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws.endpoints import Target
from reconciler.cli.reconcile.command import main
from reconciler.declare.fleet import Site
from reconciler.plan.model import Change, Outcome, Plan, Report
from reconciler.plan.selection import Selection

YAML = """
site: acme
account: "123456789012"
fleet: vision
defaults:
  region: us-east-1
  network: {subnets: {tags: {Tier: private}}}
  image: {id: ami-0123456789abcdef0}
  instance_profile: workstation
  scheduler_role: workstation-scheduler
workstations:
  alice: {owner: alice@example.com, instance_types: [g6.xlarge, g5.xlarge]}
  bob: {owner: bob@example.com, instance_types: [g6.xlarge, g5.xlarge]}
"""


@dataclass
class Session:
    """As much of a connected session as the command line uses."""

    account: str = "123456789012"
    identity: str = "arn:aws:sts::123456789012:user/ann"
    target: Target = field(default_factory=Target)
    profile: str = "default"

    def region(self, name: str) -> None:
        return None

    def calls(self) -> dict[str, int]:
        return {}

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


@dataclass
class Aws:
    """What looking finds, what applying makes of it, and what was asked."""

    report: Report | Exception | Callable[[], Report]
    outcome: Outcome = Outcome.DONE
    before_change: Callable[[], None] = lambda: None
    connected: Session | Exception = field(default_factory=Session)
    selections: list[Selection] = field(default_factory=list)
    before: list[Session | None] = field(default_factory=list)  # each round's last session
    applied: int = 0

    def connect(self, site: Site, asked: object = None, before: Session | None = None) -> Session:
        self.before.append(before)
        if isinstance(self.connected, Exception):
            raise self.connected
        return self.connected

    def make_report(
        self, site: Site, environment: object, selection: Selection, *, drift_only: bool
    ) -> Report:
        self.selections.append(selection)
        report = self.report() if callable(self.report) else self.report
        if isinstance(report, Exception):
            raise report
        return Report(site.name, report.account, True, report.plan, report.findings, report.calls)

    def apply(
        self,
        report: Report,
        site: Site,
        environment: object,
        on_change: Callable[[Change], None],
        stopped: Callable[[], bool],
    ) -> Report:
        self.applied += 1
        rows = []
        for change in report.plan.changes:
            if change.outcome is not Outcome.PLANNED:
                rows.append(change)
                continue
            if not stopped():
                self.before_change()
                rows.append(_with(change, self.outcome))
            else:
                rows.append(_with(change, Outcome.WAITING, "not done: the run was told to stop"))
            on_change(rows[-1])
        plan = Plan(tuple(rows), report.plan.unchanged, report.plan.unknown, report.plan.retained)
        return replace(report, dry_run=False, plan=plan, stopped=stopped())

    def install(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr("reconciler.aws.client.connect", self.connect)
        patch.setattr("reconciler.engine.run.make_report", self.make_report)
        patch.setattr("reconciler.engine.run.apply", self.apply)


def _with(change: Change, outcome: Outcome, reason: str = "") -> Change:
    reason = reason or ("ec2:CreateLaunchTemplate: no" if outcome is Outcome.FAILED else "")
    return replace(change, outcome=outcome, reason=reason)


@dataclass(frozen=True)
class Result:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """Runs `reconcile` in this process, in a folder with fleets/, on a pretended AWS."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._patch = patch
        self._capsys = capsys

    def yaml(self, text: str, name: str = "vision.yaml") -> Path:
        path = self.folder / "fleets" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def on(self, aws: Aws) -> Aws:
        aws.install(self._patch)
        return aws

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        with self._patch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            code = main(arguments)
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)
