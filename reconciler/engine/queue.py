"""The queue that hears a site's topics, and the topic that tells: SQS and SNS on the wire."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.errors import UsageError
from reconciler.plan.kind import Aws
from reconciler.power.notices import Notice

POLL = 20
"""Seconds of one long poll, the most there is (SQS API, ReceiveMessage)."""

HIDDEN = 300
"""Seconds until a message that was not acted on comes again: longer than a run takes."""

BATCH = 10
"""Messages of one answer, the most there is."""

OWN = frozenset({"workstation", "event"})
"""Attributes that every notice has, and no event of AWS's."""

_URL = re.compile(r"https?://[^/]+/\d{12}/(?P<name>[\w.-]+)")
_REGION = re.compile(r"https?://(?:sqs\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.")

Message = Mapping[str, Any]
"""As ReceiveMessage gives it: Body, ReceiptHandle, MessageAttributes where delivery is raw."""


@dataclass(frozen=True)
class Queue:
    """The queue, by the door of its region."""

    url: str
    door: Aws


def queue_of(given: str, site: Site, door: Callable[[str], Aws]) -> Queue:
    """The queue by URL, or by its name in the site's first region.

    Raises: UsageError for one that is not the site's: what a queue holds is deleted. AwsError.
    """
    found = _URL.fullmatch(given)
    name = found["name"] if found else given
    if not name.startswith(f"{site.name}-events"):
        raise UsageError(
            f"--queue {given}: what is heard is deleted, so the queue must be the site's own, with "
            f"a name that begins with {site.name}-events"
        )
    if found:
        region = _REGION.match(given)
        return Queue(given, door(region[1] if region else site.regions[0]))
    first = door(site.regions[0])
    return Queue(first.call("sqs", "get_queue_url", QueueName=given)["QueueUrl"], first)


def receive(queue: Queue, seconds: float) -> Sequence[Message]:
    """Wait for messages, at most this long and at most POLL; [] when none came."""
    answer = queue.door.call(
        "sqs",
        "receive_message",
        QueueUrl=queue.url,
        MaxNumberOfMessages=BATCH,
        WaitTimeSeconds=math.ceil(min(seconds, POLL)),
        VisibilityTimeout=HIDDEN,
        MessageAttributeNames=sorted(OWN),
    )
    messages: list[Message] = answer.get("Messages", [])
    return messages


def delete(queue: Queue, message: Message) -> None:
    """Take an acted-on message out of the queue."""
    receipt = message["ReceiptHandle"]
    queue.door.call("sqs", "delete_message", QueueUrl=queue.url, ReceiptHandle=receipt)


def publish(site: str, door: Aws, notice: Notice) -> None:
    """To the site's topic of a region; subscriptions choose by the attributes."""
    door.call(
        "sns",
        "publish",
        TopicArn=f"arn:{door.partition}:sns:{door.region}:{door.account}:{site}-events",
        Subject=notice.subject,
        Message=notice.body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in notice.attributes.items()
        },
    )


def opened(message: Message) -> tuple[str, frozenset[str]]:
    """What was published, and the names of its attributes.

    SNS wraps both in an envelope, unless the subscription asks for raw delivery (SNS developer
    guide, "Amazon SNS raw message delivery").
    """
    body = str(message.get("Body", ""))
    envelope = as_object(body)
    if envelope.get("Type") == "Notification" and isinstance(envelope.get("Message"), str):
        attributes = envelope.get("MessageAttributes")
        return envelope["Message"], frozenset(attributes if isinstance(attributes, dict) else ())
    return body, frozenset(message.get("MessageAttributes", ()))


def as_object(text: str) -> dict[str, Any]:
    """JSON as a dict; {} for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
