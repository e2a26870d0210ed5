"""Rule, queues, topic and subscriptions together: moved over in place, asked once, left alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.plan.model import Outcome
from reconciler.sandbox.services.bus import emit
from tests.kinds.world import World, client, rows, writes

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

REGION, ACCOUNT = "us-east-1", "123456789012"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:acme-events"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/acme-events"


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    made = World()
    made.settle()
    return made


def subscribed() -> dict[str, str]:
    found = client("sns").list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    return {each["Endpoint"]: each["SubscriptionArn"] for each in found}


def asked(world: World) -> int:
    """How often the loop has had AWS ask an address."""
    return world.session.calls().get("sns:Subscribe", 0)


def tell(world: World, *addresses: str) -> None:
    """From now on alice's YAML names these."""
    alice, *others = world.site.workstations
    silent = [replace(each, notices=()) for each in others]
    world.site = replace(world.site, workstations=(replace(alice, notices=addresses), *silent))


def test_an_event_that_a_stranger_may_not_forge_reaches_the_queue(
    world: World, sandbox: Sandbox
) -> None:
    detail = {"instance-id": "i-0123456789abcdef0"}
    kind = "EC2 Spot Instance Interruption Warning"
    event = emit(sandbox.world, REGION, "aws.ec2", kind, detail)
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="acme-events")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["id"] == event
    rule = {"Name": "evil", "EventPattern": json.dumps({"source": ["aws.ec2"]})}
    client("events").put_rule(**rule)
    for service in ("sqs", "sns"):
        arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:acme-events"
        client("events").put_targets(Rule="evil", Targets=[{"Id": service, "Arn": arn}])
    client("events").disable_rule(Name="acme-events")
    emit(sandbox.world, REGION, "aws.ec2", kind, detail)
    assert sqs.receive_message(QueueUrl=url).get("Messages", []) == []


def test_a_pending_address_is_no_difference_and_is_not_asked_again(world: World) -> None:
    assert set(subscribed().values()) == {"PendingConfirmation"}
    before, count = world.session.calls(), asked(world)
    for _ in range(3):
        assert rows(world.run()) == []
    assert writes(before, world.session.calls()) == {}
    assert asked(world) == count == 4


def test_an_address_that_never_answers_is_asked_once_in_two_days(
    world: World, sandbox: Sandbox
) -> None:
    tell(world, "alice@example.com")
    count = asked(world)
    for hours in (47, 1):
        sandbox.clock.forward(timedelta(hours=hours))
        world.run()
    assert asked(world) == count + 1
    client("sns").confirm_subscription(TopicArn=TOPIC, Token="alice@example.com")
    sandbox.clock.forward(timedelta(days=30))
    assert rows(world.run()) == []
    assert asked(world) == count + 1


def test_who_leaves_the_yaml_stays_subscribed_and_hears_nothing(world: World) -> None:
    """No run may unsubscribe anybody: the notice does not name them any more."""
    before = subscribed()
    tell(world)
    assert rows(world.run()) == []
    assert subscribed() == before
    client("sns").confirm_subscription(TopicArn=TOPIC, Token="alice@example.com")
    (arn,) = [arn for arn in subscribed().values() if arn.startswith(TOPIC)]
    attributes = client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"to": ["alice@example.com"]}


def test_where_nobody_is_told_subscriptions_are_not_read(world: World) -> None:
    tell(world)
    before = world.session.calls()["sns:ListSubscriptionsByTopic"]
    world.run()
    assert world.session.calls()["sns:ListSubscriptionsByTopic"] == before
    tell(world, "alice@example.com")
    world.run()
    assert world.session.calls()["sns:ListSubscriptionsByTopic"] == before + 1


def test_what_somebody_subscribed_is_left_as_it_is(world: World) -> None:
    sns = client("sns")
    chat = {"TopicArn": TOPIC, "Protocol": "https", "Endpoint": "https://chat.example.com/x"}
    mail = {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "Boss@example.com"}
    filters = {"FilterPolicy": '{"event": ["launch-failure"]}'}
    sns.subscribe(**chat, Attributes=filters)
    sns.subscribe(**mail, Attributes=filters)
    before = subscribed()
    tell(world, "boss@example.com")
    assert rows(world.run()) == [], "an address is one mailbox, however it is written"
    assert subscribed() == before


def test_an_address_is_asked_in_each_region_where_it_is_told_of_something(
    sandbox: Sandbox,
) -> None:
    world = World()
    alice, bob, _ = (
        replace(each, notices=("ops@example.com",)) for each in world.site.workstations
    )
    world.site = replace(world.site, workstations=(alice, bob))
    report = world.look()
    made = [c.key for c in report.plan.changes if c.key.kind == "subscription"]
    assert [(key.region, key.name) for key in made] == [(REGION, "ops@example.com")]
    (row,) = [c for c in report.plan.changes if c.key.kind == "subscription"]
    assert "until the link was followed" in row.notes[0]


# -- a rule that still tells the topic ---------------------------------------------------------


def as_it_was() -> None:
    """The rule tells the topic, whose policy has a condition; a queue hears the topic."""
    tags: Sequence[dict[str, str]] = [{"Key": "reconciler:site", "Value": "acme"}]
    let_in: dict[str, Any] = {
        "Sid": "EventBridgeRule",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
        "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
    sns, sqs, events = client("sns"), client("sqs"), client("events")
    sns.create_topic(Name="acme-events", Attributes={"Policy": policy}, Tags=tags)
    pattern = json.dumps({"source": ["aws.ec2"]})
    events.put_rule(Name="acme-events", EventPattern=pattern, Tags=tags)
    events.put_targets(Rule="acme-events", Targets=[{"Id": "topic", "Arn": TOPIC}])
    sqs.create_queue(QueueName="acme-events-loop")
    loop = f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-events-loop"
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=loop)


def test_a_rule_that_tells_the_topic_is_moved_over_in_place(sandbox: Sandbox) -> None:
    as_it_was()
    world = World()
    report = world.run()
    assert not [c for c in report.plan.changes if c.outcome is Outcome.FAILED], rows(report)
    (target,) = client("events").list_targets_by_rule(Rule="acme-events")["Targets"]
    assert target["Id"] == "queue"
    assert target["Arn"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-events"
    policy = json.loads(client("sns").get_topic_attributes(TopicArn=TOPIC)["Attributes"]["Policy"])
    principals = [statement["Principal"] for statement in policy["Statement"]]
    assert principals == [{"AWS": f"arn:aws:iam::{ACCOUNT}:root"}]
    (loop,) = [arn for arn in subscribed() if arn.endswith("acme-events-loop")]
    assert loop, "what people made by hand is theirs to delete"
    world.settle()
