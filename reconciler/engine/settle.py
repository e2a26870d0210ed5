"""The same run, again, until AWS has finished what it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.aws.wait import POLL_SECONDS, poll
from reconciler.declare.fleet import Site
from reconciler.plan.model import Change, Outcome, Report
from reconciler.plan.read import Cloud
from reconciler.plan.run import Selection, apply, look, unsettled


def settle(
    report: Report,
    site: Site,
    cloud: Cloud,
    selection: Selection,
    on_change: Callable[[Change], None],
    doing: Callable[[str], None],
    stopped: Callable[[], bool],
    sleep: Callable[[float], None],
) -> Report:
    """Look and apply until nothing waits for AWS, `stopped()`, or half an hour has passed.

    What waits for a person (a workstation in use) is not waited for. `doing` is told what is.
    """

    latest = report

    def again() -> Report:
        nonlocal latest
        sleep(POLL_SECONDS)
        seen = look(site, cloud, selection, dry_run=False)
        latest = _joined(latest, apply(seen, site, cloud, on_change, stopped))
        return latest

    def settled(result: Report) -> bool:
        waiting = sorted({row.reason for row in unsettled(result)})
        doing(f"waiting: {'; '.join(waiting)}")
        return stopped() or not waiting

    return report if settled(report) else poll(again, settled)


def _joined(before: Report, after: Report) -> Report:
    """The later report, with what the earlier one had done."""
    later = {change.key for change in after.plan.changes}
    done = [
        change
        for change in before.plan.changes
        if change.outcome is Outcome.DONE and change.key not in later
    ]
    return replace(after, plan=replace(after.plan, changes=(*done, *after.plan.changes)))
