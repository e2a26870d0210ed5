"""The next stop of a workstation that is on, as a tag of its group: its machine warns of it. Pure.

The tag is written once for each stop, so a run whose tags are right writes nothing. A stop that is
far away is left out: an override or an edit of the YAML may still move it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from reconciler.plan.model import Desired
from reconciler.plan.projection import ODD
from reconciler.schedule.hours import Hours
from reconciler.workstation.model import Group
from reconciler.workstation.runtime_tags import (
    active_override,
    format_next_stop,
    parse_next_stop,
)

Cause = Literal["schedule", "override", "max_runtime"]

AHEAD = timedelta(hours=1)
"""How long before a stop the tag is written: runs come more often than that, and until then a plan
of a workstation that is on is empty."""


def next_stop(
    group: Group, hours: Hours, now: datetime, launched: datetime | None, *, owes: bool = False
) -> tuple[datetime | None, Cause | None]:
    """Compute when a workstation that is on stops by itself, and what stops it.

    `launched`: when its instance began to run; None without one. `owes`: the end of its override
    turns it off, as the scheduled action says.
    """
    override = active_override(group.override, now)
    since = launched or now
    if override and override.state == "on":
        if owes or hours.ends_off(now, override.until):
            return limited(group, since, override.until, "override")
        return limited(group, since, hours.next_stop(override.until))
    return limited(group, since, hours.next_stop(now))


def limited(
    group: Group, since: datetime, stop: datetime | None, cause: Cause = "schedule"
) -> tuple[datetime | None, Cause | None]:
    """Return the stop, or the end of the longest runtime where that comes first."""
    limit = since + timedelta(seconds=group.max_runtime) if group.max_runtime else None
    if limit and (stop is None or limit < stop):
        return limit, "max_runtime"
    return stop, cause if stop else None


def announced(
    want: Desired, group: Group, hours: Hours, now: datetime, launched: datetime | None
) -> Desired:
    """Want the tag of the next stop; one of which the times make no sense stays as it is."""
    try:
        tag = wanted_tag(group, hours, now, launched)
    except ODD:
        return want
    return replace(want, spec=replace(want.spec, next_stop=tag))


def wanted_tag(group: Group, hours: Hours, now: datetime, launched: datetime | None) -> str:
    """Return the value that the tag of a group should have: often the one that it has."""
    at, cause = next_stop(group, hours, now, launched)
    known = parse_next_stop(group.next_stop)
    if at is not None and now < at <= now + AHEAD:
        return format_next_stop(at, f"its {cause}")
    return "" if known and known > now else group.next_stop
