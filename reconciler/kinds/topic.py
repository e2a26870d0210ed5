"""The SNS topic of a region: where Spot interruptions and failed launches are told.

Not encrypted: EventBridge cannot publish through the AWS-managed key, and a customer key
costs $1 a month; the messages hold instance ids and nothing secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import NotFound
from reconciler.kinds.identity import tag_arn
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
)
from reconciler.plan.ownership import ownership, read_tags, write_tags
from reconciler.plan.resolve import ResolvedSite

NAME = "topic"
MOVES: frozenset[str] = frozenset()
HOLDS_INSTANCES = False


@dataclass(frozen=True)
class Topic:
    """The topic and who may publish to it."""

    topic_name: str
    policy: Mapping[str, Any]
    tags: Mapping[str, str]


RULES = {"policy": IN_PLACE, "tags": IN_PLACE}


def key(site: str, region: str) -> Key:
    """One topic per region."""
    return Key(region, NAME, f"{site}-events")


def regions(site: ResolvedSite) -> list[str]:
    """Regions where workstations stand, and so need the shared things."""
    return sorted({each.declared.region for each in site.workstations})


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """One per region in use."""
    for region in regions(site):
        name = f"{site.name}-events"
        partition = partition_of(region)
        prefix = f"arn:{partition}"
        account = site.declared.account
        topic_arn = f"{prefix}:sns:{region}:{account}:{name}"
        rule_arn = f"{prefix}:events:{region}:{account}:rule/{name}"
        spec = Topic(name, publish_policy(topic_arn, rule_arn), ownership(site.name))
        yield Desired(key(site.name, region), spec)


def partition_of(region: str) -> str:
    """The ARN partition of a region (botocore's partitions.json)."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def publish_policy(topic_arn: str, rule_arn: str) -> dict[str, Any]:
    """Our rule may publish, nobody else: without it EventBridge drops events in silence."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EventBridgeRule",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }
        ],
    }


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Ask for the one name we would use: topics have no filter."""
    name = f"{scope.site}-events"
    arn = f"arn:{aws.partition}:sns:{aws.region}:{aws.account}:{name}"
    try:
        attributes = aws.call("sns", "get_topic_attributes", TopicArn=arn)["Attributes"]
    except NotFound:
        return
    tags = read_tags(aws.call("sns", "list_tags_for_resource", ResourceArn=arn)["Tags"])
    yield Live(
        key(scope.site, aws.region),
        Topic(name, json.loads(attributes["Policy"]), scope.managed(tags)),
        owned=scope.owns(tags),
        attrs={"arn": arn},
    )


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """Field by field."""
    return differing(live.spec, want.spec, RULES)


def apply(aws: Aws, change: Change) -> Live | None:
    """Create (an upsert by name) and set the policy."""
    assert change.desired is not None
    spec: Topic = change.desired.spec
    fields = {each.field for each in change.fields}
    policy = json.dumps(spec.policy, sort_keys=True)
    if change.op is Op.CREATE:
        arn = aws.call(
            "sns",
            "create_topic",
            Name=spec.topic_name,
            Attributes={"Policy": policy},
            Tags=write_tags(spec.tags),
        )["TopicArn"]
        return Live(change.key, spec, owned=True, attrs={"arn": arn})
    assert change.live is not None
    arn = change.live.attrs["arn"]
    if "policy" in fields:
        aws.call(
            "sns",
            "set_topic_attributes",
            TopicArn=arn,
            AttributeName="Policy",
            AttributeValue=policy,
        )
    if "tags" in fields:
        tag_arn(aws, "sns", arn, change.live.spec.tags, spec.tags)
    return Live(change.key, spec, owned=True, attrs={"arn": arn})
