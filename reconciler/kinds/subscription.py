"""E-mail subscriptions to the topic of a region: one for each address.

A notice names whom it is for, in its attribute `to`, and a subscription's filter lets through what
names its own address. So a subscription never changes: who gets which notice is decided when a
notice is published. One that nobody declares any more stays and hears nothing. That keeps the
right to unsubscribe out of every role: IAM cannot narrow it to a topic (service authorization
reference, Amazon SNS).

AWS mails an address a link, and sends it nothing else until the link was followed. Until then the
subscription stands as PendingConfirmation, without an ARN; after 48 hours AWS deletes it (What's
New, 10 May 2023) and the next run subscribes anew: one mail in two days at most.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import NotFound
from reconciler.kinds import topic
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Desired, Key, Live, Ref
from reconciler.plan.names import topic_arn
from reconciler.plan.projection import projected, text
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import UpdatePolicy

NAME = "subscription"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

TO = "to"
"""The attribute of a notice that lists the addresses it is for."""

PENDING = "PendingConfirmation"
"""Stands in the place of an ARN until the address has confirmed."""


@dataclass(frozen=True)
class Subscription:
    """A subscription of one address: it exists, or it does not."""

    topic_arn: str | Ref
    endpoint: str


UPDATE_POLICY: dict[str, UpdatePolicy] = {}
"""What is subscribed is as it should be: nothing of it is ever changed."""


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield one for each address that gets notices, in the region of the workstation."""
    recipients = {
        (each.declared.region, address): each.declared.where
        for each in reversed(site.workstations)
        for address in each.declared.notices
    }
    for (region, address), where in sorted(recipients.items()):
        arn = Ref(topic.key(site.name, region), "arn")
        yield Desired(
            Key(region, NAME, address),
            Subscription(arn, address),
            where=where,
            hashed_name=_expected_name(region, address),
            notes=("AWS mails a link to it, and sends nothing else until the link was followed",),
        )


def filter_policy(address: str) -> str:
    """Filter notices for this address (SNS developer guide, "Filter policy constraints")."""
    return json.dumps({TO: [address]})


def _expected_name(region: str, address: str) -> str:
    """Say to `find` that somebody is to be told there."""
    return f"{NAME} {region} {address}"


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """List the topic's subscriptions, if the YAML names an address: that is one call more.

    One that its recipient has ended is listed for a while, with `Deleted` for an ARN: as long as it
    is, nobody is asked anew.
    """
    if not any(name.startswith(_expected_name(aws.region, "")) for name in scope.expected()):
        return
    arn = topic_arn(aws, scope.site)
    try:
        found = list(aws.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn))
    except NotFound:  # no topic yet
        return
    for each in found:
        identify = partial(_identity, aws.region)
        yield from projected(NAME, aws.region, each, identify, partial(_live, arn))


def _identity(region: str, item: Mapping[str, Any]) -> Live | None:
    """Its address; it counts as ours whoever made it, since none is ever changed."""
    if text(item, "Protocol") != "email":
        return None
    key = Key(region, NAME, text(item, "Endpoint").lower())
    return Live(key, None, owned=True, attrs={"arn": item["SubscriptionArn"]})


def _live(topic_arn: str, _item: Mapping[str, Any], named: Live) -> Live:
    return replace(named, spec=Subscription(topic_arn, named.key.name))


def create(aws: Aws, change: Create) -> Live:
    """Subscribe. The same twice is one, and where it is pending, one mail more."""
    want = change.desired
    spec: Subscription = want.spec
    answer = aws.call(
        "sns",
        "subscribe",
        TopicArn=spec.topic_arn,
        Protocol="email",
        Endpoint=spec.endpoint,
        Attributes={"FilterPolicy": filter_policy(spec.endpoint)},
    )
    return Live(want.key, spec, owned=True, attrs={"arn": answer["SubscriptionArn"]})
