from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.helpers import Aws, refused
from tests.sandbox.test_bus import OF_THE_RULE, TOPIC, lets_in

PATTERN = {
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
            "detail": {"AutoScalingGroupName": [{"prefix": "acme-"}]},
        },
    ]
}


@pytest.fixture
def topic(aws: Aws) -> str:
    attributes = {"Policy": lets_in("sns:Publish", TOPIC)}
    return str(aws.client("sns").create_topic(Name="acme", Attributes=attributes)["TopicArn"])


@pytest.fixture
def queue(aws: Aws, topic: str) -> str:
    """A queue that hears what the topic is told."""
    sqs = aws.client("sqs")
    url = str(sqs.create_queue(QueueName="ears")["QueueUrl"])
    arn = "arn:aws:sqs:us-east-1:123456789012:ears"
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def put(aws: Aws, **changes: Any) -> Any:
    words = {"Name": "acme", "EventPattern": json.dumps(PATTERN)}
    return aws.events.put_rule(**{**words, **changes})


def test_a_rule_is_replaced_whole_but_for_its_tags(aws: Aws) -> None:
    arn = put(aws, Description="d", State="DISABLED", Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    put(aws, Tags=[{"Key": "a", "Value": "2"}])
    shown = aws.events.describe_rule(Name="acme")
    assert shown["State"] == "ENABLED"
    assert "Description" not in shown
    assert json.loads(shown["EventPattern"]) == PATTERN
    tags = aws.events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}]
    aws.events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "3"}])
    tags = aws.events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "a", "Value": "3"}]


@pytest.mark.parametrize(
    "pattern", ["not json", "[]", "{}", '{"source": "aws.ec2"}', '{"source": []}', '{"$or": [{}]}']
)
def test_patterns_that_are_wrong(aws: Aws, pattern: str) -> None:
    with refused("InvalidEventPatternException"):
        put(aws, EventPattern=pattern)


def test_rules_that_are_wrong(aws: Aws) -> None:
    with refused("ValidationException"):
        put(aws, Name="a b")
    with refused("ResourceNotFoundException"):
        put(aws, EventBusName="nowhere")
    with refused("ResourceNotFoundException"):
        aws.events.describe_rule(Name="nobody")
    with refused("ResourceNotFoundException"):
        aws.events.list_targets_by_rule(Rule="nobody")
    with refused("ResourceNotFoundException"):
        aws.events.put_targets(Rule="nobody", Targets=[{"Id": "1", "Arn": "arn:aws:sns:::x"}])


def test_targets_are_upserted_up_to_five(aws: Aws, topic: str) -> None:
    put(aws)
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "1", "Arn": topic}])
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "1", "Arn": topic, "Input": "{}"}])
    targets = aws.events.list_targets_by_rule(Rule="acme")["Targets"]
    assert targets == [{"Id": "1", "Arn": topic, "Input": "{}"}]
    more = [{"Id": f"more-{number}", "Arn": topic} for number in range(5)]
    with refused("LimitExceededException"):
        aws.events.put_targets(Rule="acme", Targets=more)
    with refused("ValidationException"):
        aws.events.delete_rule(Name="acme")
    aws.events.remove_targets(Rule="acme", Ids=["1"])
    aws.events.delete_rule(Name="acme")
    aws.events.delete_rule(Name="acme")
    assert aws.events.list_rules(NamePrefix="acme")["Rules"] == []


def test_rules_are_listed_by_prefix_and_page(aws: Aws) -> None:
    for number in range(5):
        put(aws, Name=f"acme-{number}")
    put(aws, Name="other")
    pages = aws.events.get_paginator("list_rules").paginate(
        NamePrefix="acme-", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Rules"]) for page in pages] == [2, 2, 1]


def tell(aws: Aws, source: str, kind: str, **detail: str) -> None:
    entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail)}
    assert aws.events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def received_events(aws: Aws, queue: str) -> list[Any]:
    found = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in found.get("Messages", [])]
    return [json.loads(body["Message"]) for body in bodies]


def test_an_event_that_matches_reaches_the_topic(aws: Aws, topic: str, queue: str) -> None:
    put(aws)
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "topic", "Arn": topic}])
    warning = "EC2 Spot Instance Interruption Warning"
    tell(aws, "aws.ec2", warning, **{"instance-id": "i-1", "instance-action": "terminate"})
    tell(aws, "aws.ec2", "EC2 Instance State-change Notification", state="running")
    tell(aws, "aws.autoscaling", "EC2 Instance Launch Unsuccessful", AutoScalingGroupName="other-1")
    tell(aws, "aws.autoscaling", "EC2 Instance Launch Unsuccessful", AutoScalingGroupName="acme-1")
    kinds = sorted((event["source"], event["detail-type"]) for event in received_events(aws, queue))
    assert kinds == [
        ("aws.autoscaling", "EC2 Instance Launch Unsuccessful"),
        ("aws.ec2", warning),
    ]


def test_a_disabled_rule_sends_nothing(aws: Aws, topic: str, queue: str) -> None:
    put(aws, State="DISABLED")
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "topic", "Arn": topic}])
    tell(aws, "aws.ec2", "EC2 Spot Instance Interruption Warning")
    assert received_events(aws, queue) == []


def test_queues_are_targets_too(aws: Aws) -> None:
    sqs = aws.client("sqs")
    arn = "arn:aws:sqs:us-east-1:123456789012:direct"
    attributes = {"Policy": lets_in("sqs:SendMessage", arn, **OF_THE_RULE)}
    url = sqs.create_queue(QueueName="direct", Attributes=attributes)["QueueUrl"]
    put(aws)
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "queue", "Arn": arn}])
    tell(aws, "aws.ec2", "EC2 Instance Rebalance Recommendation")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["source"] == "aws.ec2"


def test_events_without_their_members_fail_one_by_one(aws: Aws) -> None:
    answer = aws.events.put_events(
        Entries=[
            {"Source": "acme", "DetailType": "x", "Detail": "{"},
            {"Source": "acme", "DetailType": "x", "Detail": "{}"},
            {"Source": "acme", "Detail": "{}"},
        ]
    )
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == ["MalformedDetail", None, "InvalidArgument"]


def test_a_topic_keeps_its_policy_and_tags(aws: Aws, topic: str) -> None:
    sns = aws.client("sns")
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": topic,
                }
            ],
        }
    )
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    kept = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    assert json.loads(kept) == json.loads(policy)
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "a", "Value": "1"}]
    assert sns.create_topic(Name="acme")["TopicArn"] == topic
    with refused("NotFound"):
        sns.get_topic_attributes(TopicArn=topic + "-none")
