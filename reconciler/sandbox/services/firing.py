"""What makes EventBridge schedules fire as time goes on, and try again when they are refused."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from moto.sqs.models import sqs_backends

from reconciler.sandbox.operations import AwsError, Call, Wire, forget
from reconciler.sandbox.services.bus import send
from reconciler.sandbox.services.expressions import At, Cron, Rate, read
from reconciler.sandbox.services.metrics import count
from reconciler.sandbox.services.targets import invoke
from reconciler.sandbox.world import ACCOUNT

LOOK_AHEAD = timedelta(days=28)
"""How far a cron expression is tried out at a time."""
FOREVER = datetime.max.replace(tzinfo=UTC)
TICK = timedelta.resolution
# AWS says "exponential backoff" and no numbers; 185 attempts and 24 h, its defaults, go together
# when most of them are 8 minutes apart.
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(minutes=8)

Schedules = dict[str, Wire]
"""Those of one schedule group, by name. Who is not in it any more, itself, does not fire."""


def rule(schedule: Wire) -> Cron | Rate | At:
    """Read when a schedule fires. Without a start date a rate begins at once. Raises: ValueError.

    [D scheduler schedule-types]
    """
    zone = ZoneInfo(schedule["ScheduleExpressionTimezone"])
    start = schedule.get("StartDate") or schedule["LastModificationDate"]
    return read(schedule["ScheduleExpression"], zone, start)


def arm(call: Call, schedules: Schedules, schedule: Wire) -> None:
    """Fire a schedule at its times from now on, until it is replaced or deleted."""
    if schedule["State"] == "ENABLED":
        _wait(call, schedules, schedule, call.world.now() - TICK)


def _wait(call: Call, schedules: Schedules, schedule: Wire, after: datetime) -> bool:
    """Put its next time on the clock; whether there is one."""
    fires = rule(schedule)
    look = after + LOOK_AHEAD if isinstance(fires, Cron) else FOREVER
    begin, end = after, look
    if not isinstance(fires, At):  # for which AWS ignores both dates [M scheduler.CreateSchedule]
        begin = max(begin, schedule.get("StartDate", begin) - TICK)
        end = min(end, schedule.get("EndDate", FOREVER) - TICK)
    at = fires.following(begin, end)
    if at is not None:
        call.world.clock.at(
            at + _spread(schedule, at), lambda: _fire(call, schedules, schedule, at)
        )
    elif look != FOREVER and end == look:
        call.world.clock.at(look, lambda: _wait_again(call, schedules, schedule, look))
    else:
        return False
    return True


def _spread(schedule: Wire, at: datetime) -> timedelta:
    """Where in its window it fires: somewhere else for each schedule, and each time."""
    minutes = schedule["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0)
    digest = hashlib.sha256(f"{schedule['Arn']} {at.isoformat()}".encode()).hexdigest()
    return timedelta(seconds=int(60 * minutes * int(digest[:4], 16) / 0xFFFF))


def _exists(schedules: Schedules, schedule: Wire) -> bool:
    return schedules.get(schedule["Name"]) is schedule


def _wait_again(call: Call, schedules: Schedules, schedule: Wire, after: datetime) -> str:
    if _exists(schedules, schedule) and not _wait(call, schedules, schedule, after):
        _complete(call, schedules, schedule)
    return ""


def _complete(call: Call, schedules: Schedules, schedule: Wire) -> None:
    """It will not fire again."""
    if schedule["ActionAfterCompletion"] == "DELETE":
        del schedules[schedule["Name"]]
        forget(call, "ScheduleArn", schedule["Arn"])


def _fire(call: Call, schedules: Schedules, schedule: Wire, at: datetime) -> str:
    if not _exists(schedules, schedule):
        return ""
    outcome = _invoke(call, schedule, call.world.now(), 0)
    # Its own call may have deleted it.
    if _exists(schedules, schedule) and not _wait(call, schedules, schedule, at):
        _complete(call, schedules, schedule)
    return outcome


def _invoke(call: Call, schedule: Wire, at: datetime, retries: int) -> str:
    """Call the target; ``at`` is when it fired. What became of a deleted one is tried all the same.

    A refusal is logged when it comes and when it is final, not each time between.
    """
    target, clock = schedule["Target"], call.world.clock
    _count(call, schedule, "InvocationAttemptCount")
    text = f"schedule {schedule['GroupName']}/{schedule['Name']}: {target['Arn'].split(':')[-1]}"
    try:
        invoke(call.world, call.region, target["Arn"], target.get("Input", "{}"))
    except AwsError as error:
        policy = target["RetryPolicy"]
        later = clock.now() + min(FIRST_RETRY * 2 ** min(retries, 8), LONGEST_RETRY)
        age = timedelta(seconds=policy.get("MaximumEventAgeInSeconds", 86400))
        _count(call, schedule, "TargetErrorCount")
        if error.code.startswith("Throttl"):
            _count(call, schedule, "TargetErrorThrottledCount")
        if retries >= policy.get("MaximumRetryAttempts", 185) or later - at > age:
            _bury(call, schedule, at, retries, error)
            return f"{text} given up after {retries} retries: {error}"
        clock.at(later, lambda: _invoke(call, schedule, at, retries + 1))
        return "" if retries else f"{text} refused, to be tried again: {error}"
    return text + (f" done at retry {retries}" if retries else " done")


def _count(call: Call, schedule: Wire, metric: str) -> None:
    group = schedule["GroupName"]
    count(call.world, call.region, "AWS/Scheduler", metric, ScheduleGroup=group)


def _bury(call: Call, schedule: Wire, at: datetime, retries: int, error: AwsError) -> None:
    """To the dead-letter queue, if it has one. [D scheduler configuring-schedule-dlq]"""
    _count(call, schedule, "InvocationDroppedCount")
    target = schedule["Target"]
    dead = target.get("DeadLetterConfig", {}).get("Arn", "")
    sqs: Any = sqs_backends[ACCOUNT][call.region]
    name = dead.rsplit(":", 1)[-1]
    if not dead:
        return
    if name not in sqs.queues:
        _count(call, schedule, "InvocationsFailedToBeSentToDeadLetterCount")
        return
    attributes = {
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": error.message,
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts"
        if retries >= target["RetryPolicy"].get("MaximumRetryAttempts", 185)
        else "MaximumEventAgeInSeconds",
        "RETRY_ATTEMPTS": str(retries),
        "SCHEDULED_TIME": at.isoformat(timespec="seconds"),
        "SCHEDULE_ARN": schedule["Arn"],
        "TARGET_ARN": target["Arn"],
    }
    send(sqs, name, json.dumps(json.loads(target.get("Input", "{}"))), attributes, None)
    _count(call, schedule, "InvocationsSentToDeadLetterCount")
