"""`--wait`: the run again, until AWS has finished what it began."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from reconciler.errors import ReconcilerError
from reconciler.plan.model import Change, Outcome, Report

log = logging.getLogger(__name__)


def settle(
    report: Report,
    again: Callable[[], Report],
    under_way: Callable[[Report], Sequence[Change]],
    pause: Callable[[], None],
    go_on: Callable[[], bool],
    on_progress: Callable[[str], None],
) -> Report:
    """Run `again` until nothing is under way or `go_on()` is false; one report of it all."""
    while (rows := under_way(report)) and go_on():
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        on_progress(f"waiting for {rows[0].key}{more}: {rows[0].reason}")
        pause()
        if not go_on():
            break
        try:
            report = joined(report, again())
        except ReconcilerError as error:  # what was done before must still be reported
            log.warning("no longer waiting: %s", error)
            break
    return report


def joined(before: Report, after: Report) -> Report:
    """The later report, with what the earlier one did: those rows are unchanged by now."""
    done = [change for change in before.plan.changes if change.outcome is Outcome.DONE]
    keys = {change.key for change in done}
    return replace(
        after,
        plan=replace(
            after.plan,
            changes=(*done, *after.plan.changes),
            unchanged=tuple(key for key in after.plan.unchanged if key not in keys),
        ),
    )
