"""The shape of an SQS queue and its calls, for both kinds of queue.

A queue's tags would cost one more call a queue in each run. So the identifier of its policy says
whose it is, and tags are read only where the policy does not say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws, partition_of
from reconciler.errors import NotFound
from reconciler.kinds import topic
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Desired, Key, Live, Ref, Update
from reconciler.plan.names import events_name
from reconciler.plan.ownership import ownership, policy_is_ours, site_mark
from reconciler.plan.projection import Unreadable, projected, readable
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import IN_PLACE

DAY = 86_400


@dataclass(frozen=True)
class Queue:
    """A standard queue: who may send, retention and visibility timeout."""

    queue_name: str
    policy: Mapping[str, Any]
    message_retention_period: int  # seconds
    visibility_timeout: int  # seconds
    redrive_policy: Mapping[str, str | int | Ref]  # {}: a message is received as often as it comes
    tags: Mapping[str, str]  # written once, at creation, and not read
    delay_seconds: int = 0
    kms_master_key_id: str = ""  # with a key of KMS, EventBridge loses every event in silence


UPDATE_POLICY = {
    "policy": IN_PLACE,
    "message_retention_period": IN_PLACE,
    "visibility_timeout": IN_PLACE,
    "redrive_policy": IN_PLACE,
    "delay_seconds": IN_PLACE,
    "kms_master_key_id": IN_PLACE,
}

_ATTRIBUTES = {
    "policy": "Policy",
    "message_retention_period": "MessageRetentionPeriod",
    "visibility_timeout": "VisibilityTimeout",
    "redrive_policy": "RedrivePolicy",
    "delay_seconds": "DelaySeconds",
    "kms_master_key_id": "KmsMasterKeyId",
}


def send_policy(site: str, queue_arn: str, rule_arn: str) -> dict[str, Any]:
    """Build the policy: the site's rule may send, and in this account those whom IAM lets.

    The condition is the one that AWS documents for a queue (EventBridge user guide, "Using
    resource-based policies", Amazon SQS permissions); it has no `aws:SourceAccount`, and the ARN
    holds the account.
    """
    return {
        "Version": "2012-10-17",
        "Id": site_mark(site),
        "Statement": [
            {
                "Sid": "EventBridgeRule",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }
        ],
    }


def arn(key: Key, account: str) -> str:
    """Build the ARN of a queue, for a field that takes no Ref."""
    return f"arn:{partition_of(key.region)}:sqs:{key.region}:{account}:{key.name}"


def wanted(
    site: ResolvedSite,
    key: Key,
    *,
    retention: int,
    visibility_timeout: int,
    redrive_policy: Mapping[str, str | int | Ref],
) -> Desired:
    """Build the desired queue of this key; both times are in seconds."""
    account = site.declared.account
    rule = topic.rule_arn(site.name, key.region, account)
    spec = Queue(
        queue_name=key.name,
        policy=send_policy(site.name, arn(key, account), rule),
        message_retention_period=retention,
        visibility_timeout=visibility_timeout,
        redrive_policy=redrive_policy,
        tags=ownership(site.name),
    )
    return Desired(key, spec)


def find(aws: Aws, scope: Scope, key: Key) -> Iterator[Live]:
    """Read the queue of this name; yield nothing without one.

    AWS asks to keep a queue's URL as it was returned, not to build one (SQS developer guide,
    "Queue and message identifiers"), so the queues of the site are listed: once a run for all.
    """
    listed = aws.call("sqs", "list_queues", QueueNamePrefix=events_name(scope.site))
    url = readable(listed, partial(_url, key.name))
    if isinstance(url, Unreadable):
        yield from projected(key.kind, key.region, listed, partial(_unreadable, url), _live)
        return
    if not url:
        return
    try:
        answer = aws.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
        item = {"QueueUrl": url, **answer}
        item["PolicyIsOurs"] = policy_is_ours(readable(item, _policy), scope.site)
        if not item["PolicyIsOurs"]:
            item |= aws.call("sqs", "list_queue_tags", QueueUrl=url)
    except NotFound:  # deleted since it was listed
        return
    yield from projected(key.kind, key.region, item, partial(_identity, scope, key), _live)


def _url(name: str, listed: Mapping[str, Any]) -> str:
    """The URL of the queue; "" where it is not listed. SQS leaves an empty list out."""
    urls = listed.get("QueueUrls", [])
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise Unreadable(f"QueueUrls in AWS's answer is {urls!r:.60}, not a list of URLs")
    return next((url for url in urls if url.endswith(f"/{name}")), "")


def _unreadable(error: Unreadable, _item: Any) -> Live | None:
    raise error


def _identity(scope: Scope, key: Key, queue: Mapping[str, Any]) -> Live:
    """Whose it is; SQS leaves `Tags` out where there are none."""
    owned = queue["PolicyIsOurs"] or scope.owns(queue.get("Tags", {}))
    attrs = {"url": queue["QueueUrl"], "arn": queue["Attributes"]["QueueArn"]}
    return Live(key, None, owned=owned, attrs=attrs)


def _live(queue: Mapping[str, Any], named: Live) -> Live:
    attributes = queue["Attributes"]
    spec = Queue(
        queue_name=named.key.name,
        policy=_policy(queue),
        message_retention_period=int(attributes["MessageRetentionPeriod"]),
        visibility_timeout=int(attributes["VisibilityTimeout"]),
        redrive_policy=_redrive(attributes.get("RedrivePolicy") or "{}"),
        tags={},
        delay_seconds=int(attributes.get("DelaySeconds", 0)),
        kms_master_key_id=attributes.get("KmsMasterKeyId", ""),
    )
    return replace(named, spec=spec)


def _policy(queue: Mapping[str, Any]) -> Any:
    return json.loads(queue["Attributes"].get("Policy") or "{}")


def _redrive(text: str) -> dict[str, str | int | Ref]:
    """Read the count as a number, as which AWS's console writes it, and other tools do not."""
    found = json.loads(text)
    return {
        name: int(value) if name == "maxReceiveCount" else value for name, value in found.items()
    }


def create(aws: Aws, change: Create) -> Live:
    """Create the queue. A create by the same name is the same queue."""
    want = change.desired
    spec: Queue = want.spec
    url = aws.call(
        "sqs",
        "create_queue",
        QueueName=spec.queue_name,
        Attributes={
            _ATTRIBUTES[field]: value for field in _ATTRIBUTES if (value := _written(spec, field))
        },
        tags=dict(spec.tags),
    )["QueueUrl"]
    arn = f"arn:{aws.partition}:sqs:{aws.region}:{aws.account}:{spec.queue_name}"
    return Live(want.key, spec, owned=True, attrs={"url": url, "arn": arn})


def update(aws: Aws, change: Update) -> Live:
    """Set the attributes that differ."""
    live, spec = change.live, change.desired.spec
    fields = dict.fromkeys(each.field for each in change.fields)
    aws.call(
        "sqs",
        "set_queue_attributes",
        QueueUrl=live.attrs["url"],
        Attributes={_ATTRIBUTES[field]: _written(spec, field) for field in fields},
    )
    return Live(live.key, spec, owned=True, attrs=live.attrs)


def _written(spec: Queue, field: str) -> str:
    """A field as SQS takes it; "" takes a policy or a key away."""
    value = getattr(spec, field)
    if isinstance(value, Mapping):
        return json.dumps(value, sort_keys=True) if value else ""
    return str(value)
