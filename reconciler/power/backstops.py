"""What nobody asked to be up: workstations outside their hours, and instances that run too long.

Reported with what they cost; stopped where the YAML says so, a few in each run, since a wrong
time zone makes everybody look forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from reconciler.aws_api import Aws
from reconciler.declare.timers import LINGER
from reconciler.errors import AwsError, Where
from reconciler.kinds.auto_scaling_group import Instance, Runtime
from reconciler.plan.model import Finding, Key, Level
from reconciler.plan.projection import Unreadable, readable, text
from reconciler.power.lost import Standing, lost_stop
from reconciler.power.timetable import Rule, latest
from reconciler.workstation.runtime_tags import YEARS, Override, format_time

GRACE = LINGER
"""A stop comes within five minutes, and what AWS refused is tried again for fifteen more."""

FILTER_VALUES = 200
"""EC2 takes this many values in one filter (EC2 API reference, "Filtering")."""

Cost: TypeAlias = Callable[[Aws, str, str, str], str]
"""What an instance type costs in a zone and market: "$0.42/h", or "" when nobody knows."""


@dataclass(frozen=True)
class Limits:
    """What ends a workstation, as declared; for one that left the YAML, as its tags still say."""

    name: str
    max_runtime: int | None  # seconds
    where: Where | None = None
    rules: tuple[Rule, ...] = ()
    stops_outside_hours: bool = False
    leaving: bool = False  # declared nowhere any more


@dataclass(frozen=True)
class Up:
    """A workstation that runs, or should. An override keeps it on after hours, not for ever."""

    runtime: Runtime
    key: Key
    limits: Limits
    override: Override | None
    standing: tuple[Standing, ...] = ()  # its schedules, as far as they stand unedited


@dataclass(frozen=True)
class Machine:
    """What EC2 knows of an instance."""

    launched: datetime
    market: str


@dataclass(frozen=True)
class Stops:
    """Which groups to stop now, and why; and what to tell."""

    reasons: Mapping[Key, str]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Overdue:
    """One that is up too long."""

    up: Up
    since: datetime  # it should be off
    launched: datetime  # its oldest instance
    why: str
    code: str
    stop: bool
    always: bool = False  # not one of the few that a run may stop


def check(
    ups: Sequence[Up], standing: int, doors: Mapping[str, Aws], now: datetime, cost: Cost
) -> Stops:
    """Who is up too long; of those that policy stops, as many as one run may: max(1, 10 %).

    They take turns: whoever has been up beyond its end the longest, so that one that comes back
    after each stop is the youngest, and holds up nobody (docs/power.md). A stop that was lost is
    made up whatever the policy, and for as many as it concerns.
    """
    outside = {up.key: since for up in ups if (since := _outside(up, now))}
    stopped_at = {up.key: last for up in ups if (last := _last_stop(up, now))}
    asked = [up for up in ups if up.key in stopped_at or up.limits.max_runtime or up.limits.leaving]
    findings: list[Finding] = []
    machines = _machines(asked, doors, findings)
    overdue = sorted(_overdue(asked, outside, stopped_at, machines, now), key=_turn)
    few = [each for each in overdue if each.stop and not each.always][: max(1, standing // 10)]
    stopped = [each for each in overdue if each.always or each in few]
    for each in overdue:
        aws = doors[each.up.key.region]
        findings.append(_finding(each, each in stopped, _cost(each.up, machines, aws, cost)))
    over = {each.up.key for each in overdue}
    for up in asked:
        if up.limits.leaving and up.key not in over:
            aws = doors[up.key.region]
            findings.append(_leaving(up, machines, now, _cost(up, machines, aws, cost)))
    return Stops({each.up.key: each.why for each in stopped}, tuple(findings))


def _turn(overdue: _Overdue) -> tuple[datetime, datetime, str]:
    """Whose turn it is: AWS remembers it, for what was stopped and came back has a younger
    instance."""
    beyond = max(overdue.since, overdue.launched)
    return beyond, overdue.launched, overdue.up.limits.name


def _outside(up: Up, now: datetime) -> datetime | None:
    """Since when it should be off by its schedule; None within its hours, or without any."""
    rules = up.limits.rules
    if {rule.action for rule in rules} != {"start", "stop"}:
        return None
    return _last_stop(up, now)


def _last_stop(up: Up, now: datetime) -> datetime | None:
    """The stop that was to come last of all, once it is too late for it; None after a start."""
    last = None if up.override else latest(up.limits.rules, now)
    over = last is not None and last.action == "stop" and now - last.at > GRACE
    return last.at if last and over else None


def _machines(
    ups: Iterable[Up], doors: Mapping[str, Aws], findings: list[Finding]
) -> dict[str, Machine]:
    """By instance id. A filter, since an id that is gone fails a call that names it."""
    found: dict[str, Machine] = {}
    for region, aws in doors.items():
        ids = [each.id for up in ups if up.key.region == region for each in up.runtime.instances]
        for start in range(0, len(ids), FILTER_VALUES):
            chosen = {"Name": "instance-id", "Values": ids[start : start + FILTER_VALUES]}
            try:
                for group in aws.pages(
                    "ec2", "describe_instances", "Reservations", Filters=[chosen]
                ):
                    launched = readable(group, _launched_in)
                    if isinstance(launched, Unreadable):
                        message = f"{region}: how long an instance runs: {launched}"
                        findings.append(Finding(Level.WARNING, "instances-unknown", message))
                    else:
                        found.update(launched)
            except AwsError as error:
                message = f"{region}: how long instances run could not be read: {error}"
                findings.append(Finding(Level.WARNING, "instances-unknown", message))
                break
    return found


def _launched_in(reservation: Mapping[str, Any]) -> dict[str, Machine]:
    return {text(each, "InstanceId"): _machine(each) for each in reservation["Instances"]}


def _machine(instance: Mapping[str, Any]) -> Machine:
    launched = instance["LaunchTime"]
    if not isinstance(launched, datetime) or launched.year not in YEARS:
        raise Unreadable(f"LaunchTime in AWS's answer is {launched!r:.60}")
    return Machine(launched, text(instance, "InstanceLifecycle", "on-demand"))


def _overdue(
    ups: Iterable[Up],
    outside: Mapping[Key, datetime],
    stopped_at: Mapping[Key, datetime],
    machines: Mapping[str, Machine],
    now: datetime,
) -> Iterator[_Overdue]:
    for up in ups:
        limits, oldest = up.limits, _launched(up, machines, now)
        if limits.max_runtime and now - oldest >= timedelta(seconds=limits.max_runtime):
            hours = limits.max_runtime / 3600
            since = format_time(oldest)
            why = f"it has run since {since}, longer than its max_runtime of {hours:g} h"
            end = oldest + timedelta(seconds=limits.max_runtime)
            yield _Overdue(up, end, oldest, why, "max-runtime", stop=True)
        elif (at := stopped_at.get(up.key)) and lost_stop(up.standing, at, oldest):
            why = f"its stop of {format_time(at)} was lost: AWS could not act on it in time"
            yield _Overdue(up, at, oldest, why, "lost-stop", stop=True, always=True)
        elif over := outside.get(up.key):
            ended, stop = format_time(over), limits.stops_outside_hours
            why = f"it is up outside its hours, which ended {ended}, and nobody asked for it"
            yield _Overdue(up, over, oldest, why, "outside-hours", stop)


def _launched(up: Up, machines: Mapping[str, Machine], now: datetime) -> datetime:
    """When its oldest instance was launched, as far as it is known."""
    launched = (machines[each.id].launched for each in up.runtime.instances if each.id in machines)
    return min(launched, default=now)


def _leaving(up: Up, machines: Mapping[str, Machine], now: datetime, what: str) -> Finding:
    limits = up.limits
    end = "no limit on its runtime ends it"
    if limits.max_runtime:
        at = _launched(up, machines, now) + timedelta(seconds=limits.max_runtime)
        end = f"its max_runtime ends it {format_time(at)} at the latest"
    message = (
        f"{limits.name}: it is declared nowhere any more and still on ({what}); it is removed once "
        f"it is off, and {end}: `workstation stop {limits.name}` ends it now"
    )
    return Finding(Level.WARNING, "leaving", message)


def _cost(up: Up, machines: Mapping[str, Machine], aws: Aws, cost: Cost) -> str:
    """`i-0abc, g6.xlarge spot, $0.42/h`."""

    def told(each: Instance) -> str:
        market = machines[each.id].market if each.id in machines else ""
        price = cost(aws, each.type, each.zone, market) if market else ""
        return ", ".join(filter(None, (each.id, f"{each.type} {market}".strip(), price)))

    return "; ".join(map(told, up.runtime.instances)) or "no instance yet"


def _finding(overdue: _Overdue, stopped: bool, what: str) -> Finding:
    name = overdue.up.limits.name
    if stopped:
        then = "it is stopped"
    elif overdue.stop:
        then = "it is stopped in one of the next runs: a few at a time"
    else:
        then = f"`workstation stop {name}`, or `workstation extend {name} 2h`"
    where = overdue.up.limits.where
    message = f"{name}: {overdue.why} ({what}): {then}"
    return Finding(Level.WARNING, overdue.code, message, where)
