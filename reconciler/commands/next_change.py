"""Compute the next start and stop: from schedules, the override and the limit. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.commands.model import Ahead, Cause
from reconciler.kinds.override_end import OverrideEnd
from reconciler.schedule.hours import Hours
from reconciler.workstation.model import Group
from reconciler.workstation.runtime_tags import active_override


def next_changes(
    group: Group,
    hours: Hours,
    end: OverrideEnd | None,
    now: datetime,
    launched: datetime | None = None,
) -> Ahead:
    """Compute the next start and stop; for one that is off, the stop after that start.

    `end` is the scheduled action that stands; `launched` is when its instance began to run, None
    without one.
    """
    override = active_override(group.override, now)
    if not group.desired:
        start = hours.next_start(override.until if override else now)
        return Ahead(start, *_limited(group, start, hours.next_stop(start))) if start else Ahead()
    stop, cause = _limited(group, launched or now, hours.next_stop(now))
    if override and override.state == "on":
        off = end is not None and end.desired_capacity == 0
        if off or hours.ends_off(now, override.until):
            stop, cause = _limited(group, launched or now, override.until, "override")
        else:
            stop, cause = _limited(group, launched or now, hours.next_stop(override.until))
    return Ahead(hours.next_start(stop) if stop else None, stop, cause)


def _limited(
    group: Group, since: datetime, stop: datetime | None, cause: Cause = "schedule"
) -> tuple[datetime | None, Cause | None]:
    """The stop, or the end of the longest runtime where that comes first."""
    limit = since + timedelta(seconds=group.max_runtime) if group.max_runtime else None
    if limit and (stop is None or limit < stop):
        return limit, "max_runtime"
    return stop, cause if stop else None
