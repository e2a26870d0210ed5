"""Limits: workstations outside their hours, and instances that run longer than `max_runtime`.

Reported with what they cost; stopped where the YAML says so, a few in each run, since a wrong
time zone puts everybody outside of their hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from reconciler.aws_api import Aws
from reconciler.declare.timers import LINGER
from reconciler.errors import AwsError, Where
from reconciler.kinds import auto_scaling_group
from reconciler.plan.model import Finding, Key, Level
from reconciler.power.lost_firings import Standing, lost_stop
from reconciler.schedule.cron import CronRule, latest
from reconciler.workstation import read
from reconciler.workstation.model import Group, Instance, Member
from reconciler.workstation.runtime_tags import active_override, format_time

GRACE = LINGER
"""A stop comes within five minutes, and what AWS refused is tried again for fifteen more."""

Cost: TypeAlias = Callable[[Aws, str, str, str], str]
"""What an instance type costs in a zone and market: "$0.42/h", or "" when nobody knows."""


@dataclass(frozen=True)
class Limits:
    """The limits of a workstation, as declared; for one that left the YAML, as its tags say."""

    name: str
    max_runtime: int | None  # seconds
    where: Where | None = None
    rules: tuple[CronRule, ...] = ()
    stops_outside_hours: bool = False
    leaving: bool = False  # declared nowhere any more
    standing: tuple[Standing, ...] = ()  # its schedules, as far as they stand unedited


@dataclass(frozen=True)
class Candidate:
    """A workstation that is on or was asked to be, and the limits that may end it."""

    group: Group
    limits: Limits

    @property
    def key(self) -> Key:
        """The key of its group."""
        return Key(self.group.region, auto_scaling_group.NAME, self.group.name)


@dataclass(frozen=True)
class Stops:
    """The groups to stop now, with reasons, and the findings."""

    reasons: Mapping[Key, str]
    findings: tuple[Finding, ...]
    launched: Mapping[Key, datetime]  # when the instance of each candidate was launched, if known


@dataclass(frozen=True)
class _Overdue:
    """One that is up too long."""

    candidate: Candidate
    since: datetime  # it should be off
    launched: datetime  # its oldest instance
    why: str
    code: str
    stop: bool
    always: bool = False  # not one of the few that a run may stop


def check(
    candidates: Sequence[Candidate],
    standing: int,
    clients: Mapping[str, Aws],
    now: datetime,
    cost: Cost,
) -> Stops:
    """Choose workstations over a limit; by policy one run stops at most max(1, 10 %) of all.

    They take turns: whoever has been up beyond its end the longest, so that one that comes back
    after each stop is the youngest, and holds up nobody (docs/power.md). A stop that was lost is
    made up whatever the policy, and for as many as it concerns.
    """
    outside = {each.key: since for each in candidates if (since := _outside(each, now))}
    stopped_at = {each.key: last for each in candidates if (last := _last_stop(each, now))}
    asked = [
        each
        for each in candidates
        if each.key in stopped_at or each.limits.max_runtime or each.limits.leaving
    ]
    findings: list[Finding] = []
    instances = _instances(asked, clients, findings)
    overdue = sorted(_overdue(asked, outside, stopped_at, instances, now), key=_turn)
    few = [each for each in overdue if each.stop and not each.always][: max(1, standing // 10)]
    stopped = [each for each in overdue if each.always or each in few]
    for each in overdue:
        aws = clients[each.candidate.key.region]
        costs = _cost(each.candidate, instances, aws, cost)
        findings.append(_finding(each, each in stopped, costs))
    over = {each.candidate.key for each in overdue}
    for candidate in asked:
        if candidate.limits.leaving and candidate.key not in over:
            costs = _cost(candidate, instances, clients[candidate.key.region], cost)
            findings.append(_leaving(candidate, instances, now, costs))
    launched = {each.key: _launched(each, instances, now) for each in asked}
    return Stops({each.candidate.key: each.why for each in stopped}, tuple(findings), launched)


def _turn(overdue: _Overdue) -> tuple[datetime, datetime, str]:
    """Whose turn it is: AWS remembers it, for what was stopped and came back has a younger
    instance."""
    beyond = max(overdue.since, overdue.launched)
    return beyond, overdue.launched, overdue.candidate.limits.name


def _outside(candidate: Candidate, now: datetime) -> datetime | None:
    """Since when it should be off by its schedule; None within its hours, or without any."""
    rules = candidate.limits.rules
    if {rule.action for rule in rules} != {"start", "stop"}:
        return None
    return _last_stop(candidate, now)


def _last_stop(candidate: Candidate, now: datetime) -> datetime | None:
    """The stop that was to come last of all, once it is too late for it; None after a start.

    An override keeps it on after hours, not for ever.
    """
    override = active_override(candidate.group.override, now)
    last = None if override else latest(candidate.limits.rules, now)
    over = last is not None and last.action == "stop" and now - last.at > GRACE
    return last.at if last and over else None


def _instances(
    candidates: Iterable[Candidate], clients: Mapping[str, Aws], findings: list[Finding]
) -> dict[str, Instance]:
    """Read the instances of these, by id."""
    found: dict[str, Instance] = {}
    for region, aws in clients.items():
        ids = [
            member.id
            for each in candidates
            if each.key.region == region
            for member in each.group.staying
        ]
        try:
            for instance in read.ec2_instances(aws, ids):
                if isinstance(instance, Instance):
                    found[instance.id] = instance
                else:
                    message = f"{region}: how long an instance runs: {instance}"
                    findings.append(Finding(Level.WARNING, "instances-unknown", message))
        except AwsError as error:
            message = f"{region}: how long instances run could not be read: {error}"
            findings.append(Finding(Level.WARNING, "instances-unknown", message))
    return found


def _overdue(
    candidates: Iterable[Candidate],
    outside: Mapping[Key, datetime],
    stopped_at: Mapping[Key, datetime],
    instances: Mapping[str, Instance],
    now: datetime,
) -> Iterator[_Overdue]:
    for each in candidates:
        limits, oldest = each.limits, _launched(each, instances, now)
        if limits.max_runtime and now - oldest >= timedelta(seconds=limits.max_runtime):
            hours = limits.max_runtime / 3600
            since = format_time(oldest)
            why = f"it has run since {since}, longer than its max_runtime of {hours:g} h"
            end = oldest + timedelta(seconds=limits.max_runtime)
            yield _Overdue(each, end, oldest, why, "max-runtime", stop=True)
        elif (at := stopped_at.get(each.key)) and lost_stop(limits.standing, at, oldest):
            why = f"its stop of {format_time(at)} was lost: AWS could not act on it in time"
            yield _Overdue(each, at, oldest, why, "lost-stop", stop=True, always=True)
        elif over := outside.get(each.key):
            ended, stop = format_time(over), limits.stops_outside_hours
            why = f"it is on outside its hours, which ended {ended}, without an override"
            yield _Overdue(each, over, oldest, why, "outside-hours", stop)


def _launched(candidate: Candidate, instances: Mapping[str, Instance], now: datetime) -> datetime:
    """When its oldest instance was launched, as far as it is known."""
    ids = (member.id for member in candidate.group.staying)
    return min((instances[id_].launched for id_ in ids if id_ in instances), default=now)


def _leaving(
    candidate: Candidate, instances: Mapping[str, Instance], now: datetime, costs: str
) -> Finding:
    limits = candidate.limits
    end = "no limit on its runtime ends it"
    if limits.max_runtime:
        at = _launched(candidate, instances, now) + timedelta(seconds=limits.max_runtime)
        end = f"its max_runtime ends it {format_time(at)} at the latest"
    message = (
        f"{limits.name}: it is not declared any more and still on ({costs}); a run removes it when "
        f"it is off, and {end}: `workstation stop {limits.name}` ends it now"
    )
    return Finding(Level.WARNING, "leaving", message)


def _cost(candidate: Candidate, instances: Mapping[str, Instance], aws: Aws, cost: Cost) -> str:
    """`i-0abc, g6.xlarge spot, $0.42/h`."""

    def of(member: Member) -> str:
        market = instances[member.id].market if member.id in instances else ""
        price = cost(aws, member.type, member.zone, market) if market else ""
        return ", ".join(filter(None, (member.id, f"{member.type} {market}".strip(), price)))

    return "; ".join(map(of, candidate.group.staying)) or "no instance yet"


def _finding(overdue: _Overdue, stopped: bool, costs: str) -> Finding:
    limits = overdue.candidate.limits
    if stopped:
        then = "it is stopped"
    elif overdue.stop:
        then = "one of the next runs stops it: each run stops only a few"
    else:
        then = f"`workstation stop {limits.name}`, or `workstation extend {limits.name} 2h`"
    message = f"{limits.name}: {overdue.why} ({costs}): {then}"
    return Finding(Level.WARNING, overdue.code, message, limits.where)
