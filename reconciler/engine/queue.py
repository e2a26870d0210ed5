"""The queue that a region's rule fills, and the topic that tells: SQS and SNS on the wire."""

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
    """A region's queue, by the door of its region."""

    url: str
    door: Aws


def queue_of(site: str, door: Aws) -> Queue:
    """Find the queue that a run has made in this region.

    Raises: NotFound before the first run that made it; AwsError.
    """
    url = door.call("sqs", "get_queue_url", QueueName=events_name(site))["QueueUrl"]
    return Queue(url, door)


def receive(queue: Queue, seconds: float) -> Sequence[Message]:
    """Wait for messages, at most so many whole seconds and at most POLL; [] when none came.

    How long they stay hidden from others is the queue's own (kinds/queue.py).
    """
    answer = queue.door.call(
        "sqs",
        "receive_message",
        QueueUrl=queue.url,
        MaxNumberOfMessages=BATCH,
        WaitTimeSeconds=int(min(seconds, POLL)),
    )
    messages: list[Message] = answer.get("Messages", [])
    return messages


def delete(queue: Queue, message: Message) -> None:
    """Take an acted-on message out of the queue."""
    receipt = message["ReceiptHandle"]
    queue.door.call("sqs", "delete_message", QueueUrl=queue.url, ReceiptHandle=receipt)


def publish(site: str, door: Aws, notice: Notice) -> None:
    """Publish to the site's topic of a region; subscriptions choose by the attributes."""
    door.call(
        "sns",
        "publish",
        TopicArn=topic_arn(door, site),
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
