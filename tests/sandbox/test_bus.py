from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reconciler.sandbox.bus import emit
from tests.sandbox.helpers import Aws

REGION = "us-east-1"
ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:acme"
EARS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:ears"
WARNING = "EC2 Spot Instance Interruption Warning"
DETAIL = {"instance-id": "i-1", "instance-action": "terminate"}


def listen(aws: Aws, *, raw: bool = False, pattern: Any = None, **target: Any) -> str:
    """A rule that tells a topic, whose subscriber is the queue that this names."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    sns.create_topic(Name="acme")
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
    ("pattern", "heard"),
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
def test_patterns(aws: Aws, pattern: Any, heard: bool) -> None:
    url = listen(aws, pattern=pattern)
    tell(aws)
    assert bool(bodies(aws, url)) == heard


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


def test_a_queue_hears_the_whole_event_too(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="direct")["QueueUrl"]
    aws.events.put_rule(Name="acme", EventPattern='{"source": ["aws.ec2"]}')
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:direct"
    aws.events.put_targets(Rule="acme", Targets=[{"Id": "1", "Arn": arn}])
    tell(aws)
    (body,) = bodies(aws, url)
    assert json.loads(body)["account"] == ACCOUNT


def test_waiting_for_a_message_holds_up_nobody(aws: Aws) -> None:
    url = str(aws.client("sqs").create_queue(QueueName="ears")["QueueUrl"])
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(aws.client("sqs").receive_message, QueueUrl=url, WaitTimeSeconds=10)
        while not told.running():
            pass
        Aws(aws.sandbox).client("sqs").send_message(QueueUrl=url, MessageBody="at last")
        assert [message["Body"] for message in told.result()["Messages"]] == ["at last"]
