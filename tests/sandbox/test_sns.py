"""Subscriptions of addresses: asked, confirmed, or gone after two days."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.helpers import Aws, refused

ADDRESS = "alice@example.com"
FILTER = {"FilterPolicy": json.dumps({"to": [ADDRESS]})}


@pytest.fixture
def topic(still: Aws) -> str:
    return str(still.client("sns").create_topic(Name="acme")["TopicArn"])


def subscribed(aws: Aws, topic: str) -> dict[str, str]:
    found = aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return {subscription["Endpoint"]: subscription["SubscriptionArn"] for subscription in found}


def counts(aws: Aws, topic: str) -> tuple[str, str]:
    found = aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    return found["SubscriptionsPending"], found["SubscriptionsConfirmed"]


def subscribe(aws: Aws, topic: str, **more: Any) -> str:
    words = {"TopicArn": topic, "Protocol": "email", "Endpoint": ADDRESS}
    return str(aws.client("sns").subscribe(**words, **more)["SubscriptionArn"])


def test_an_address_has_to_confirm(still: Aws, topic: str) -> None:
    assert subscribe(still, topic, Attributes=FILTER) == "pending confirmation"
    assert subscribed(still, topic) == {ADDRESS: "PendingConfirmation"}
    assert counts(still, topic) == ("1", "0")
    still.client("sns").confirm_subscription(TopicArn=topic, Token=ADDRESS)
    (arn,) = subscribed(still, topic).values()
    assert arn.startswith(f"{topic}:")
    assert counts(still, topic) == ("0", "1")
    assert subscribe(still, topic, Attributes=FILTER) == arn, "the same again is the same"


def test_what_nobody_confirms_is_gone_after_two_days(still: Aws, topic: str) -> None:
    subscribe(still, topic)
    still.sandbox.clock.forward(timedelta(hours=47))
    assert subscribed(still, topic) == {ADDRESS: "PendingConfirmation"}
    still.sandbox.clock.forward(timedelta(hours=1))
    assert subscribed(still, topic) == {}
    assert counts(still, topic) == ("0", "0")


def test_other_attributes_are_refused(still: Aws, topic: str) -> None:
    subscribe(still, topic, Attributes=FILTER)
    with refused("InvalidParameter", "already exists with different attributes"):
        subscribe(still, topic, Attributes={"FilterPolicy": '{"to": ["bob@example.com"]}'})


def test_a_queue_is_subscribed_at_once(still: Aws, topic: str) -> None:
    arn = "arn:aws:sqs:us-east-1:123456789012:mail"
    found = still.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert found["SubscriptionArn"].startswith(f"{topic}:")
