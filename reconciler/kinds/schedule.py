"""Start and stop schedules (EventBridge Scheduler), in the owner's time zone.

ListSchedules tells a name, a state and two dates, but neither the expression nor the input;
reading each would cost a call per schedule. So a name carries a hash of its content
(`alice-start-1f0c9a2b`), and a schedule is never edited: a new one is made, then the old one
goes. A hand-made edit shows as a modification date after the creation date; the one that heals
it gets a generation (`alice-start-1f0c9a2b-2`), which makes it unedited again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from reconciler.declare.fleet import Edge
from reconciler.errors import NotFound
from reconciler.kinds import auto_scaling_group, schedule_group
from reconciler.plan.diff import differing
from reconciler.plan.kind import Aws, Scope
from reconciler.plan.model import (
    IN_PLACE,
    Change,
    Desired,
    FieldChange,
    Key,
    Live,
    Op,
    Removal,
)
from reconciler.plan.resolve import ResolvedSite, ResolvedWorkstation

NAME = "schedule"
MOVES: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

SET_DESIRED_CAPACITY = "arn:{partition}:scheduler:::aws-sdk:autoscaling:setDesiredCapacity"
RETRY = {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 900}
"""AWS's default retries for a day: a failed start would fire at night."""


@dataclass(frozen=True)
class Schedule:
    """One schedule, whole."""

    expression: str
    timezone: str
    state: str
    target: str  # ARN of the API action
    role_arn: str
    input: Mapping[str, Any]  # the API call's parameters
    retry_policy: Mapping[str, Any]
    flexible_time_window: Mapping[str, Any]
    other: Mapping[str, Any]  # whatever else somebody set


RULES = {
    "expression": IN_PLACE,
    "timezone": IN_PLACE,
    "state": IN_PLACE,
    "target": IN_PLACE,
    "role_arn": IN_PLACE,
    "input": IN_PLACE,
    "retry_policy": IN_PLACE,
    "flexible_time_window": IN_PLACE,
    "other": IN_PLACE,
}

_OTHER = ("ActionAfterCompletion", "Description", "EndDate", "KmsKeyArn", "StartDate")
"""What a schedule may also have, and ours never do."""

_NAME = re.compile(r"(?P<edge>(?P<workstation>.+)-(?:start|stop))-(?P<hash>[0-9a-f]{8})(?:-\d+)?")


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """One schedule per declared edge."""
    for each in site.workstations:
        declared = each.declared
        group = auto_scaling_group.key(site.name, declared.region, declared.name)
        for edge in declared.schedule:
            spec = _wanted(each, edge, group.name)
            name = f"{declared.name}-{edge.action}"
            yield Desired(
                Key(declared.region, NAME, name),
                spec,
                where=edge.where,
                fleet=declared.fleet,
                workstation=declared.name,
                after=(schedule_group.key(site.name, declared.region), group),
                proof=f"{name}-{digest(spec)}",
                notes=(f"{edge.action} {edge.text} {edge.timezone}",),
            )


def _wanted(each: ResolvedWorkstation, edge: Edge, group: str) -> Schedule:
    partition = each.scheduler_role_arn.split(":")[1]
    return Schedule(
        expression=edge.expression,
        timezone=edge.timezone,
        state="ENABLED",
        target=SET_DESIRED_CAPACITY.format(partition=partition),
        role_arn=each.scheduler_role_arn,
        input={
            "AutoScalingGroupName": group,
            "DesiredCapacity": 1 if edge.action == "start" else 0,
        },
        retry_policy=RETRY,
        flexible_time_window={"Mode": "OFF"},
        other={},
    )


def digest(spec: Schedule) -> str:
    """Eight hex digits of the content."""
    content = json.dumps(spec.__dict__, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """All schedules of our group by name; read whole only where the name proves nothing."""
    try:
        summaries = list(
            aws.pages("scheduler", "list_schedules", "Schedules", 100, GroupName=scope.site)
        )
    except NotFound:  # no group yet
        return
    expected = scope.expected()
    proven: set[str] = set()
    for summary in sorted(summaries, key=lambda s: (_proof(s) not in expected, s["Name"])):
        name = summary["Name"]
        match = _NAME.fullmatch(name)
        if match is None:  # somebody else's, in our group
            continue
        untouched = (
            summary["State"] == "ENABLED"
            and summary["LastModificationDate"] == summary["CreationDate"]
        )
        taken = match["edge"] in proven  # left by a run that stopped between create and delete
        proven.add(match["edge"])
        proves = untouched and not taken and _proof(summary) in expected
        yield Live(
            Key(aws.region, NAME, name if taken else match["edge"]),
            None if proves else _read(aws, scope.site, name),
            owned=False,
            parent=schedule_group.key(scope.site, aws.region),
            attrs={"name": name, "hash": match["hash"]},
            workstation=match["workstation"],
            removal=(
                Removal.WHEN_OFF
                if match["edge"].endswith("-stop") and not taken
                else Removal.AT_ONCE
            ),
        )


def _proof(summary: Mapping[str, Any]) -> str:
    match = _NAME.fullmatch(summary["Name"])
    return f"{match['edge']}-{match['hash']}" if match else ""


def _read(aws: Aws, group: str, name: str) -> Schedule | None:
    try:
        body = dict(aws.call("scheduler", "get_schedule", GroupName=group, Name=name))
    except NotFound:  # deleted since it was listed
        return None
    target = dict(body.get("Target", {}))
    try:
        told = json.loads(target.pop("Input", "{}"))
    except (ValueError, RecursionError):  # written by hand, or thousands of brackets
        told = {"unreadable": body["Target"]["Input"]}
    return Schedule(
        expression=body["ScheduleExpression"],
        timezone=body.get("ScheduleExpressionTimezone", "UTC"),
        state=body["State"],
        target=target.pop("Arn"),
        role_arn=target.pop("RoleArn"),
        input=told,
        retry_policy=target.pop("RetryPolicy", {}),
        flexible_time_window=body["FlexibleTimeWindow"],
        other={
            **target,
            **{name: str(body[name]) for name in _OTHER if body.get(name, "NONE") != "NONE"},
        },
    )


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """Nothing, where the hash in the name says so; else field by field."""
    if live.spec is None:
        if live.attrs["hash"] == digest(want.spec):
            return ()
        return (FieldChange("other", "name", live.attrs["name"], want.proof),)
    return differing(live.spec, want.spec, RULES)


def apply(aws: Aws, change: Change) -> Live | None:
    """Make the new one, then delete the old one: there is always one that fires."""
    old = change.live.attrs["name"] if change.live else ""
    group = _group(change)
    left: Live | None = None
    if change.op is not Op.DELETE:
        assert change.desired is not None
        spec: Schedule = change.desired.spec
        name = _free_name(change.desired.proof, old)
        aws.call("scheduler", "create_schedule", **_body(group, name, spec))
        left = Live(change.key, spec, owned=True, attrs={"name": name, "hash": digest(spec)})
    if old:
        with suppress(NotFound):
            aws.call("scheduler", "delete_schedule", GroupName=group, Name=old)
    return left


def _group(change: Change) -> str:
    """The group a schedule stands in."""
    if change.live is not None:
        assert change.live.parent is not None
        return change.live.parent.name
    assert change.desired is not None
    return next(key.name for key in change.desired.after if key.kind == schedule_group.NAME)


def _free_name(proof: str, old: str) -> str:
    """The proof, with the next generation when the old one has the same hash."""
    if not old.startswith(proof):
        return proof
    generation = int(old.removeprefix(proof).removeprefix("-") or "1") + 1
    return f"{proof}-{generation}"


def _body(group: str, name: str, spec: Schedule) -> dict[str, Any]:
    """No token of ours: the name is unique, and a token outlives what it made. A schedule edited
    there and back within its lifetime would be answered with the one that is gone."""
    return {
        "GroupName": group,
        "Name": name,
        "ScheduleExpression": spec.expression,
        "ScheduleExpressionTimezone": spec.timezone,
        "State": spec.state,
        "FlexibleTimeWindow": dict(spec.flexible_time_window),
        "Target": {
            "Arn": spec.target,
            "RoleArn": spec.role_arn,
            "Input": json.dumps(spec.input, sort_keys=True),
            "RetryPolicy": dict(spec.retry_policy),
        },
    }
