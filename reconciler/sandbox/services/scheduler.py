"""EventBridge Scheduler: schedules and groups. Moto checks nothing and forgets the defaults."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.sandbox.operations import (
    AwsError,
    Call,
    Wire,
    forget,
    once,
    operation,
    page,
    tag_list,
    tag_map,
)
from reconciler.sandbox.services import expressions, firing
from reconciler.sandbox.services.targets import UNIVERSAL
from reconciler.sandbox.world import ACCOUNT

LARGEST_PAGE = 100
DEFAULT_GROUP = "default"
TARGET = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+")
# Universal targets whose call begins so only read, and are refused. [D managing-targets-universal]
READS = ("get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read")
FIELDS = (
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "KmsKeyArn",
    "ScheduleExpression",
    "StartDate",
    "Target",
)


@dataclass
class ScheduleGroup:
    """A group with its tags; schedules themselves have none."""

    name: str
    arn: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    schedules: dict[str, Wire] = field(default_factory=dict)


@dataclass
class ScheduleGroups:
    """The groups of a region. ``default`` is there from the start."""

    by_name: dict[str, ScheduleGroup] = field(default_factory=dict)


def invalid(message: str) -> AwsError:
    """Make the error for a request that Scheduler refuses."""
    return AwsError("ValidationException", message)


def _groups(call: Call) -> dict[str, ScheduleGroup]:
    groups = call.state(ScheduleGroups).by_name
    if DEFAULT_GROUP not in groups:
        _add_group(call, groups, DEFAULT_GROUP, {})
    return groups


def _add_group(
    call: Call, groups: dict[str, ScheduleGroup], name: str, tags: dict[str, str]
) -> ScheduleGroup:
    arn = call.arn("scheduler", f"schedule-group/{name}")
    groups[name] = ScheduleGroup(name, arn, call.world.now(), tags)
    return groups[name]


def _group(call: Call, name: str | None) -> ScheduleGroup:
    groups = _groups(call)
    wanted = name or DEFAULT_GROUP
    if wanted not in groups:
        raise AwsError("ResourceNotFoundException", f"Schedule group {wanted} does not exist.")
    return groups[wanted]


def _schedule(call: Call) -> tuple[ScheduleGroup, Wire]:
    group, name = _group(call, call.params.get("GroupName")), call.params["Name"]
    if name not in group.schedules:
        raise AwsError("ResourceNotFoundException", f"Schedule {name} does not exist.")
    return group, group.schedules[name]


@operation("scheduler", "CreateSchedule")
def create(call: Call) -> Wire:
    """Answer CreateSchedule. Moto raises KeyError for an unknown group, and believes every
    expression."""

    def make() -> Wire:
        group, name = _group(call, call.params.get("GroupName")), call.params["Name"]
        body = _body(call)
        if name in group.schedules:
            raise AwsError("ConflictException", f"Schedule {name} already exists.")
        now = call.world.now()
        group.schedules[name] = {
            **body,
            "Name": name,
            "GroupName": group.name,
            "Arn": call.arn("scheduler", f"schedule/{group.name}/{name}"),
            "CreationDate": now,
            "LastModificationDate": now,
        }
        firing.arm(call, group.schedules, group.schedules[name])
        return {"ScheduleArn": group.schedules[name]["Arn"]}

    return once(call, make, "ConflictException")


@operation("scheduler", "UpdateSchedule")
def update(call: Call) -> Wire:
    """Answer UpdateSchedule. It replaces the whole schedule: members left out go back to their
    defaults. [M UpdateSchedule]"""
    group, before = _schedule(call)
    kept = {name: before[name] for name in ("Name", "GroupName", "Arn", "CreationDate")}
    moved = {"LastModificationDate": call.world.now()}
    schedule = group.schedules[before["Name"]] = {**_body(call), **kept, **moved}
    firing.arm(call, group.schedules, schedule)
    return {"ScheduleArn": before["Arn"]}


def _body(call: Call) -> Wire:
    """What a schedule says, checked, with AWS's defaults."""
    params = copy.deepcopy(call.params)
    zone = params.get("ScheduleExpressionTimezone", "UTC")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise invalid(f"Invalid ScheduleExpressionTimezone {zone}.") from error
    now = call.world.now()
    try:
        fires = expressions.read(params["ScheduleExpression"], ZoneInfo(zone), now)
    except ValueError as error:
        raise invalid(f"Invalid Schedule Expression {params['ScheduleExpression']}.") from error
    # What AWS does is in no page of its own; those who tried say that it refuses.
    if isinstance(fires, expressions.At) and fires.following(now, firing.FOREVER) is None:
        raise invalid(f"{params['ScheduleExpression']} is in the past.")
    window = params["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise invalid("MaximumWindowInMinutes goes with the FLEXIBLE mode, and only with it.")
    _check_target(params["Target"])
    start, end = params.get("StartDate"), params.get("EndDate")
    if start and end and end <= start:
        raise invalid("EndDate must be after StartDate.")
    params["Target"].setdefault(
        "RetryPolicy", {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    )
    return {
        **{name: params[name] for name in FIELDS if name in params},
        "ScheduleExpressionTimezone": zone,
        "State": params.get("State", "ENABLED"),
        "ActionAfterCompletion": params.get("ActionAfterCompletion", "NONE"),
    }


def _check_target(target: Wire) -> None:
    arn = target["Arn"]
    if ":scheduler:::aws-sdk:" in arn:
        universal = UNIVERSAL.fullmatch(arn)
        if not universal:
            raise invalid(f"Provided Arn is not in correct format: {arn}")
        if universal[2].startswith(READS):
            raise invalid(f"{arn} is not a supported API for EventBridge Scheduler.")
    elif not TARGET.fullmatch(arn):
        raise invalid(f"Provided Arn is not in correct format: {arn}")
    if f"::{ACCOUNT}:" not in target["RoleArn"]:
        raise invalid("The execution role you provide must be in your account.")


@operation("scheduler", "GetSchedule")
def get(call: Call) -> Wire:
    """Answer GetSchedule with the whole schedule."""
    return _schedule(call)[1]


@operation("scheduler", "DeleteSchedule")
def delete(call: Call) -> Wire:
    """Answer DeleteSchedule. A name that does not exist is an error."""
    group, schedule = _schedule(call)
    del group.schedules[schedule["Name"]]
    forget(call, "ScheduleArn", schedule["Arn"])
    return {}


@operation("scheduler", "ListSchedules")
def list_schedules(call: Call) -> Wire:
    """Answer ListSchedules with summaries: no expression, no zone, no input. Moto answers more,
    and counts pages wrong."""
    name, state = call.params.get("GroupName"), call.params.get("State")
    groups = [_group(call, name)] if name else list(_groups(call).values())
    prefix = call.params.get("NamePrefix", "")
    rows = [
        schedule
        for group in sorted(groups, key=lambda each: each.name)
        for _, schedule in sorted(group.schedules.items())
        if schedule["Name"].startswith(prefix) and state in (None, schedule["State"])
    ]
    shown, token = page(rows, _size(call), call.params.get("NextToken"))
    members = ("Arn", "Name", "GroupName", "State", "CreationDate", "LastModificationDate")
    summaries = [
        {
            **{member: schedule[member] for member in members},
            "Target": {"Arn": schedule["Target"]["Arn"]},
        }
        for schedule in shown
    ]
    return {"Schedules": summaries, "NextToken": token}


def _size(call: Call) -> int:
    return int(call.params.get("MaxResults", LARGEST_PAGE))


@operation("scheduler", "CreateScheduleGroup")
def create_group(call: Call) -> Wire:
    """Answer CreateScheduleGroup. Moto makes a second group of the same name."""

    def make() -> Wire:
        groups, name = _groups(call), call.params["Name"]
        if name in groups:
            raise AwsError("ConflictException", f"Schedule group {name} already exists.")
        group = _add_group(call, groups, name, tag_map(call.params.get("Tags")))
        return {"ScheduleGroupArn": group.arn}

    return once(call, make, "ConflictException")


@operation("scheduler", "GetScheduleGroup")
def get_group(call: Call) -> Wire:
    """Answer GetScheduleGroup with one group, without its tags."""
    return _group_view(_group(call, call.params["Name"]))


def _group_view(group: ScheduleGroup) -> Wire:
    return {
        "Arn": group.arn,
        "Name": group.name,
        "State": "ACTIVE",
        "CreationDate": group.created,
        "LastModificationDate": group.created,
    }


@operation("scheduler", "ListScheduleGroups")
def list_groups(call: Call) -> Wire:
    """Answer ListScheduleGroups with all groups, the default one too."""
    prefix = call.params.get("NamePrefix", "")
    rows = [group for name, group in sorted(_groups(call).items()) if name.startswith(prefix)]
    shown, token = page(rows, _size(call), call.params.get("NextToken"))
    return {"ScheduleGroups": [_group_view(group) for group in shown], "NextToken": token}


@operation("scheduler", "DeleteScheduleGroup")
def delete_group(call: Call) -> Wire:
    """Answer DeleteScheduleGroup: the group and all its schedules, at once, where AWS takes a
    while."""
    group = _group(call, call.params["Name"])
    if group.name == DEFAULT_GROUP:
        raise invalid("The default schedule group cannot be deleted.")
    del _groups(call)[group.name]
    forget(call, "ScheduleGroupArn", group.arn)
    for schedule in group.schedules.values():
        forget(call, "ScheduleArn", schedule["Arn"])
    group.schedules.clear()
    return {}


def _by_arn(call: Call) -> ScheduleGroup:
    arn = call.params["ResourceArn"]
    for group in _groups(call).values():
        if group.arn == arn:
            return group
    raise AwsError("ResourceNotFoundException", f"Resource {arn} does not exist.")


@operation("scheduler", "TagResource")
def tag(call: Call) -> Wire:
    """Answer TagResource. Only groups can have tags."""
    _by_arn(call).tags.update(tag_map(call.params["Tags"]))
    return {}


@operation("scheduler", "UntagResource")
def untag(call: Call) -> Wire:
    """Answer UntagResource. Keys that are not there are no error."""
    group = _by_arn(call)
    for key in call.params["TagKeys"]:
        group.tags.pop(key, None)
    return {}


@operation("scheduler", "ListTagsForResource")
def list_tags(call: Call) -> Wire:
    """Answer ListTagsForResource, in one page."""
    return {"Tags": tag_list(_by_arn(call).tags)}
