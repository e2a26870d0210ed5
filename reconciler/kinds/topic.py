"""The SNS topic of a region: it sends notices about events to owners.

Only what IAM lets publish in this account speaks through it, and no service does: what is sent here
reaches people under AWS's letterhead.

Not encrypted: with a key of KMS whoever publishes needs rights on that key too, one of your own
costs $1 a month, and a notice holds nothing secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws, partition_of
from reconciler.errors import NotFound
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Desired, Key, Live, Update
from reconciler.plan.names import events_name, topic_arn
from reconciler.plan.ownership import (
    ownership,
    policy_is_ours,
    read_tags,
    site_mark,
    write_tags,
)
from reconciler.plan.projection import projected, readable
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import IN_PLACE

NAME = "topic"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False


@dataclass(frozen=True)
class Topic:
    """The topic and who may publish to it."""

    topic_name: str
    policy: Mapping[str, Any]
    tags: Mapping[str, str]  # written once, at creation, and not compared


UPDATE_POLICY = {"policy": IN_PLACE}


def key(site: str, region: str) -> Key:
    """Return the key of the topic of a region."""
    return Key(region, NAME, events_name(site))


def regions(site: ResolvedSite) -> list[str]:
    """List the regions with workstations, which need the shared resources."""
    return sorted({each.declared.region for each in site.workstations})


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield one topic for each region in use."""
    account = site.declared.account
    for region in regions(site):
        wanted = key(site.name, region)
        policy = publish_policy(site.name, region, account)
        yield Desired(wanted, Topic(wanted.name, policy, ownership(site.name)))


def rule_arn(site: str, region: str, account: str) -> str:
    """Build the ARN of the rule whose events the queues accept."""
    return f"arn:{partition_of(region)}:events:{region}:{account}:rule/{events_name(site)}"


def publish_policy(site: str, region: str, account: str) -> dict[str, Any]:
    """Build the policy: principals of this account may publish if IAM lets them, and nobody else.

    Without a condition: the account alone as principal is what AWS documents for it (SNS developer
    guide, "Example cases for Amazon SNS access control"). An account number would come back from
    AWS as this ARN.
    """
    partition = partition_of(region)
    return {
        "Version": "2012-10-17",
        "Id": site_mark(site),
        "Statement": [
            {
                "Sid": "ThisAccountAlone",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": "sns:Publish",
                "Resource": f"arn:{partition}:sns:{region}:{account}:{key(site, region).name}",
            }
        ],
    }


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Find the topic by the one name that the site uses: topics have no filter.

    Tags would be one more call in each run: they are read where the policy is not ours.
    """
    arn = topic_arn(aws, scope.site)
    try:
        item = {"TopicArn": arn, **aws.call("sns", "get_topic_attributes", TopicArn=arn)}
        item["PolicyIsOurs"] = policy_is_ours(readable(item, _policy), scope.site)
        if not item["PolicyIsOurs"]:
            item |= aws.call("sns", "list_tags_for_resource", ResourceArn=arn)
    except NotFound:
        return
    identify = partial(_identity, aws.region, scope)
    yield from projected(NAME, aws.region, item, identify, _live)


def _identity(region: str, scope: Scope, topic: Mapping[str, Any]) -> Live:
    owned = topic["PolicyIsOurs"] or scope.owns(read_tags(topic["Tags"]))
    return Live(key(scope.site, region), None, owned=owned, attrs={"arn": topic["TopicArn"]})


def _live(topic: Mapping[str, Any], named: Live) -> Live:
    return replace(named, spec=Topic(named.key.name, _policy(topic), tags={}))


def _policy(topic: Mapping[str, Any]) -> Any:
    return json.loads(topic["Attributes"].get("Policy") or "{}")


def create(aws: Aws, change: Create) -> Live:
    """Create the topic: an upsert by name."""
    want = change.desired
    spec: Topic = want.spec
    arn = aws.call(
        "sns",
        "create_topic",
        Name=spec.topic_name,
        Attributes={"Policy": _written(spec)},
        Tags=write_tags(spec.tags),
    )["TopicArn"]
    return Live(want.key, spec, owned=True, attrs={"arn": arn})


def update(aws: Aws, change: Update) -> Live:
    """Set the topic's policy."""
    live, spec = change.live, change.desired.spec
    aws.call(
        "sns",
        "set_topic_attributes",
        TopicArn=live.attrs["arn"],
        AttributeName="Policy",
        AttributeValue=_written(spec),
    )
    return Live(live.key, spec, owned=True, attrs=live.attrs)


def _written(spec: Topic) -> str:
    return json.dumps(spec.policy, sort_keys=True)
