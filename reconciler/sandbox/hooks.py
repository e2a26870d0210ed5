"""Auto Scaling's scheduled actions and lifecycle hooks, kept with their group."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.sandbox.groups import Group, Groups, find, invalid
from reconciler.sandbox.operations import AwsError, Call, Wire, operation, page

SIZES = ("MinSize", "MaxSize", "DesiredCapacity")
KEPT = ("StartTime", "EndTime", "Recurrence", "TimeZone", *SIZES)


@operation("autoscaling", "PutScheduledUpdateGroupAction")
def put_action(call: Call) -> None:
    """Moto keys actions by name alone, across groups, and checks nothing."""
    group = find(call)
    group.actions[call.params["ScheduledActionName"]] = _action(call, group, call.params)


@operation("autoscaling", "BatchPutScheduledUpdateGroupAction")
def put_actions(call: Call) -> Wire:
    """Up to 50; those that are wrong are named in the answer and the others are kept."""
    group, failed = find(call), []
    for given in call.params["ScheduledUpdateGroupActions"]:
        name = given["ScheduledActionName"]
        try:
            group.actions[name] = _action(call, group, given)
        except AwsError as error:
            failed.append(_failure(name, error))
    return {"FailedScheduledUpdateGroupActions": failed}


def _failure(name: str, error: AwsError) -> Wire:
    return {
        "ScheduledActionName": name,
        "ErrorCode": error.code,
        "ErrorMessage": error.message,
    }


def _action(call: Call, group: Group, given: Wire) -> Wire:
    name = given["ScheduledActionName"]
    if not any(given.get(size) is not None for size in SIZES):
        raise invalid("At least one of MinSize, MaxSize and DesiredCapacity must be given.")
    recurrence = given.get("Recurrence")
    if recurrence is not None and len(recurrence.split()) != 5:
        raise invalid(f"Invalid recurrence: {recurrence}. A recurrence has five fields.")
    if recurrence is None and not given.get("StartTime"):
        raise invalid("A scheduled action needs a StartTime or a Recurrence.")
    try:
        ZoneInfo(given.get("TimeZone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise invalid(f"Invalid time zone: {given['TimeZone']}") from error
    start = _moment(given.get("StartTime"))
    if start is not None and start < call.world.now():
        raise invalid("Given start time is in the past")
    arn = call.arn(
        "autoscaling",
        f"scheduledUpdateGroupAction:{group.arn.split(':')[6]}:autoScalingGroupName/{group.name}"
        f":scheduledActionName/{name}",
    )
    kept = {member: given[member] for member in KEPT if given.get(member) is not None}
    return {
        **kept,
        "AutoScalingGroupName": group.name,
        "ScheduledActionName": name,
        "ScheduledActionARN": arn,
        "Time": given.get("StartTime"),
    }


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


@operation("autoscaling", "DescribeScheduledActions")
def describe_actions(call: Call) -> Wire:
    """Of one group or of all."""
    name, names = call.params.get("AutoScalingGroupName"), call.params.get("ScheduledActionNames")
    rows = [
        action
        for group in call.state(Groups).by_name.values()
        for action in group.actions.values()
        if (not name or group.name == name)
        and (not names or action["ScheduledActionName"] in names)
    ]
    size = min(int(call.params.get("MaxRecords", 50)), 100)
    shown, token = page(rows, size, call.params.get("NextToken"))
    return {"ScheduledUpdateGroupActions": shown, "NextToken": token}


@operation("autoscaling", "DeleteScheduledAction")
def delete_action(call: Call) -> None:
    """One action of one group."""
    _delete(find(call), call.params["ScheduledActionName"])


@operation("autoscaling", "BatchDeleteScheduledAction")
def delete_actions(call: Call) -> Wire:
    """Several actions of one group."""
    group, failed = find(call), []
    for name in call.params["ScheduledActionNames"]:
        try:
            _delete(group, name)
        except AwsError as error:
            failed.append(_failure(name, error))
    return {"FailedScheduledActions": failed}


def _delete(group: Group, name: str) -> None:
    if group.actions.pop(name, None) is None:
        raise invalid(f"Scheduled action name not found: {name}")


@operation("autoscaling", "PutLifecycleHook")
def put(call: Call) -> None:
    """An upsert; moto forgets who is to be told."""
    put_hook(find(call), call.params)


def put_hook(group: Group, given: Wire) -> None:
    """Keep a hook; members left out of a change stay."""
    before = group.hooks.get(given["LifecycleHookName"], {})
    hook = {"HeartbeatTimeout": 3600, "DefaultResult": "ABANDON", **before, **given}
    if not 30 <= int(hook["HeartbeatTimeout"]) <= 7200:
        raise invalid("HeartbeatTimeout must be between 30 and 7200 seconds.")
    if not hook.get("LifecycleTransition"):
        raise invalid("LifecycleTransition must be given for a new hook.")
    hook["GlobalTimeout"] = min(172_800, 100 * int(hook["HeartbeatTimeout"]))
    group.hooks[hook["LifecycleHookName"]] = {**hook, "AutoScalingGroupName": group.name}


@operation("autoscaling", "DescribeLifecycleHooks")
def describe(call: Call) -> Wire:
    """One call per group; never paged."""
    names = call.params.get("LifecycleHookNames")
    hooks = find(call).hooks.values()
    return {
        "LifecycleHooks": [
            hook for hook in hooks if not names or hook["LifecycleHookName"] in names
        ]
    }


@operation("autoscaling", "DeleteLifecycleHook")
def delete(call: Call) -> None:
    """Deleting what is not there is an error."""
    if find(call).hooks.pop(call.params["LifecycleHookName"], None) is None:
        raise invalid("No Lifecycle Hook found")
