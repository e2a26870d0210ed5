"""EventBridge rules: moto's, with the checks, the tags and the SNS targets that it lacks."""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.models import events_backends

from reconciler.sandbox.operations import AwsError, Call, Wire, operation
from reconciler.sandbox.services.bus import emit
from reconciler.sandbox.world import ACCOUNT

TARGETS_PER_RULE = 5


def _backend(call: Call) -> Any:
    return events_backends[ACCOUNT][call.region]


def _bus(call: Call, name: str | None = None) -> Any:
    wanted = (name or call.params.get("EventBusName") or "default").split("/")[-1]
    buses = _backend(call).event_buses
    if wanted not in buses:
        raise AwsError("ResourceNotFoundException", f"Event bus {wanted} does not exist.")
    return buses[wanted]


def _rule(call: Call, name: str) -> Any:
    bus = _bus(call)
    if name not in bus.rules:
        raise AwsError(
            "ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus.name}."
        )
    return bus.rules[name]


@operation("events", "PutRule")
def put_rule(call: Call) -> Wire:
    """Answer PutRule. It replaces the whole rule; tags count at creation only, where moto adds them
    always.

    [M events.PutRule]
    """
    params = call.params
    exists = params["Name"] in _bus(call).rules
    pattern = params.get("EventPattern")
    if pattern is not None:
        _check_pattern(pattern)
    try:
        rule = _backend(call).put_rule(
            params["Name"],
            scheduled_expression=params.get("ScheduleExpression"),
            event_pattern=pattern,
            state=params.get("State"),
            description=params.get("Description"),
            role_arn=params.get("RoleArn"),
            event_bus_arn=params.get("EventBusName"),
            tags=None if exists else params.get("Tags"),
        )
    except JsonRESTError as error:
        raise AwsError(error.error_type, error.message) from error
    return {"RuleArn": rule.arn}


def _check_pattern(text: str) -> None:
    """An object of objects and of lists that are not empty; moto takes a list or a number too."""
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise _invalid_pattern("Unrecognized token") from error
    if not isinstance(pattern, dict) or not pattern:
        raise _invalid_pattern("Filter is not an object")
    _check_node(pattern)


def _check_node(node: Wire) -> None:
    for name, value in node.items():
        if name == "$or":
            if not isinstance(value, list) or len(value) < 2:
                raise _invalid_pattern('"$or" must be an array of at least two objects')
            for branch in value:
                if not isinstance(branch, dict):
                    raise _invalid_pattern('"$or" must be an array of objects')
                _check_node(branch)
        elif isinstance(value, dict):
            _check_node(value)
        elif not isinstance(value, list) or not value:
            raise _invalid_pattern(f'"{name}" must be an object or an array that is not empty')


def _invalid_pattern(reason: str) -> AwsError:
    return AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


@operation("events", "PutTargets")
def put_targets(call: Call) -> Wire:
    """Answer PutTargets. Moto takes any number of targets; AWS five a rule. [M
    events.PutTargets]"""
    rule = _rule(call, call.params["Rule"])
    given = {target["Id"]: target for target in call.params["Targets"]}
    after = {target["Id"]: target for target in rule.targets} | given
    if len(after) > TARGETS_PER_RULE:
        raise AwsError(
            "LimitExceededException",
            f"The requested resource exceeds the maximum number allowed: {TARGETS_PER_RULE}.",
        )
    rule.targets = list(after.values())
    return {"FailedEntryCount": 0, "FailedEntries": []}


@operation("events", "PutEvents")
def put_events(call: Call) -> Wire:
    """Answer PutEvents. Moto raises on every target but queues and logs, and sends to rules that
    are disabled.

    AWS refuses the source ``aws.ec2`` from its users; here it is how to play an interruption.
    """
    entries = [_put_event(call, entry) for entry in call.params["Entries"]]
    failed = sum("ErrorCode" in entry for entry in entries)
    return {"FailedEntryCount": failed, "Entries": entries}


def _put_event(call: Call, entry: Wire) -> Wire:
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            text = f"Parameter {member} is not valid. Reason: {member} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    bus = _bus(call, entry.get("EventBusName")).name
    event_id = emit(
        call.world,
        call.region,
        entry["Source"],
        entry["DetailType"],
        detail,
        entry.get("Resources", []),
        bus,
    )
    return {"EventId": event_id}
