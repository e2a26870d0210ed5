"""EventBridge's buses: an event finds the rules that match it, and through them its targets.

Moto matches well and delivers badly: no topics, no account in what a queue receives, no
InputPath, and an error where AWS loses an event in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from moto.events.models import events_backends
from moto.sns.models import sns_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from reconciler.sandbox.operations import Wire
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
            _deliver(rule, event, region, now.timestamp())
    return str(event["id"])


def _deliver(rule: Any, event: Wire, region: str, moment: float) -> None:
    """To each target; one that is gone loses the event without a word, as on AWS."""
    targets = rule.targets
    for target in targets:
        arn, text = target["Arn"], written(target, event, rule)
        if ":sns:" in arn:
            _to_topic(arn, text, region)
        elif ":sqs:" in arn:
            group = target.get("SqsParameters", {}).get("MessageGroupId")
            _to_queue(arn, text, region, group)
    try:
        rule.targets = [each for each in targets if any(to in each["Arn"] for to in LEFT_TO_MOTO)]
        rule.send_to_targets({**event, "time": moment, "ingestion-time": moment})
    finally:
        rule.targets = targets


def _to_topic(arn: str, text: str, region: str) -> None:
    """Moto's topic passes it on to its subscriptions, in SNS's envelope or raw."""
    sns: Any = sns_backends[ACCOUNT][region]
    if arn not in sns.topics:
        return
    try:
        sns.publish(text, arn=arn)
    except QueueDoesNotExist:
        return  # a subscription outlives its queue


def _to_queue(arn: str, text: str, region: str, group: str | None) -> None:
    sqs: Any = sqs_backends[ACCOUNT][region]
    try:
        sqs.send_message(arn.rsplit(":", 1)[-1], text, group_id=group)
    except QueueDoesNotExist:
        return


def written(target: Wire, event: Wire, rule: Any) -> str:
    """What a target receives: its Input, a part of the event, a template filled in, or all of it.

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
