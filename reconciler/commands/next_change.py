"""Compute the next start and stop: from schedules, the override and the limit. Pure."""

from __future__ import annotations

from datetime import datetime

from reconciler.commands.model import Ahead
from reconciler.kinds.override_end import OverrideEnd
from reconciler.power.next_stop import limited, next_stop
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
        return Ahead(start, *limited(group, start, hours.next_stop(start))) if start else Ahead()
    owes = end is not None and end.desired_capacity == 0
    stop, cause = next_stop(group, hours, now, launched, owes=owes)
    return Ahead(hours.next_start(stop) if stop else None, stop, cause)
