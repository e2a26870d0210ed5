"""Turn a workstation on, and follow its start.

By SetDesiredCapacity, not LaunchInstances: that one needs ec2:CreateFleet, ec2:RunInstances and
iam:PassRole for every developer, and AWS does not say what it does to the desired capacity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from reconciler.aws_api import Aws
from reconciler.commands import override_writer, overrides
from reconciler.commands.model import Attempt
from reconciler.power import launch_failures
from reconciler.power.failure_causes import ASKING
from reconciler.power.launch_failures import Failure, Shortage, judge
from reconciler.schedule.hours import Hours
from reconciler.workstation import read
from reconciler.workstation.model import Group, Instance
from reconciler.workstation.runtime_tags import (
    LONGEST_ON,
    NO_HOME,
    Override,
    Turned,
    active_override,
)

OUTSIDE_HOURS = timedelta(hours=4)
"""How long a start outside the hours keeps a workstation on, where the person names no time."""

Phase = Literal[
    "requested",
    "capacity",
    "booting",
    "attaching",
    "mounting",
    "home mounted",
    "ready",
    "failed",
    "stopping",
    "stopped",
]


@dataclass(frozen=True)
class StartResult:
    """The result of a request to start."""

    asked: bool  # False: it was asked for already
    override: Override | None  # what keeps it on now
    taken_back: Override | None  # what kept it off until now


@dataclass(frozen=True)
class StartProgress:
    """The progress of a workstation that comes up, read once."""

    phase: Phase
    machine: Instance | None
    failures: tuple[Failure, ...]  # newest first

    @property
    def shortage(self) -> Shortage | None:
        """All that failed, judged as one."""
        return judge(self.failures)


def begin(
    aws: Aws, group: Group, hours: Hours, until: datetime | None, by: str, now: datetime
) -> StartResult:
    """Request the start: rows 12 to 14 of the truth table.

    Outside its hours an override keeps it on for 4 hours, and where it has no hours until its
    max_runtime is over, both unless it is idle: every start has an end.

    Raises: UsageError for a time that is past or too far away, Refused when somebody gave another
    command at the same time, and that one holds.
    """
    state = override_writer.read(aws, group)
    group = state.group
    standing = active_override(group.override, now)
    kept_off = standing if standing and standing.state == "off" else None
    if until is None and standing and standing.state == "on":
        overrides.complete(aws, state, hours, standing, now)
        return StartResult(not group.desired, standing, None)
    if until is not None and standing and standing.state == "on":
        until = max(until, standing.until)
    asked, until = until is not None, until or default_end(group, hours, now)
    if until is not None:
        override = overrides.start_until(aws, state, hours, until, by, now, unless_idle=not asked)
        return StartResult(not group.desired, override, kept_off)
    turned_on = Turned("on", now, by)
    if not overrides.take_back(aws, state, hours, turned_on, now) and not group.desired:
        override_writer.set_desired(aws, state, hours, 1, now)
    return StartResult(not group.desired, None, kept_off)


def default_end(group: Group, hours: Hours, now: datetime) -> datetime | None:
    """Compute the end of a start that names no time.

    None where a stop of its schedule comes, or where its schedules could not be read, and where
    neither a schedule nor a `max_runtime` ends it.
    """
    limit = timedelta(seconds=group.max_runtime) if group.max_runtime else None
    if hours.outside(now):
        return now + (min(OUTSIDE_HOURS, limit) if limit else OUTSIDE_HOURS)
    if hours.stops or not hours.readable or limit is None:
        return None
    return now + min(limit, LONGEST_ON)


def progress(aws: Aws, group: Group, since: datetime) -> StartProgress:
    """Read the progress, and the launches that failed since then."""
    now = read.again(aws, group.name)
    if now is None or not now.desired:
        return StartProgress("stopped", None, ())
    if now.member is None:
        found = tuple(f for f in _failures(aws, now) if f.at >= since)
        return StartProgress("requested", None, found)
    instance = read.instance(aws, now.member)
    return StartProgress(_phase(group, instance), instance, ())


def _phase(group: Group, instance: Instance | None) -> Phase:
    if instance is None or instance.state == "pending":
        return "capacity"
    step = instance.phase.step
    if instance.ready:
        return "ready"
    if step == "ready":
        return "booting" if group.home == NO_HOME else "home mounted"
    return "booting" if step == "" or step == "unknown" else step  # noqa: PLR1714 - mypy narrows


def _failures(aws: Aws, group: Group) -> Iterable[Failure]:
    for activity in read.newest_activities(aws, group.name):
        failure = launch_failures.read(activity, "on-demand" if group.on_demand else "spot")
        if failure:
            yield failure


def attempts(found: Iterable[Failure]) -> tuple[Attempt, ...]:
    """Group failed launches by type, zone, market and cause; the newest first."""
    groups: dict[tuple[str, ...], Attempt] = {}
    for failure in found:
        key = (failure.instance_type, failure.zone, failure.market, failure.cause.name)
        counted = groups.get(key)
        groups[key] = Attempt(
            counted.last if counted else failure, (counted.times if counted else 0) + 1
        )
    return tuple(groups.values())


def next_step(group: Group, shortage: Shortage) -> tuple[str, datetime | None]:
    """Describe what happens without action, and when On-Demand is requested."""
    if shortage.lacking is None:
        return shortage.failure.step, None
    if group.on_demand:
        return f"{ASKING}, On-Demand", None
    if group.fallback is None:
        return f"{ASKING}; this workstation stays on Spot", None
    return ASKING, shortage.lacking + timedelta(seconds=group.fallback.after)
