"""The EventBridge rule of a region: Spot interruptions, rebalance hints, failed launches.

One rule for all workstations: interruption events carry neither tags nor a group name, and a
bus holds 300 rules. Launch failures are narrowed to our groups by name prefix.

The description says whose the rule is: tags are read only where it does not, for they would cost
one more call in each run.

It sends to the region's queue. The target has no RoleArn: the queue's policy lets the rule send,
and with both AWS warns of lost events (EventBridge user guide, "Using resource-based policies").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import AwsError
from reconciler.kinds import dead_letter_queue, queue, topic
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Desired, Key, Live, Ref, Update
from reconciler.plan.names import events_name, group_prefix
from reconciler.plan.ownership import ownership, read_tags, site_mark, write_tags
from reconciler.plan.projection import projected, text
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import IN_PLACE

NAME = "event_rule"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

TARGET_ID = "queue"

RETRY = {"MaximumEventAgeInSeconds": queue.RETENTION, "MaximumRetryAttempts": 185}
"""As long as an event is worth acting on, and as often as may be (EventBridge API, RetryPolicy)."""


@dataclass(frozen=True)
class EventRule:
    """The rule and its targets, by target id; a target has AWS's fields except its id."""

    rule_name: str
    event_pattern: Mapping[str, Any]
    state: str
    description: str
    targets: Mapping[str, Mapping[str, Any]]
    tags: Mapping[str, str]  # written once, at creation, and not compared


UPDATE_POLICY = {
    "event_pattern": IN_PLACE,
    "state": IN_PLACE,
    "description": IN_PLACE,
    "targets": IN_PLACE,
}


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield one rule for each region in use, with that region's queue as target."""
    for region in topic.regions(site):
        target = {
            "Arn": Ref(queue.key(site.name, region), "arn"),
            "RetryPolicy": RETRY,
            "DeadLetterConfig": {"Arn": Ref(dead_letter_queue.key(site.name, region), "arn")},
        }
        name = events_name(site.name)
        spec = EventRule(
            rule_name=name,
            event_pattern=pattern(site.name),
            state="ENABLED",
            description=description(site.name),
            targets={TARGET_ID: target},
            tags=ownership(site.name),
        )
        yield Desired(Key(region, NAME, name), spec)


def description(site: str) -> str:
    """Describe the events of the rule and its site."""
    return f"Spot interruptions and failed launches ({site_mark(site)})"


def pattern(site: str) -> dict[str, Any]:
    """Build the event pattern of the rule (EventBridge user guide, "$or matching")."""
    return {
        "$or": [
            {
                "source": ["aws.ec2"],
                "detail-type": [
                    "EC2 Spot Instance Interruption Warning",
                    "EC2 Instance Rebalance Recommendation",
                ],
            },
            {
                "source": ["aws.autoscaling"],
                "detail-type": ["EC2 Instance Launch Unsuccessful"],
                "detail": {"AutoScalingGroupName": [{"prefix": group_prefix(site)}]},
            },
        ]
    }


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """List rules by name prefix, then the targets of the rule with our name."""
    name = events_name(scope.site)
    for rule in list(aws.pages("events", "list_rules", "Rules", 100, NamePrefix=name)):
        if rule.get("Name", name) != name and isinstance(rule["Name"], str):
            continue  # of another site, whose name begins with ours
        item = {**rule, "Described": rule.get("Description") == description(scope.site)}
        if not item["Described"]:
            arn = str(rule.get("Arn"))
            item |= aws.call("events", "list_tags_for_resource", ResourceARN=arn)
        item["Targets"] = list(
            aws.pages("events", "list_targets_by_rule", "Targets", 100, Rule=name)
        )
        yield from projected(NAME, aws.region, item, partial(_identity, aws.region, scope), _live)


def _identity(region: str, scope: Scope, rule: Mapping[str, Any]) -> Live:
    owned = rule["Described"] or scope.owns(read_tags(rule["Tags"]))
    name = Key(region, NAME, text(rule, "Name"))
    return Live(name, None, owned=owned, attrs={"arn": rule["Arn"]})


def _live(rule: Mapping[str, Any], named: Live) -> Live:
    spec = EventRule(
        rule_name=rule["Name"],
        event_pattern=json.loads(rule.get("EventPattern", "{}")),
        state=rule["State"],
        description=rule.get("Description", ""),
        targets={
            target["Id"]: {name: value for name, value in target.items() if name != "Id"}
            for target in rule["Targets"]
        },
        tags={},
    )
    return replace(named, spec=spec)


def create(aws: Aws, change: Create) -> Live:
    """Create the rule, and then its targets."""
    want = change.desired
    spec: EventRule = want.spec
    arn = _put_rule(aws, spec, Tags=write_tags(spec.tags))
    _put_targets(aws, spec, before={})
    return Live(want.key, spec, owned=True, attrs={"arn": arn})


def update(aws: Aws, change: Update) -> Live:
    """Write the whole rule, its targets, or both."""
    live, spec = change.live, change.desired.spec
    fields = {each.field for each in change.fields}
    attrs = live.attrs
    if fields & {"event_pattern", "state", "description"}:
        attrs = {"arn": _put_rule(aws, spec)}
    if "targets" in fields:
        _put_targets(aws, spec, before=live.spec.targets)
    return Live(live.key, spec, owned=True, attrs=attrs)


def _put_rule(aws: Aws, spec: EventRule, **tags: Any) -> str:
    """Write the whole rule, and return its ARN; on an existing one PutRule ignores Tags."""
    answer = aws.call(
        "events",
        "put_rule",
        Name=spec.rule_name,
        EventPattern=json.dumps(spec.event_pattern, sort_keys=True),
        State=spec.state,
        Description=spec.description,
        **tags,
    )
    return str(answer["RuleArn"])


def _put_targets(aws: Aws, spec: EventRule, before: Mapping[str, Any]) -> None:
    """Put what is wanted first: there is always a target that takes events."""
    wanted = [{"Id": name, **target} for name, target in sorted(spec.targets.items())]
    answer = aws.call("events", "put_targets", Rule=spec.rule_name, Targets=wanted)
    _whole(aws, "PutTargets", answer)
    gone = sorted(before.keys() - spec.targets.keys())
    if gone:
        answer = aws.call("events", "remove_targets", Rule=spec.rule_name, Ids=gone)
        _whole(aws, "RemoveTargets", answer)


def _whole(aws: Aws, operation: str, answer: Mapping[str, Any]) -> None:
    """These calls answer HTTP 200 with the failures inside (events API, PutTargets)."""
    for entry in answer.get("FailedEntries", ()):
        raise AwsError(
            f"events:{operation}",
            entry.get("ErrorCode", "FailedEntry"),
            entry.get("ErrorMessage", ""),
            aws.region,
        )
