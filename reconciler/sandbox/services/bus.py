"""EventBridge's buses: an event finds the rules that match it, and through them its targets.

Moto matches well and delivers badly: no topics, no account in what a queue receives, no
InputPath, no check of the policy of what it delivers to, and an error where AWS loses an event in
silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from moto.events.models import events_backends
from moto.sns.models import sns_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from reconciler.sandbox.operations import Wire
from reconciler.sandbox.services.metrics import count
from reconciler.sandbox.services.resource_policy import lets
from reconciler.sandbox.world import ACCOUNT, World, request_id

LEFT_TO_MOTO = (":logs:", ":events:")
MISSING: Any = object()
_QUOTED_OR_VARIABLE = re.compile(r'"(?:[^"\\]|\\.)*"|<[\w.-]+>')
_VARIABLE = re.compile(r"<([\w.-]+)>")


def emit(
    world: World,
    region: str,
    source: str,
    detail_type: str,
    detail: Wire,
    resources: Sequence[str] = (),
    bus: str = "default",
) -> str:
    """Send an event to the targets of every enabled rule that matches it, and give its id."""
    now = world.now()
    event = {
        "version": "0",
        "id": request_id(),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(resources),
        "detail": detail,
    }
    backend: Any = events_backends[ACCOUNT][region]
    for rule in list(backend.event_buses[bus].rules.values()):
        if rule.state == "DISABLED" or rule.scheduled_expression:
            continue
        if rule.event_pattern.matches_event(event):
            _deliver(world, rule, event, region, now.timestamp())
    return str(event["id"])


def _deliver(world: World, rule: Any, event: Wire, region: str, moment: float) -> None:
    """To each target; one that is gone, or that does not let EventBridge in, loses the event."""
    targets = rule.targets
    for target in targets:
        arn, text = target["Arn"], written(target, event, rule)
        refusal = ""
        if ":sns:" in arn:
            refusal = _to_topic(arn, text, region)
        elif ":sqs:" in arn:
            group = target.get("SqsParameters", {}).get("MessageGroupId")
            refusal = _to_queue(arn, text, region, rule.arn, group)
        if refusal:
            _lost(world, rule, target, json.dumps(event), region, refusal)
    try:
        rule.targets = [kept for kept in targets if any(to in kept["Arn"] for to in LEFT_TO_MOTO)]
        rule.send_to_targets({**event, "time": moment, "ingestion-time": moment})
    finally:
        rule.targets = targets


def _lost(world: World, rule: Any, target: Wire, text: str, region: str, code: str) -> None:
    """To the dead-letter queue, if there is one that lets the rule send; else to nobody.

    What lacks a right, or is gone, is not tried again. [D eventbridge eb-rule-dlq]
    """
    dead = target.get("DeadLetterConfig", {}).get("Arn", "")
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": code,
        "ERROR_MESSAGE": f"The target could not be invoked: {code}",
        "RETRY_ATTEMPTS": "0",
    }
    if not dead:
        count(world, region, "AWS/Events", "FailedInvocations", RuleName=rule.name)
    elif _to_queue(dead, text, region, rule.arn, None, attributes):
        count(world, region, "AWS/Events", "FailedInvocations", RuleName=rule.name)
        count(world, region, "AWS/Events", "InvocationsFailedToBeSentToDlq", RuleName=rule.name)
    else:
        count(world, region, "AWS/Events", "InvocationsSentToDlq", RuleName=rule.name)


def _to_topic(arn: str, text: str, region: str) -> str:
    """Why not; else "": moto's topic passes it on to its subscriptions, in an envelope or raw."""
    sns: Any = sns_backends[ACCOUNT][region]
    if arn not in sns.topics:
        return "NO_RESOURCE"
    if not lets(json.loads(sns.topics[arn].policy), "events.amazonaws.com", "sns:Publish"):
        return "NO_PERMISSIONS"
    with suppress(QueueDoesNotExist):  # a subscription outlives its queue
        sns.publish(text, arn=arn)
    return ""


def _to_queue(
    arn: str,
    text: str,
    region: str,
    rule_arn: str,
    group: str | None,
    attributes: Mapping[str, str] | None = None,
) -> str:
    """Why not; else ""."""
    sqs: Any = sqs_backends[ACCOUNT][region]
    name = arn.rsplit(":", 1)[-1]
    if name not in sqs.queues:
        return "NO_RESOURCE"
    policy = json.loads(sqs.queues[name].policy or "{}")
    if not lets(policy, "events.amazonaws.com", "sqs:SendMessage", rule_arn):
        return "NO_PERMISSIONS"
    send(sqs, name, text, attributes or {}, group)
    return ""


def send(sqs: Any, name: str, text: str, attributes: Mapping[str, str], group: str | None) -> None:
    """Put a message into one of moto's queues."""
    named = {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()}
    sqs.send_message(name, text, message_attributes=named, group_id=group)


def written(target: Wire, event: Wire, rule: Any) -> str:
    """Build what a target receives: its Input, a part of the event, a template filled in, or the
    whole event.

    [M events.Target]
    """
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        found = _at(event, target["InputPath"])
        return json.dumps({} if found is MISSING else found)
    if target.get("InputTransformer"):
        transformer = target["InputTransformer"]
        values = {
            "aws.events.rule-arn": rule.arn,
            "aws.events.rule-name": rule.name,
            "aws.events.event.ingestion-time": event["time"],
            "aws.events.event": {key: event[key] for key in event if key != "detail"},
            "aws.events.event.json": event,
        }
        for name, path in transformer.get("InputPathsMap", {}).items():
            values[name] = _at(event, path)
        return _filled(transformer["InputTemplate"], values)
    return json.dumps(event)


def _at(event: Wire, path: str) -> Any:
    """The value at ``$.detail.instance-id``; EventBridge's paths have dots and list indexes."""
    found: Any = event
    for step in re.findall(r"[^.\[\]]+", path.removeprefix("$")):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return MISSING
    return found


def _filled(template: str, values: Wire) -> str:
    """A variable alone is JSON; inside a quoted text it is text, as AWS's guide has it.

    [D eb-transform-target-input]
    """

    def inside(match: re.Match[str]) -> str:
        value = values.get(match[1], MISSING)
        if value is MISSING:
            return ""
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]

    def outside(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return _VARIABLE.sub(inside, match[0])
        value = values.get(match[0][1:-1], MISSING)
        return '""' if value is MISSING else json.dumps(value)

    return _QUOTED_OR_VARIABLE.sub(outside, template)
