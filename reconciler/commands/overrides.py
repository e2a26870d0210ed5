"""Give and end overrides: extend, hold, off, and the part of start and stop.

What stands already is not written again, so that the same command completes what was cut off
anywhere in between. How the writes go, and what becomes of two commands at once: settle.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.aws_api import Aws
from reconciler.commands import override_writer
from reconciler.commands.override_writer import Observed
from reconciler.errors import Refused, UsageError
from reconciler.schedule.hours import Hours
from reconciler.schedule.human_time import off_end
from reconciler.workstation.model import Group
from reconciler.workstation.runtime_tags import (
    LONGEST_ON,
    NORMAL,
    Override,
    Turned,
    active_override,
    parse_override,
    parse_turned,
)


def extend(
    aws: Aws, group: Group, hours: Hours, until: datetime, by: str, now: datetime
) -> Override:
    """Keep it on until then, or as long as it is already kept on (rows 19 to 21).

    Raises: Refused when it is off, UsageError for a time past or too far away.
    """
    state = override_writer.read(aws, group)
    _refuse_off(state.group)
    meant = Override("on", _limited(group, until, now), by)
    standing = active_override(state.group.override, now)
    if standing and standing.state == "on" and standing.until >= meant.until:
        meant = replace(standing, unless_idle=False)
    return _write(aws, state, hours, meant, now)


def hold(aws: Aws, group: Group, hours: Hours, until: datetime, by: str, now: datetime) -> Override:
    """Keep it on until exactly that time. Raises: as `extend`."""
    state = override_writer.read(aws, group)
    _refuse_off(state.group)
    return _write(aws, state, hours, Override("on", _limited(group, until, now), by), now)


def off_until(
    aws: Aws, group: Group, hours: Hours, until: datetime, by: str, now: datetime
) -> Override:
    """Turn it off and keep it off; a start at that very time fires (rows 10, 11, 18).

    Raises: UsageError for a time past, or minutes before a start.
    """
    if until <= now:
        raise UsageError("the time to stay off until is in the past")
    end = off_end(until, hours.rules)
    if end <= now:
        raise UsageError("it starts by itself within minutes; `workstation stop` after that")
    return _write(aws, override_writer.read(aws, group), hours, Override("off", end, by), now)


def start_until(
    aws: Aws,
    state: Observed,
    hours: Hours,
    until: datetime,
    by: str,
    now: datetime,
    *,
    unless_idle: bool,
) -> Override:
    """Turn it on and keep it on (row 13, and `start --for`, `start --until`).

    Raises: UsageError for a time past or too far away.
    """
    until = _limited(state.group, until, now)
    return _write(aws, state, hours, Override("on", until, by, unless_idle), now)


def complete(aws: Aws, state: Observed, hours: Hours, standing: Override, now: datetime) -> None:
    """Write the missing parts of an active override that a stopped command left."""
    _write(aws, state, hours, standing, now)


def take_back(aws: Aws, state: Observed, hours: Hours, turned: Turned, now: datetime) -> bool:
    """End an override now, and turn it on or off; return whether anything was left of one, or of
    a stop that nobody asked for."""
    group = state.group
    tag, before = parse_override(group.override), parse_turned(group.override)
    over = tag is None or tag.until <= now  # one that is too long is written over
    idle = before is not None and before.idle  # or it would seem to explain what is done now
    if over and not idle and state.end is None and group.sizes == NORMAL:
        return False
    word = Turned(turned.state, turned.at, _fit(turned.by))
    override_writer.give(aws, state, hours, word, now)
    return True


def _refuse_off(group: Group) -> None:
    name = group.workstation
    if not group.desired:
        raise Refused(
            f"{name} is off, so there is nothing to keep on: `workstation start {name} --for 3h` "
            "or `--until` starts it and keeps it on"
        )


def within_limit(group: Group, until: datetime, since: datetime) -> None:
    """Check that its max_runtime, which counts from `since`, does not end it before `until`.

    Raises: UsageError.
    """
    if group.max_runtime and until - since > timedelta(seconds=group.max_runtime):
        name, hours = group.workstation, f"{group.max_runtime / 3600:g} h"
        raise UsageError(
            f"{name} runs for {hours} at most (its max_runtime): a run of `reconcile` would turn "
            "it off before that time; give an earlier one, or ask the platform team"
        )


def _limited(group: Group, until: datetime, now: datetime) -> datetime:
    if until <= now:
        raise UsageError("the time to stay on until is in the past")
    within_limit(group, until, now)
    if until - now > LONGEST_ON:
        raise UsageError(f"a workstation is kept on for {LONGEST_ON.days} days at most")
    return until


def _write(aws: Aws, state: Observed, hours: Hours, meant: Override, now: datetime) -> Override:
    """What holds after it; what stands already is left."""
    meant = replace(meant, until=meant.until.replace(microsecond=0), by=_fit(meant.by))
    standing = active_override(state.group.override, now)
    if standing and standing.agrees(meant):
        meant = standing
    override_writer.give(aws, state, hours, meant, now)
    return meant


def _fit(by: str) -> str:
    """A login as a tag takes it."""
    return "".join(c if c.isalnum() or c in "+-=._:/@" else "-" for c in by)[:100]
