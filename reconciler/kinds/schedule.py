"""Start and stop schedules (EventBridge Scheduler), in the owner's time zone.

ListSchedules tells a name, a state and two dates, but neither the expression nor the input;
reading each would cost a call per schedule. So a name carries a hash of its content
(`alice-start-1f0c9a2b`), and a schedule is never edited: a new one is made, then the old one
goes. A manual edit shows as a modification date after the creation date; the one that heals
it gets a generation (`alice-start-1f0c9a2b-2`), which makes it unedited again.

An edge may take several schedules: one a text, and more around days off and clock changes
(declare/timers.py). Their keys are numbered (`alice-start`, `alice-start.2`), their names are
not: whatever its number is today, the hash says which one stands. What is left over on both
sides is paired in order, so that a text that changed reads as an update.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from reconciler.aws_api import Aws, partition_of
from reconciler.declare.timers import (
    LINGER,
    RETRIED,
    SOON,
    WINDOW,
    CronRule,
    compiled,
    keep_order,
    once_at,
)
from reconciler.errors import AlreadyExists, NotFound
from reconciler.kinds import auto_scaling_group, dead_letter_queue, schedule_group, schedule_names
from reconciler.plan.diff import differing
from reconciler.plan.kind import Scope, Word
from reconciler.plan.model import (
    Create,
    Delete,
    DeletionPolicy,
    Desired,
    FieldChange,
    Key,
    Live,
    Update,
)
from reconciler.plan.projection import Unreadable, projected, readable
from reconciler.plan.resolve import ResolvedSite, ResolvedWorkstation
from reconciler.plan.update_policy import IN_PLACE

NAME = "schedule"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

SECOND = timedelta(seconds=1)

SINCE = "since"
"""The attribute of one that nobody edited: since when it has stood as it stands."""

SET_DESIRED_CAPACITY = "arn:{partition}:scheduler:::aws-sdk:autoscaling:setDesiredCapacity"
RETRY = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": RETRIED // SECOND}
"""As often as there is (EventBridge Scheduler API, RetryPolicy): the age is what bounds lateness.
By default AWS retries for a day, and a failed start would fire at night."""


FLEXIBLE = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": WINDOW // timedelta(minutes=1)}
ON_TIME = {"Mode": "OFF"}


@dataclass(frozen=True)
class Schedule:
    """A schedule with all of its content."""

    expression: str
    timezone: str
    state: str
    target: str  # ARN of the API action
    role_arn: str
    input: Mapping[str, Any]  # the API call's parameters
    retry_policy: Mapping[str, Any]
    flexible_time_window: Mapping[str, Any]
    dead_letter_queue: str  # ARN of what takes calls that were given up
    other: Mapping[str, Any]  # whatever else somebody set
    start_date: str | None = None  # it fires from then on: `2026-12-27T03:30:00Z`
    end_date: str | None = None  # and until then


UPDATE_POLICY = {
    "expression": IN_PLACE,
    "timezone": IN_PLACE,
    "state": IN_PLACE,
    "target": IN_PLACE,
    "role_arn": IN_PLACE,
    "input": IN_PLACE,
    "retry_policy": IN_PLACE,
    "flexible_time_window": IN_PLACE,
    "dead_letter_queue": IN_PLACE,
    "other": IN_PLACE,
    "start_date": IN_PLACE,
    "end_date": IN_PLACE,
}
SENSITIVE = {"role_arn": Word("scheduler_role")}
_BOUNDS = ("start_date", "end_date")

_OTHER = ("ActionAfterCompletion", "Description", "KmsKeyArn")
"""What a schedule may also have, and ours never do."""


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield the schedules of each declared entry, as of now."""
    for each in site.workstations:
        if "scheduler_role" in each.lacks:
            continue  # a name has the role in its hash: those that stand stay
        declared = each.declared
        group = auto_scaling_group.key(site.name, declared.region, declared.name)
        dead_letters = dead_letter_queue.key(site.name, declared.region)
        window = FLEXIBLE if keep_order(declared.schedule) else ON_TIME
        numbers: Counter[str] = Counter()
        for edge, rule in compiled(declared.schedule, site.now):
            at = once_at(rule.expression, rule.timezone)
            if at is not None and at <= site.now + SOON:
                continue  # it stands already, or it is too late for it (see `_may_fire`)
            numbers[edge.action] += 1
            number = f".{numbers[edge.action]}" if numbers[edge.action] > 1 else ""
            spec = _wanted(each, rule, group.name, site, window)
            name = f"{declared.name}-{edge.action}{number}"
            yield Desired(
                Key(declared.region, NAME, name),
                spec,
                where=edge.where,
                fleet=declared.fleet,
                workstation=declared.name,
                after=(schedule_group.key(site.name, declared.region), group, dead_letters),
                hashed_name=f"{name}-{digest(spec)}",
                notes=(f"{edge.action} {edge.text} {edge.timezone}",),
                details={"role_arn": spec.role_arn.rpartition(":role/")[2]},
            )


def _wanted(
    each: ResolvedWorkstation,
    rule: CronRule,
    group: str,
    site: ResolvedSite,
    window: Mapping[str, Any],
) -> Schedule:
    region, account = each.declared.region, site.declared.account
    return Schedule(
        expression=rule.expression,
        timezone=rule.timezone,
        state="ENABLED",
        target=SET_DESIRED_CAPACITY.format(partition=partition_of(region)),
        role_arn=each.scheduler_role_arn,
        input={
            "AutoScalingGroupName": group,
            "DesiredCapacity": 1 if rule.action == "start" else 0,
        },
        retry_policy=RETRY,
        flexible_time_window=window,
        dead_letter_queue=dead_letter_queue.arn(site.name, region, account),
        other={},
        start_date=_timestamp(rule.begin),
        end_date=_timestamp(rule.end),
    )


def _timestamp(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def digest(spec: Schedule) -> str:
    """Compute eight hex digits of the content."""
    content = {k: v for k, v in spec.__dict__.items() if k not in _BOUNDS or v is not None}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield the schedules of our group; read those whose name does not prove the content."""
    try:
        summaries = list(
            aws.pages("scheduler", "list_schedules", "Schedules", 100, GroupName=scope.site)
        )
    except NotFound:  # no group yet
        return
    expected = schedule_names.expected(scope.expected())
    named = []
    made: dict[str, Any] = {}
    for summary in summaries:
        name = summary.get("Name")
        match = schedule_names.NAME.fullmatch(name) if isinstance(name, str) else None
        if match:
            named.append((match["edge"], _touched(summary), str(name)))
            made[str(name)] = summary.get("CreationDate")
        elif not isinstance(name, str):
            yield from projected(NAME, aws.region, summary, _nameless, _as_named)
        # else somebody else's, in our group
    for edge, listed in groupby(sorted(named), key=lambda it: it[0]):
        for key, name, proves in schedule_names.paired(edge, list(listed), expected.get(edge, {})):
            body = None if proves else _body_of(aws, scope.site, name)
            item = {**(body or {}), "Name": name}
            project: Callable[[Mapping[str, Any], Live], Live] = _as_named
            if proves:
                project = partial(_unedited, made[name])
            elif body is not None:
                project = partial(_project, scope.now)
            identify = partial(_identity, aws.region, scope.site, key)
            yield from projected(NAME, aws.region, item, identify, project)


def _identity(region: str, site: str, key: str, body: Mapping[str, Any]) -> Live:
    """What the name alone tells."""
    name = body["Name"]
    match = schedule_names.NAME.fullmatch(name)
    assert match is not None
    return Live(
        Key(region, NAME, key),
        None,
        owned=False,
        parent=schedule_group.key(site, region),
        attrs={"group": site, "name": name, "hash": match["hash"]},
        workstation=match["workstation"],
        removal=(
            DeletionPolicy.AFTER_STOP if match["edge"].endswith("-stop") else DeletionPolicy.AT_ONCE
        ),
    )


def _nameless(summary: Mapping[str, Any]) -> Live | None:
    raise Unreadable(f"the schedule's name in AWS's answer is {summary.get('Name')!r:.60}")


def _as_named(_item: Mapping[str, Any], named: Live) -> Live:
    return named


def _unedited(made: datetime, _item: Mapping[str, Any], named: Live) -> Live:
    return replace(named, attrs={**named.attrs, SINCE: made.isoformat()})


def _project(now: datetime, body: Mapping[str, Any], named: Live) -> Live:
    spec = from_body(body)
    removal = DeletionPolicy.RETAIN if _may_fire(spec, now) else named.removal
    return replace(named, spec=spec, removal=removal)


def _may_fire(spec: Schedule, now: datetime) -> bool:
    """Whether it fires once, about now: nobody declares it any more, and it may not have fired."""
    at = once_at(spec.expression, spec.timezone)
    return at is not None and now - LINGER < at <= now + SOON


def _touched(summary: Mapping[str, Any]) -> bool:
    """Whether somebody edited it. AWS does not say that it stamps both dates of a new one alike."""
    made, edited = summary.get("CreationDate"), summary.get("LastModificationDate")
    if not (isinstance(made, datetime) and isinstance(edited, datetime)):
        return True
    return summary.get("State") != "ENABLED" or abs(edited - made) >= SECOND


def _body_of(aws: Aws, group: str, name: str) -> dict[str, Any] | None:
    try:
        return aws.call("scheduler", "get_schedule", GroupName=group, Name=name)
    except NotFound:  # deleted since it was listed
        return None


def from_body(body: Mapping[str, Any]) -> Schedule:
    """Read a schedule from GetSchedule's answer."""
    target = dict(body.get("Target", {}))
    try:
        content = json.loads(target.pop("Input", "{}"))
    except (ValueError, RecursionError):  # written by hand, or thousands of brackets
        content = {"unreadable": body["Target"]["Input"]}
    return Schedule(
        expression=body["ScheduleExpression"],
        timezone=body.get("ScheduleExpressionTimezone", "UTC"),
        state=body["State"],
        target=target.pop("Arn"),
        role_arn=target.pop("RoleArn"),
        input=content,
        retry_policy=target.pop("RetryPolicy", {}),
        flexible_time_window=body["FlexibleTimeWindow"],
        dead_letter_queue=target.pop("DeadLetterConfig", {}).get("Arn", ""),
        other={
            **target,
            **{name: str(body[name]) for name in _OTHER if body.get(name, "NONE") != "NONE"},
        },
        start_date=_timestamp(body.get("StartDate")),
        end_date=_timestamp(body.get("EndDate")),
    )


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """Compare nothing where the hash in the name proves the content, else each field."""
    if live.spec is None:
        if live.attrs["hash"] == digest(want.spec):
            return ()
        return (
            FieldChange(
                "other", "name", live.attrs["name"], schedule_names.name_of(want.hashed_name)
            ),
        )
    bounds = (  # None is a value here: it fires for ever
        FieldChange(name, name, getattr(live.spec, name), getattr(want.spec, name))
        for name in _BOUNDS
        if getattr(live.spec, name) != getattr(want.spec, name)
    )
    policies = {name: policy for name, policy in UPDATE_POLICY.items() if name not in _BOUNDS}
    return (*differing(live.spec, want.spec, policies), *bounds)


def create(aws: Aws, change: Create) -> Live:
    """Create the schedule, in the group that stands before it."""
    want = change.desired
    group = next(key.name for key in want.after if key.kind == schedule_group.NAME)
    return _make(aws, group, want, old="")


def update(aws: Aws, change: Update) -> Live:
    """Create the new schedule, then delete the old one: there is always one that fires."""
    old = change.live
    new = _make(aws, old.attrs["group"], change.desired, old.attrs["name"])
    _remove(aws, old)
    return new


def delete(aws: Aws, change: Delete) -> None:
    """Delete the schedule."""
    _remove(aws, change.live)


def _make(aws: Aws, group: str, want: Desired, old: str) -> Live:
    """Create a schedule under a name that the old one does not have."""
    spec: Schedule = want.spec
    name = schedule_names.free_name(schedule_names.name_of(want.hashed_name), old)
    try:
        aws.call("scheduler", "create_schedule", **_body(group, name, spec))
    except AlreadyExists:  # by an earlier try of ours, or manually
        body = _body_of(aws, group, name)
        if body is None or readable(body, from_body) != spec:
            raise
    attrs = {"group": group, "name": name, "hash": digest(spec)}
    return Live(want.key, spec, owned=True, attrs=attrs)


def _remove(aws: Aws, live: Live) -> None:
    with suppress(NotFound):
        group, name = live.attrs["group"], live.attrs["name"]
        aws.call("scheduler", "delete_schedule", GroupName=group, Name=name)


def _body(group: str, name: str, spec: Schedule) -> dict[str, Any]:
    """No token of ours: the name is unique, and a token outlives what it made. A schedule edited
    there and back within its lifetime would be answered with the one that is gone."""
    bounds = {"StartDate": spec.start_date, "EndDate": spec.end_date}
    return {
        "GroupName": group,
        "Name": name,
        **{name: datetime.fromisoformat(value) for name, value in bounds.items() if value},
        "ScheduleExpression": spec.expression,
        "ScheduleExpressionTimezone": spec.timezone,
        "State": spec.state,
        "FlexibleTimeWindow": dict(spec.flexible_time_window),
        "Target": {
            "Arn": spec.target,
            "RoleArn": spec.role_arn,
            "Input": json.dumps(spec.input, sort_keys=True),
            "RetryPolicy": dict(spec.retry_policy),
            "DeadLetterConfig": {"Arn": spec.dead_letter_queue},
        },
    }
