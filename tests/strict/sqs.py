"""Amazon SQS queues, as far as a run makes them; no message is ever in one."""

from __future__ import annotations

import json

from tests.strict.aws import ACCOUNT, Here, Refusal
from tests.strict.tables import Record

DEFAULTS = {
    "VisibilityTimeout": "30",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
}
"""M, CreateQueue."""

REMOVABLE = ("Policy", "RedrivePolicy", "KmsMasterKeyId")
NAME_IS_FREE_AFTER = 60.0
"""Seconds (M, CreateQueue: "you must wait at least 60 seconds")."""


def create_queue(here: Here, p: Record) -> Record:
    """The same again is the same queue; another attribute is refused (M)."""
    name, given = p["QueueName"], dict(p.get("Attributes", {}))
    gone = here.all("deleted").get(name)
    if gone and here.aws.seconds < gone["At"] + NAME_IS_FREE_AFTER:
        text = "You must wait 60 seconds after deleting a queue before you can create another."
        raise Refusal("AWS.SimpleQueueService.QueueDeletedRecently", text)
    known = here.all("queues").get(name)
    if known is None:
        _checked(here, given)
        tags = [{"Key": key, "Value": value} for key, value in p.get("tags", {}).items()]
        here.put("queues", name, {"Attributes": {**DEFAULTS, **given}, "Tags": tags})
    elif any(known["Attributes"].get(key) != value for key, value in given.items()):
        text = "A queue already exists with the same name and a different value for an attribute"
        raise Refusal("QueueAlreadyExists", text)
    return {"QueueUrl": _url(here, name)}


def _url(here: Here, name: str) -> str:
    return f"https://sqs.{here.region}.amazonaws.com/{ACCOUNT}/{name}"


def _checked(here: Here, given: Record) -> None:
    """A dead-letter queue has to be there (public reports of the code and the text)."""
    redrive = given.get("RedrivePolicy")
    if redrive:
        target = json.loads(redrive)["deadLetterTargetArn"].rsplit(":", 1)[-1]
        if target not in here.named("queues"):
            text = f"Value {redrive} for parameter RedrivePolicy is invalid. Reason: "
            raise Refusal("InvalidParameterValue", text + "Dead letter target does not exist.")


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def list_queues(here: Here, p: Record) -> Record:
    """At most 1,000 by prefix, and no token where no size was asked for (M). No list, if none."""
    prefix = p.get("QueueNamePrefix", "")
    found = [_url(here, name) for name in here.seen("queues") if name.startswith(prefix)]
    return {"QueueUrls": found[:1000]} if found else {}


def get_queue_attributes(here: Here, p: Record) -> Record:
    """All of them; what was never set, and has no default, is left out."""
    name = _name(p["QueueUrl"])
    found = here.seen("queues").get(name) or _absent()
    known = {"QueueArn": here.arn(name), "ApproximateNumberOfMessages": "0"}
    return {"Attributes": {**found["Attributes"], **known}}


def set_queue_attributes(here: Here, p: Record) -> Record:
    """What is named changes; an empty policy or key takes it away."""
    name = _name(p["QueueUrl"])
    found = here.all("queues").get(name) or _absent()
    _checked(here, p["Attributes"])
    changed = {**found["Attributes"], **p["Attributes"]}
    left = {key: value for key, value in changed.items() if value or key not in REMOVABLE}
    here.put("queues", name, {**found, "Attributes": left})
    return {}


def list_queue_tags(here: Here, p: Record) -> Record:
    """List the tags of a queue as a map (M)."""
    found = here.seen("queues").get(_name(p["QueueUrl"])) or _absent()
    return {"Tags": {tag["Key"]: tag["Value"] for tag in found["Tags"]}}


def delete_queue(here: Here, p: Record) -> Record:
    """By hand. Its name is taken for a minute."""
    name = _name(p["QueueUrl"])
    if name not in here.all("queues"):
        _absent()
    here.drop("queues", name)
    here.put("deleted", name, {"At": here.aws.seconds})
    return {}


def _absent() -> Record:
    text = "The specified queue does not exist."
    raise Refusal("AWS.SimpleQueueService.NonExistentQueue", text)
