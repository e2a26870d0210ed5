"""Auto Scaling's scheduled actions: kept with their group, and run at their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.sandbox.operations import AwsError, Call, Wire, operation, page
from reconciler.sandbox.services.autoscaling import page_size
from reconciler.sandbox.services.expressions import crontab
from reconciler.sandbox.services.groups import Group, Groups, change, find, invalid
from reconciler.sandbox.services.launching import settle

SIZES = {"MinSize": "min size", "MaxSize": "max size", "DesiredCapacity": "desired capacity"}
KEPT = ("StartTime", "EndTime", "Recurrence", "TimeZone", *SIZES)
LARGEST_BATCH = 50
MOST = 125
"""Of one group; this quota cannot be raised. [D ec2-auto-scaling-quotas]"""
LOOK_AHEAD = timedelta(days=28)
FOREVER = datetime.max.replace(tzinfo=UTC)
TICK = timedelta.resolution


@operation("autoscaling", "PutScheduledUpdateGroupAction")
def put(call: Call) -> None:
    """Answer PutScheduledUpdateGroupAction. Moto keys actions by name alone, across groups,
    checks nothing and runs none."""
    _put(call, find(call), call.params)


@operation("autoscaling", "BatchPutScheduledUpdateGroupAction")
def put_many(call: Call) -> Wire:
    """Answer BatchPutScheduledUpdateGroupAction: up to 50. Actions in error are named in the
    answer, and the others are kept."""
    group, given = find(call), call.params["ScheduledUpdateGroupActions"]
    _check_batch(given)
    failed = []
    for item in given:
        try:
            _put(call, group, item)
        except AwsError as error:
            failed.append(_failure(item["ScheduledActionName"], error))
    return {"FailedScheduledUpdateGroupActions": failed}


def _check_batch(given: list[object]) -> None:
    if len(given) > LARGEST_BATCH:
        raise invalid(f"At most {LARGEST_BATCH} scheduled actions can be given at once.")


def _failure(name: str, error: AwsError) -> Wire:
    return {
        "ScheduledActionName": name,
        "ErrorCode": error.code,
        "ErrorMessage": error.message,
    }


def _put(call: Call, group: Group, given: Wire) -> None:
    action = _action(call, group, given)
    group.actions[action["ScheduledActionName"]] = action
    _wait(call, group, action, call.world.now() - TICK)


def _action(call: Call, group: Group, given: Wire) -> Wire:
    name, start, recurrence = (
        given["ScheduledActionName"],
        given.get("StartTime"),
        given.get("Recurrence"),
    )
    kept = {member: given[member] for member in KEPT if given.get(member) is not None}
    _check_sizes(kept)
    if recurrence is None and start is None:
        raise invalid("A scheduled action needs a StartTime or a Recurrence.")
    try:
        zone = ZoneInfo(given.get("TimeZone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise invalid(f"Invalid time zone: {given['TimeZone']}") from error
    if recurrence is not None:
        try:
            crontab(recurrence, zone)
        except ValueError as error:
            raise invalid(f"Invalid recurrence: {recurrence}. {error}") from error
    if start is not None and start < call.world.now():
        raise invalid("Given start time is in the past")
    if start is not None and given.get("EndTime", FOREVER) <= start:
        raise invalid("EndTime must be after StartTime.")
    _check_others(group, name, start)
    arn = call.arn(
        "autoscaling",
        f"scheduledUpdateGroupAction:{group.arn.split(':')[6]}:autoScalingGroupName/{group.name}"
        f":scheduledActionName/{name}",
    )
    return {
        **kept,
        "AutoScalingGroupName": group.name,
        "ScheduledActionName": name,
        "ScheduledActionARN": arn,
        "Time": start,
    }


def _check_sizes(given: Wire) -> None:
    """Against each other; whether they fit the group shows when the action runs."""
    if not SIZES.keys() & given.keys():
        raise invalid("At least one of MinSize, MaxSize and DesiredCapacity must be given.")
    least, most = given.get("MinSize", 0), given.get("MaxSize")
    desired = given.get("DesiredCapacity")
    if most is not None and least > most:
        raise invalid("Min size must be less than or equal to max size")
    if desired is not None and desired < least:
        raise invalid("Desired capacity must be greater than or equal to min size")
    if desired is not None and most is not None and desired > most:
        raise invalid("Desired capacity must be less than or equal to max size")


def _check_others(group: Group, name: str, start: datetime | None) -> None:
    """No two start at one time, or the call is refused. [D ec2-auto-scaling-scheduled-scaling]"""
    others = [action for action in group.actions.values() if action["ScheduledActionName"] != name]
    if start is not None and any(action.get("StartTime") == start for action in others):
        raise AwsError(
            "AlreadyExists", "A scheduled action with this scheduled start time already exists"
        )
    if len(others) >= MOST:
        raise AwsError("LimitExceeded", f"A group can have at most {MOST} scheduled actions.")


def _wait(call: Call, group: Group, action: Wire, after: datetime) -> None:
    """Put its next time on the clock, or forget it when there is none any more."""
    start, until = action.get("StartTime"), min(after + LOOK_AHEAD, action.get("EndTime", FOREVER))
    at = None
    if start is not None and start > after:
        at = start
    elif "Recurrence" in action:
        zone = ZoneInfo(action.get("TimeZone", "UTC"))
        at = crontab(action["Recurrence"], zone).following(after, until)
    if at is not None:
        call.world.clock.at(at, lambda: _run(call, group, action, at))
    elif "Recurrence" in action and until != action.get("EndTime"):
        call.world.clock.at(until, lambda: _wait_again(call, group, action, until))
    else:
        del group.actions[action["ScheduledActionName"]]


def _exists(call: Call, group: Group, action: Wire) -> bool:
    kept = call.state(Groups).by_name.get(group.name) is group
    return kept and group.actions.get(action["ScheduledActionName"]) is action


def _wait_again(call: Call, group: Group, action: Wire, after: datetime) -> str:
    if _exists(call, group, action):
        _wait(call, group, action, after)
    return ""


def _run(call: Call, group: Group, action: Wire, at: datetime) -> str:
    if not _exists(call, group, action):
        return ""
    text = f"scheduled action {group.name}/{action['ScheduledActionName']}"
    _wait(call, group, action, at)
    if "ScheduledActions" in group.suspended:
        return f"{text} skipped: scheduled actions are suspended"
    before = {size: int(group.fields[size]) for size in SIZES}
    try:
        change(call, group, {size: action[size] for size in SIZES if size in action})
    except AwsError as error:
        return f"{text} refused: {error}"
    group.refused_at = -1
    settle(call, group, _cause(call, group, action, before))
    sizes = ", ".join(f"{words} {group.fields[size]}" for size, words in SIZES.items())
    return f"{text} done: {sizes}"


def _cause(call: Call, group: Group, action: Wire, before: Wire) -> str:
    """As in AWS's own example. [repost.aws/knowledge-center/auto-scaling-scale-down]"""
    now = call.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    set_to = ", ".join(
        f"{words} from {before[size]} to {group.fields[size]}"
        for size, words in SIZES.items()
        if before[size] != group.fields[size]
    )
    return (
        f"At {now} a scheduled action update of AutoScalingGroup constraints to min: "
        f"{group.minimum}, max: {group.maximum}, desired: {group.desired} changing the desired "
        f"capacity from {before['DesiredCapacity']} to {group.desired}.  At {now} the scheduled "
        f"action {action['ScheduledActionName']} executed. Setting {set_to}.  "
    )


@operation("autoscaling", "DescribeScheduledActions")
def describe(call: Call) -> Wire:
    """Answer DescribeScheduledActions of one group or of all; actions that ran for the last time
    are gone.

    The times narrow it only when no names are given. [M autoscaling.DescribeScheduledActions]
    """
    size = page_size(call)
    name, names = call.params.get("AutoScalingGroupName"), call.params.get("ScheduledActionNames")
    groups = [find(call, name)] if name else call.state(Groups).by_name.values()
    least = call.params.get("StartTime", datetime.min.replace(tzinfo=UTC))
    most = call.params.get("EndTime", FOREVER)
    rows = [
        action
        for group in groups
        for action in group.actions.values()
        if (action["ScheduledActionName"] in names if names else _between(action, least, most))
    ]
    shown, token = page(rows, size, call.params.get("NextToken"))
    return {"ScheduledUpdateGroupActions": shown, "NextToken": token}


def _between(action: Wire, least: datetime, most: datetime) -> bool:
    return "StartTime" not in action or least <= action["StartTime"] <= most


@operation("autoscaling", "DeleteScheduledAction")
def delete(call: Call) -> None:
    """Answer DeleteScheduledAction: one action of one group."""
    _delete(find(call), call.params["ScheduledActionName"])


@operation("autoscaling", "BatchDeleteScheduledAction")
def delete_many(call: Call) -> Wire:
    """Answer BatchDeleteScheduledAction: several actions of one group."""
    group, failed = find(call), []
    _check_batch(call.params["ScheduledActionNames"])
    for name in call.params["ScheduledActionNames"]:
        try:
            _delete(group, name)
        except AwsError as error:
            failed.append(_failure(name, error))
    return {"FailedScheduledActions": failed}


def _delete(group: Group, name: str) -> None:
    if group.actions.pop(name, None) is None:
        raise invalid(f"Scheduled action name not found: {name}")
