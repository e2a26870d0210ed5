"""Receive from the queue of a region, and publish to its topic: the calls of SQS and SNS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.aws_api import Aws
from reconciler.plan.names import events_name, topic_arn
from reconciler.power.notices import Notice

POLL = 20
"""Seconds of one long poll, the most there is (SQS API, ReceiveMessage)."""

BATCH = 10
"""Messages of one answer, the most there is."""

Message = Mapping[str, Any]
"""As ReceiveMessage gives it: Body and ReceiptHandle."""


@dataclass(frozen=True)
class Queue:
    """The queue of a region, with the client of that region."""

    url: str
    client: Aws


def queue_of(site: str, client: Aws) -> Queue:
    """Find the queue that a run has made in this region.

    Raises: NotFound before the first run that made it; AwsError.
    """
    url = client.call("sqs", "get_queue_url", QueueName=events_name(site))["QueueUrl"]
    return Queue(url, client)


def receive(queue: Queue, seconds: float) -> Sequence[Message]:
    """Receive messages in so many whole seconds, at most POLL; [] when none came.

    How long they stay hidden from others is the queue's own (kinds/queue.py).
    """
    answer = queue.client.call(
        "sqs",
        "receive_message",
        QueueUrl=queue.url,
        MaxNumberOfMessages=BATCH,
        WaitTimeSeconds=int(min(seconds, POLL)),
    )
    messages: list[Message] = answer.get("Messages", [])
    return messages


def delete(queue: Queue, message: Message) -> None:
    """Delete a handled message from the queue."""
    receipt = message["ReceiptHandle"]
    queue.client.call("sqs", "delete_message", QueueUrl=queue.url, ReceiptHandle=receipt)


def publish(site: str, client: Aws, notice: Notice) -> None:
    """Publish to the site's topic of a region; subscriptions choose by the attributes."""
    client.call(
        "sns",
        "publish",
        TopicArn=topic_arn(client, site),
        Subject=notice.subject,
        Message=notice.body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            if isinstance(value, str)
            else {"DataType": "String.Array", "StringValue": json.dumps(value)}
            for name, value in notice.attributes.items()
        },
    )


def as_object(text: str) -> dict[str, Any]:
    """Read JSON as a dict; {} for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
