from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from reconciler.sandbox.services.bus import emit
from tests.sandbox.helpers import Aws

REGION = "us-east-1"
ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:acme"
EARS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:ears"
WARNING = "EC2 Spot Instance Interruption Warning"
DETAIL = {"instance-id": "i-1", "instance-action": "terminate"}


RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/acme"


def lets_in(action: str, arn: str, **condition: Any) -> str:
    """A policy that lets EventBridge in."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": action,
        "Resource": arn,
    }
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


OF_THE_RULE = {"ArnEquals": {"aws:SourceArn": RULE}}


def listen(aws: Aws, *, raw: bool = False, pattern: Any = None, **target: Any) -> str:
    """A rule that tells a topic, whose subscriber is the queue that this names."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    sns.create_topic(Name="acme", Attributes={"Policy": lets_in("sns:Publish", TOPIC)})
    url = str(sqs.create_queue(QueueName="ears")["QueueUrl"])
    words = {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": EARS}
    sns.subscribe(**words, Attributes={"RawMessageDelivery": str(raw).lower()})
    text = json.dumps(pattern or {"source": ["aws.ec2"]})
    aws.events.put_rule(Name="acme", EventPattern=text)
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "1", "Arn": TOPIC, **target}])
    return url


def bodies(aws: Aws, url: str) -> list[str]:
    found = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in found.get("Messages", [])]


def tell(aws: Aws, detail: Any = DETAIL, source: str = "aws.ec2", kind: str = WARNING) -> str:
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1"
    return emit(aws.sandbox.world, REGION, source, kind, detail, [arn])


def test_an_event_has_the_whole_envelope_inside_that_of_the_topic(aws: Aws) -> None:
    url = listen(aws)
    event_id = tell(aws)
    (body,) = bodies(aws, url)
    envelope = json.loads(body)
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", TOPIC)
    event = json.loads(envelope["Message"])
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "id": event_id,
        "detail-type": WARNING,
        "source": "aws.ec2",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1"],
        "detail": DETAIL,
    }


def test_raw_delivery_has_no_envelope(aws: Aws) -> None:
    url = listen(aws, raw=True)
    tell(aws)
    (body,) = bodies(aws, url)
    assert json.loads(body)["detail"] == DETAIL


@pytest.mark.parametrize(
    ("target", "received"),
    [
        ({"Input": '{"a": 1}'}, '{"a": 1}'),
        ({"InputPath": "$.detail"}, json.dumps(DETAIL)),
        ({"InputPath": "$.resources[0]"}, f'"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1"'),
        ({"InputPath": "$.detail.none"}, "{}"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"id": "$.detail.instance-id", "all": "$.detail", "no": "$.x"},
                    "InputTemplate": '{"id": <id>, "text": "<id><no> of <aws.events.rule-name>", '
                    '"all": <all>, "no": <no>}',
                }
            },
            f'{{"id": "i-1", "text": "i-1 of acme", "all": {json.dumps(DETAIL)}, "no": ""}}',
        ),
    ],
)
def test_what_a_target_receives(aws: Aws, target: Any, received: str) -> None:
    url = listen(aws, raw=True, **target)
    tell(aws)
    assert bodies(aws, url) == [received]


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["aws.ec2", "other"]}, True),
        ({"source": ["other"]}, False),
        ({"source": [{"prefix": "aws."}], "detail": {"instance-id": ["i-1"]}}, True),
        ({"detail": {"instance-id": [{"anything-but": ["i-1"]}]}}, False),
        ({"detail": {"instance-id": [{"anything-but": {"prefix": "x"}}]}}, True),
        ({"detail": {"group": [{"exists": False}]}}, True),
        ({"detail": {"instance-id": [{"exists": False}]}}, False),
        ({"$or": [{"source": ["other"]}, {"detail-type": [WARNING]}]}, True),
        ({"$or": [{"source": ["other"]}, {"detail-type": ["other"]}]}, False),
        ({"region": [REGION], "$or": [{"source": ["aws.ec2"]}, {"account": ["1"]}]}, True),
    ],
)
def test_patterns(aws: Aws, pattern: Any, matches: bool) -> None:
    url = listen(aws, pattern=pattern)
    tell(aws)
    assert bool(bodies(aws, url)) == matches


def test_what_is_gone_loses_the_event_without_a_word(aws: Aws) -> None:
    url = listen(aws)
    gone = f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone"
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "2", "Arn": gone}])
    tell(aws)
    assert len(bodies(aws, url)) == 1
    aws.client("sqs").delete_queue(QueueUrl=url)
    assert tell(aws)
    aws.client("sns").delete_topic(TopicArn=TOPIC)
    assert tell(aws)


def direct(aws: Aws, policy: str = "", **target: Any) -> str:
    """A rule that sends to a queue; the queue's URL."""
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:direct"
    attributes = {"Policy": policy} if policy else {}
    url = aws.client("sqs").create_queue(QueueName="direct", Attributes=attributes)["QueueUrl"]
    aws.events.put_rule(Name="acme", EventPattern='{"source": ["aws.ec2"]}')
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "1", "Arn": arn, **target}])
    return str(url)


def failed(aws: Aws, metric: str = "FailedInvocations") -> float:
    now = aws.sandbox.clock.now()
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName=metric,
        Dimensions=[{"Name": "RuleName", "Value": "acme"}],
        StartTime=now - timedelta(days=1),
        EndTime=now + timedelta(minutes=1),
        Period=86400,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


DIRECT = f"arn:aws:sqs:{REGION}:{ACCOUNT}:direct"


def test_a_queue_hears_the_whole_event_too(aws: Aws) -> None:
    url = direct(aws, lets_in("sqs:SendMessage", DIRECT, **OF_THE_RULE))
    tell(aws)
    (body,) = bodies(aws, url)
    assert json.loads(body)["account"] == ACCOUNT
    assert failed(aws) == 0


@pytest.mark.parametrize(
    "policy",
    [
        "",
        lets_in("sqs:SendMessage", DIRECT, ArnEquals={"aws:SourceArn": RULE + "-other"}),
        lets_in("sqs:SendMessage", DIRECT, StringEquals={"aws:SourceAccount": ACCOUNT}),
        lets_in("sqs:ReceiveMessage", DIRECT),
    ],
    ids=["none", "of another rule", "on what AWS does not tell", "for something else"],
)
def test_a_queue_that_does_not_let_the_rule_in_hears_nothing(aws: Aws, policy: str) -> None:
    url = direct(aws, policy)
    tell(aws)
    assert bodies(aws, url) == []
    assert failed(aws) == 1


@pytest.mark.parametrize("condition", [OF_THE_RULE, {"StringEquals": {"aws:SourceAccount": "1"}}])
def test_a_topic_with_a_condition_hears_nothing(aws: Aws, condition: Any) -> None:
    """EventBridge tells a topic neither its rule nor its account."""
    url = listen(aws)
    attribute = {"AttributeName": "Policy"}
    policy = lets_in("sns:Publish", TOPIC, **condition)
    aws.client("sns").set_topic_attributes(TopicArn=TOPIC, **attribute, AttributeValue=policy)
    tell(aws)
    assert bodies(aws, url) == []
    assert failed(aws) == 1


@pytest.mark.parametrize("open_", [True, False])
def test_what_cannot_be_delivered_goes_to_the_dead_letters(aws: Aws, open_: bool) -> None:
    dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
    attributes = {"Policy": lets_in("sqs:SendMessage", dead, **OF_THE_RULE)} if open_ else {}
    sqs = aws.client("sqs")
    letters = sqs.create_queue(QueueName="dead", Attributes=attributes)["QueueUrl"]
    direct(aws, DeadLetterConfig={"Arn": dead})
    event = tell(aws)
    found = sqs.receive_message(QueueUrl=letters, MessageAttributeNames=["All"]).get("Messages", [])
    assert len(found) == open_
    assert failed(aws, "InvocationsFailedToBeSentToDlq") == (not open_)
    for letter in found:
        assert json.loads(letter["Body"])["id"] == event
        letter_attributes = letter["MessageAttributes"]
        assert letter_attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
        assert letter_attributes["RULE_ARN"]["StringValue"] == RULE


def test_no_filter_on_attributes_lets_a_message_without_any_through(aws: Aws) -> None:
    url = listen(aws)
    sns = aws.client("sns")
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    policy = {"AttributeName": "FilterPolicy", "AttributeValue": '{"event": [{"exists": false}]}'}
    sns.set_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"], **policy)
    tell(aws)
    assert bodies(aws, url) == []
    other = {"other": {"DataType": "String", "StringValue": "x"}}
    sns.publish(TopicArn=TOPIC, Message="with one", MessageAttributes=other)
    assert len(bodies(aws, url)) == 1


def test_waiting_for_a_message_holds_up_nobody(aws: Aws) -> None:
    url = str(aws.client("sqs").create_queue(QueueName="ears")["QueueUrl"])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(aws.client("sqs").receive_message, QueueUrl=url, WaitTimeSeconds=10)
        while not waiting.running():
            pass
        Aws(aws.sandbox).client("sqs").send_message(QueueUrl=url, MessageBody="at last")
        assert [message["Body"] for message in waiting.result()["Messages"]] == ["at last"]
