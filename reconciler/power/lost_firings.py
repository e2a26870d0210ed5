"""Starts and stops that EventBridge Scheduler was to bring and did not: Auto Scaling refused the
call for too long, the role had lost its right, or AWS did not answer.

A schedule counts only if it stood before it was due and nobody has edited it since. So no edit of
the YAML ends a session (promise 8). A workstation that somebody turned on after its stop differs
from a lost stop by its instance, which is younger than the stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.aws_api import Aws
from reconciler.errors import AwsError, Where
from reconciler.kinds import schedule
from reconciler.plan.model import Finding, Key, Level, Live, Unknown
from reconciler.plan.snapshot import Snapshot
from reconciler.schedule.cron import CronRule, fires
from reconciler.schedule.live_schedules import cron_rule
from reconciler.workstation import describe
from reconciler.workstation.runtime_tags import format_time, parse_override

REPORTED_FOR = timedelta(hours=1)
"""How long runs tell of a lost start: each of them reads scaling activities to find out."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Standing:
    """A live schedule that nobody has edited, and since when it exists (UTC)."""

    rule: CronRule
    since: datetime


@dataclass(frozen=True)
class Due:
    """A workstation that is off although its last schedule, `at`, was a start."""

    key: Key  # of its group
    name: str
    at: datetime
    where: Where | None


def standing(snapshot: Snapshot) -> Mapping[tuple[str, str], tuple[Standing, ...]]:
    """Find the live, unedited schedules of each workstation, by region and name."""
    live: dict[object, Live] = {
        each.key: each
        for (kind, _), reading in snapshot.readings.items()
        if kind == schedule.NAME and not isinstance(reading, Unknown)
        for each in reading
    }
    found: dict[tuple[str, str], tuple[Standing, ...]] = {}
    for want in snapshot.desired:
        if want.key.kind != schedule.NAME or want.key not in live:
            continue
        rule, since = cron_rule(want.spec), live[want.key].attrs.get(schedule.SINCE)
        if rule is not None and since:
            workstation = (want.key.region, want.workstation)
            found[workstation] = (
                *found.get(workstation, ()),
                Standing(rule, datetime.fromisoformat(since)),
            )
    return found


def fired(standing: Iterable[Standing], action: str, at: datetime) -> bool:
    """Tell whether one of them was to start or stop the workstation `at` that time."""
    return any(
        each.rule.action == action and each.since < at and fires([each.rule], at - _SECOND, at)
        for each in standing
    )


def lost_stop(standing: Iterable[Standing], at: datetime, launched: datetime) -> bool:
    """Tell whether the stop that was due `at` did not end an instance launched before it.

    Ask only when it is too late for the stop to come, and no override holds.
    """
    return launched < at and fired(standing, "stop", at)


def refused(override: str, at: datetime) -> bool:
    """Tell whether an override, by its tag, kept the workstation off `at` that time."""
    found = parse_override(override)
    return found is not None and found.state == "off" and found.until > at


def lost_starts(due: Iterable[Due], clients: Mapping[str, Aws]) -> list[Finding]:
    """Report lost starts of groups that have done nothing since: nobody stopped them either.

    One list of activities a region, of all groups: starts are lost together, by a call too many.
    """
    by_region: dict[str, list[Due]] = {}
    for each in due:
        by_region.setdefault(each.key.region, []).append(each)
    findings: list[Finding] = []
    for region, lost in sorted(by_region.items()):
        try:
            newest = _newest(clients[region], min(each.at for each in lost))
        except AwsError as error:
            message = f"{region}: whether starts were lost could not be read: {error}"
            findings.append(Finding(Level.WARNING, "activities-unknown", message))
            continue
        findings += [
            _finding(each)
            for each in lost
            if each.key.name not in newest or newest[each.key.name] < each.at
        ]
    return findings


def _newest(aws: Aws, since: datetime) -> dict[str, datetime]:
    """Read when each group did something last."""
    found: dict[str, datetime] = {}
    for each in describe.activities(aws, since):
        name, at = each.get("AutoScalingGroupName"), each.get("StartTime")
        if isinstance(name, str) and isinstance(at, datetime):
            found[name] = max(at, found.get(name, at))
    return found


def _finding(due: Due) -> Finding:
    message = (
        f"{due.name}: its start of {format_time(due.at)} was lost: AWS could not act on it in "
        f"time, and it is not made up: `workstation start {due.name}` turns it on"
    )
    return Finding(Level.WARNING, "lost-start", message, due.where)
