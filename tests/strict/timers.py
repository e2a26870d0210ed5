"""Time that passes on a `timed` account, and what AWS does meanwhile: nobody's call.

Schedules fire and are tried again, scheduled actions run, instances come and go. Reads are up to
date once a minute has passed: the strict choice, since AWS tells of no longer lag.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from reconciler.sandbox.services.expressions import read
from tests.strict import autoscaling, instances
from tests.strict.aws import START, Here, Refusal, Sent, StrictAws
from tests.strict.scheduled_actions import LATE, SIZES
from tests.strict.tables import Record

WAITS = (30.0, 60.0, 120.0, 240.0)
"""Seconds between a refused schedule and its next tries. AWS says "exponential backoff"; how many
there are, and until when, is the schedule's own."""

MINUTE = 60.0
AHEAD = timedelta(days=4)


def at(aws: StrictAws) -> datetime:
    """The moment, to compare with what is due."""
    return START + timedelta(seconds=aws.seconds)


def forward(aws: StrictAws, until: datetime) -> None:
    """Let time pass until then; what is due happens on the way, in order."""
    end = (until - START).total_seconds()
    long = end - aws.seconds >= MINUTE
    while (due := _next(aws)) <= end:
        aws.seconds = due
        for here in _regions(aws, "scheduler"):
            _fire(here, due)
        for here in _regions(aws, "autoscaling"):
            _act(here, due)
            autoscaling.tick(here)
    aws.seconds = max(end, aws.seconds)
    if long:
        aws.settled()


def _regions(aws: StrictAws, service: str) -> Iterator[Here]:
    for name, region in list(aws.stores):
        if name == service:
            yield Here(aws, service, region, Sent(0, "aws", region, service, "time", {}))


def _next(aws: StrictAws) -> float:
    """When something is due next: whole minutes for what runs, else its own time."""
    times = [float("inf")]
    for here in _regions(aws, "autoscaling"):
        if any(instances.busy(group) for group in here.all("groups").values()):
            times.append((aws.seconds // MINUTE + 1) * MINUTE)
        times += [_due(action) for action in here.all("actions").values()]
    for here in _regions(aws, "scheduler"):
        times += [retry["DueAt"] for retry in here.all("retries").values()]
        for schedule in here.all("schedules").values():
            if schedule["State"] == "ENABLED":
                times += [instant for instant in _fires(schedule) if instant > aws.seconds][:1]
    return min(times)


def _due(action: Record) -> float:
    return float((action["StartTime"] - START).total_seconds()) + LATE


def _fires(schedule: Record) -> tuple[float, ...]:
    bounds = [schedule.get(name) for name in ("StartDate", "EndDate")]
    times = _times(schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"], *bounds)
    window = MINUTE * schedule["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0)
    return tuple(instant + _spread(schedule["Arn"], instant, window) for instant in times)


def _spread(arn: str, time: float, window: float) -> float:
    """Somewhere within its window, another place each time (D, "flexible time windows")."""
    share = int(hashlib.sha256(f"{arn} {time}".encode()).hexdigest()[:4], 16) / 0xFFFF
    return float(int(window * share))


@cache
def _times(
    expression: str, zone: str, begin: datetime | None, end: datetime | None
) -> tuple[float, ...]:
    """Seconds from the start of the account; the end itself does not fire (M, CreateSchedule)."""
    tick = timedelta.resolution
    after = max(START, begin or START) - tick
    until = min(START + AHEAD, end or START + AHEAD) - tick
    rule, found = read(expression, ZoneInfo(zone), START), []
    while fire := rule.following(after, until):
        found.append((fire - START).total_seconds())
        after = fire
    return tuple(found)


def _fire(here: Here, now: float) -> None:
    for key, retry in list(here.all("retries").items()):
        if retry["DueAt"] <= now:
            here.drop("retries", key)
            _invoke(here, key, retry["FiredAt"], retry["Count"], now)
    for key, schedule in here.all("schedules").items():
        if schedule["State"] == "ENABLED" and now in _fires(schedule):
            _invoke(here, key, now, 0, now)


def _invoke(here: Here, key: str, fired: float, count: int, now: float) -> None:
    """Its target's call. Refused, it is tried again, until its policy says that it is enough."""
    schedule = here.all("schedules").get(key)
    if not schedule or not schedule["Target"]["Arn"].endswith(":setDesiredCapacity"):
        return
    target = schedule["Target"]
    try:
        set_capacity(here.of("autoscaling"), json.loads(target["Input"]))
    except Refusal:
        policy = target["RetryPolicy"]
        due = now + WAITS[min(count, len(WAITS) - 1)]
        too_old = due - fired > policy["MaximumEventAgeInSeconds"]
        if count < policy["MaximumRetryAttempts"] and not too_old:
            here.put("retries", key, {"DueAt": due, "FiredAt": fired, "Count": count + 1})


def set_capacity(here: Here, parameters: Record) -> None:
    """Set the desired capacity as a schedule does."""
    sent = Sent(0, "schedule", here.region, "autoscaling", "set_desired_capacity", parameters)
    autoscaling.set_desired_capacity(Here(here.aws, "autoscaling", here.region, sent), parameters)


def _act(here: Here, now: float) -> None:
    """Scheduled actions at their time; one that does not fit the group does nothing."""
    for key, action in list(here.all("actions").items()):
        if _due(action) > now:
            continue
        here.drop("actions", key)
        name = action["AutoScalingGroupName"]
        sizes = {size: action[size] for size in SIZES if size in action}
        sent = Sent(0, "action", here.region, "autoscaling", "scheduled_action", sizes)
        group = here.all("groups").get(name)
        try:
            if group:
                changed = autoscaling.resized(group, sizes)
                instances.settle(Here(here.aws, "autoscaling", here.region, sent), changed)
        except Refusal:
            continue
