"""Run from a loaded declaration to the report: read, plan, guard, apply, wait.

`make_report` decides and writes nothing, `apply` writes, and `reconcile` joins them: the command,
the loop, the listener and the library (`reconciler.plan`, `reconciler.apply`) all call it. A dry
run ends between the two; neither half knows whether it is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.engine import apply as executor
from reconciler.engine.environment import Environment
from reconciler.engine.read import read, read_pools
from reconciler.engine.wait import settle, unsettled
from reconciler.errors import Interrupted, ReconcilerError
from reconciler.plan import guard, review
from reconciler.plan.approval import Approved, require_approved
from reconciler.plan.digest import digest_of
from reconciler.plan.kind import Scope
from reconciler.plan.live import count_workstations
from reconciler.plan.model import Change, Report
from reconciler.plan.plan import make_plan
from reconciler.plan.selection import Selection, in_regions, select
from reconciler.plan.sensitive import with_sensitive
from reconciler.power.overlay import apply_runtime_state
from reconciler.schedule.preview import with_preview


def _ignore(_event: Any) -> None:
    """Hear nothing."""


def _never() -> bool:
    """Let the run go on."""
    return False


@dataclass(frozen=True)
class Hooks:
    """Functions of the caller that a run calls, and how the caller ends it early.

    `reading` is entered around each stage that only reads: it may raise `Interrupted` there.
    `on_plan` gets each report that is about to be applied, or, of a dry run, is the result.
    `on_change` gets each row as it ends, from whichever thread it ends in.
    `on_wait` gets the reasons why the run waits for AWS.
    `stopped` answers whether no further change may begin; `pause` sleeps for so many seconds.
    """

    reading: Callable[[], AbstractContextManager[object]] = nullcontext
    on_plan: Callable[[Report], None] = _ignore
    on_change: Callable[[Change], None] = _ignore
    on_wait: Callable[[str], None] = _ignore
    stopped: Callable[[], bool] = _never
    pause: Callable[[float], None] = time.sleep


def reconcile(
    site: Site,
    environment: Environment,
    selection: Selection,
    *,
    dry_run: bool = False,
    drift_only: bool = False,
    approved: Approved | None = None,
    wait: bool = False,
    hooks: Hooks = Hooks(),
) -> Report:
    """Make AWS match the declaration, and report the outcome of each difference.

    `dry_run` writes nothing. `drift_only` repairs, and leaves another image or subnet behind an
    unchanged declaration. `approved` is the only plan that may be applied. `wait` runs again until
    AWS has finished what it began: `Report.unfinished` says when it has not.

    Raises: OtherPlan when the plan is not the approved one; UsageError when the selection matches
    nothing, or the credentials end; Interrupted when `hooks.reading` raises it.
    """

    def plan() -> Report:
        with hooks.reading():
            report = make_report(site, environment, selection, drift_only=drift_only)
            return with_preview(report, site, environment.now())

    def again() -> Report:
        try:
            report = plan()
        except Interrupted as error:  # what was done before must still be reported
            raise ReconcilerError(f"stopped by {error}") from error
        hooks.on_plan(report)
        return apply(report, site, environment, hooks.on_change, hooks.stopped)

    report = plan()
    report = replace(report, digest=digest_of(report, environment.kinds))
    if approved:
        require_approved(approved, report, environment.kinds)
    hooks.on_plan(report)
    if dry_run:
        return report
    report = apply(report, site, environment, hooks.on_change, hooks.stopped)
    if not wait:
        return report
    report = settle(report, again, hooks.stopped, hooks.pause, hooks.on_wait)
    return replace(report, stopped=hooks.stopped(), unfinished=bool(unsettled(report)))


def make_report(
    site: Site, environment: Environment, selection: Selection, *, drift_only: bool = False
) -> Report:
    """Read both sides, compare them and hold back what needs a person. Writes nothing.

    Raises: UsageError when the selection matches nothing, or the credentials end meanwhile.
    """
    selected = in_regions(site, selection)
    clients = {region: environment.reader(region) for region in selected.regions}
    snapshot = read(selected, environment, clients, drift_only=drift_only)
    resolved = snapshot.resolved
    effective = apply_runtime_state(
        snapshot, clients, resolved.now, environment.pool, environment.cost
    )
    plan = make_plan(effective.desired, snapshot.readings, resolved.blocked, environment.kinds)
    plan = select(plan, effective.desired, site, selection)
    guarded = guard.check(
        plan,
        environment.kinds,
        resolved.workstations,
        read_pools(plan, resolved, environment, clients),
        count_workstations(snapshot.readings),
        selection.approvals,
    )
    return Report(
        site=site.name,
        account=environment.account,
        dry_run=True,
        plan=with_sensitive(guarded.plan, environment.kinds),
        findings=(
            *review.declaration_findings(plan, site, resolved.now),
            *snapshot.findings,
            *(finding for _, finding in resolved.findings),
            *effective.findings,
            *guarded.findings,
            *review.findings(guarded.plan, resolved),
        ),
        calls=environment.calls(),
    )


def apply(
    report: Report,
    site: Site,
    environment: Environment,
    on_change: Callable[[Change], None],
    stopped: Callable[[], bool],
) -> Report:
    """Write what a report plans, and return the report with the outcome of each row."""
    plan = executor.apply(
        report.plan,
        environment.kinds,
        environment.writer,
        Scope(site.name, environment.now(), site.ignore_tags),
        on_change,
        stopped,
        environment.pool,
    )
    calls = environment.calls()
    return replace(report, dry_run=False, plan=plan, calls=calls, stopped=stopped())
