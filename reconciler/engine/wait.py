"""Wait for AWS (`--wait`): run again until AWS has finished what it began."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from reconciler.aws import retries
from reconciler.engine.apply import STOPPED
from reconciler.errors import ReconcilerError
from reconciler.plan.codes import IN_USE, LATER, NEEDS
from reconciler.plan.model import Change, Outcome, Report

log = logging.getLogger(__name__)


def unsettled(report: Report) -> tuple[Change, ...]:
    """List the rows that AWS is still working on: what `--wait` waits for."""
    return tuple(
        change
        for change in report.plan.changes
        if change.outcome is Outcome.WAITING and change.error not in (IN_USE, LATER, NEEDS, STOPPED)
    )


def settle(
    report: Report,
    again: Callable[[], Report],
    stopped: Callable[[], bool],
    pause: Callable[[float], None],
    on_progress: Callable[[str], None],
) -> Report:
    """Run `again` until nothing waits for AWS, `stopped()`, or time is up; one report of it all.

    What waits for a person (a workstation in use) is not waited for.
    """
    latest = report

    def look() -> Report:
        nonlocal latest
        pause(retries.POLL_SECONDS)
        if not stopped():
            latest = joined(latest, again())
        return latest

    def settled(result: Report) -> bool:
        reasons = sorted({row.reason for row in unsettled(result)})
        on_progress("; ".join(reasons))
        return stopped() or not reasons

    if settled(report):
        return report
    try:
        return retries.poll(look, settled)
    except ReconcilerError as error:  # what was done before must still be reported
        log.warning("no longer waiting: %s", error)
        return latest


def joined(before: Report, after: Report) -> Report:
    """Join two reports: rows of the earlier one that are done by now are unchanged in the later."""
    done = [change for change in before.plan.changes if change.outcome is Outcome.DONE]
    keys = {change.key for change in done}
    unchanged = tuple(key for key in after.plan.unchanged if key not in keys)
    changes = (*done, *after.plan.changes)
    return replace(after, plan=replace(after.plan, changes=changes, unchanged=unchanged))
