"""Amazon SNS topics and their subscriptions."""

from __future__ import annotations

from collections.abc import Mapping

from tests.strict.aws import ACCOUNT, Here, Refusal
from tests.strict.tables import Record
from tests.strict.tags import retagged, untagged

UNCONFIRMED_SECONDS = 48 * 3600


def create_topic(here: Here, p: Record) -> Record:
    """An upsert by name; other attributes or tags than before are refused (D, CreateTopic)."""
    arn = here.arn(p["Name"])
    old = here.all("topics").get(arn)
    attributes, tags = dict(p.get("Attributes", {})), list(p.get("Tags", ()))
    if old is None:
        here.put("topics", arn, {"Attributes": attributes, "Tags": tags})
    elif any(old["Attributes"].get(name) != value for name, value in attributes.items()):
        raise Refusal("InvalidParameter", "Topic already exists with different attributes")
    elif tags and _dict(old["Tags"]) != _dict(tags):
        raise Refusal("InvalidParameter", "Topic already exists with different tags")
    return {"TopicArn": arn}


def get_topic_attributes(here: Here, p: Record) -> Record:
    """The policy, which AWS always has, and how many subscribe."""
    topic = here.seen("topics").get(p["TopicArn"]) or _absent(404)
    default = '{"Version":"2008-10-17","Statement":[]}'
    waiting = [
        subscription["Pending"] for subscription in _subscribed(here, here.seen("subscriptions"), p)
    ]
    known = {
        "TopicArn": p["TopicArn"],
        "Owner": ACCOUNT,
        "Policy": default,
        "SubscriptionsPending": str(sum(waiting)),
        "SubscriptionsConfirmed": str(len(waiting) - sum(waiting)),
        "SubscriptionsDeleted": "0",
    }
    return {"Attributes": {**known, **topic["Attributes"]}}


def set_topic_attributes(here: Here, p: Record) -> Record:
    """One attribute at a time."""
    topic = here.all("topics").get(p["TopicArn"]) or _absent(404)
    changed = {**topic["Attributes"], p["AttributeName"]: p["AttributeValue"]}
    here.put("topics", p["TopicArn"], {**topic, "Attributes": changed})
    return {}


def delete_topic(here: Here, p: Record) -> Record:
    """No error for one that is gone; its subscriptions go with it (M)."""
    here.drop("topics", p["TopicArn"])
    for key, subscription in here.all("subscriptions").items():
        if subscription["TopicArn"] == p["TopicArn"]:
            here.drop("subscriptions", key)
    return {}


def subscribe(here: Here, p: Record) -> Record:
    """The same again is the same, and a mail more while it waits; other attributes are refused."""
    if p["TopicArn"] not in here.named("topics"):
        _absent(404)
    key = f"{p['TopicArn']}|{p['Protocol']}|{p['Endpoint']}"
    known = next(
        (
            subscription
            for subscription in _subscribed(here, here.all("subscriptions"), p)
            if subscription["Key"] == key
        ),
        None,
    )
    given = dict(p.get("Attributes", {}))
    if known is None:
        made = {
            "Key": key,
            "TopicArn": p["TopicArn"],
            "Protocol": p["Protocol"],
            "Endpoint": p["Endpoint"],
            "Attributes": given,
            "Pending": p["Protocol"] == "email",
            "Asked": here.aws.seconds,
        }
        here.put("subscriptions", key, made)
    elif known["Attributes"] != given:
        reason = "Attributes Reason: Subscription already exists with different attributes"
        raise Refusal("InvalidParameter", f"Invalid parameter: {reason}")
    waits = known["Pending"] if known else p["Protocol"] == "email"
    return {"SubscriptionArn": "pending confirmation" if waits else f"{p['TopicArn']}:{key}"}


def list_subscriptions_by_topic(here: Here, p: Record) -> Record:
    """In pages of 100, whose size nobody chooses; what is not confirmed has no ARN (M)."""
    if p["TopicArn"] not in here.seen("topics"):
        _absent(404)

    def found() -> list[Record]:
        return [
            {
                "SubscriptionArn": "PendingConfirmation"
                if subscription["Pending"]
                else f"{p['TopicArn']}:{subscription['Key']}",
                "Owner": ACCOUNT,
                **{name: subscription[name] for name in ("TopicArn", "Protocol", "Endpoint")},
            }
            for subscription in _subscribed(here, here.seen("subscriptions"), p)
        ]

    return here.page(p, "Subscriptions", found, most=100)


def confirm(here: Here, p: Record) -> Record:
    """Somebody follows the link: no call of AWS's, for its token is in a mail."""
    for key, subscription in here.all("subscriptions").items():
        if subscription["Endpoint"] == p["Endpoint"]:
            here.put("subscriptions", key, {**subscription, "Pending": False})
    return {}


def _subscribed(here: Here, view: Mapping[str, Record], p: Record) -> list[Record]:
    """Those of a topic; what nobody confirmed is gone after 48 hours (What's New, 10 May 2023)."""
    now = here.aws.seconds
    return [
        subscription
        for subscription in view.values()
        if subscription["TopicArn"] == p["TopicArn"]
        and not (subscription["Pending"] and now >= subscription["Asked"] + UNCONFIRMED_SECONDS)
    ]


def list_tags_for_resource(here: Here, p: Record) -> Record:
    """ResourceNotFound, unlike the calls on topics (M)."""
    topic = here.seen("topics").get(p["ResourceArn"]) or _absent(404, "ResourceNotFound")
    return {"Tags": topic["Tags"]}


def tag_resource(here: Here, p: Record) -> Record:
    """Set some tags of a topic."""
    topic = here.all("topics").get(p["ResourceArn"]) or _absent(404, "ResourceNotFound")
    here.put("topics", p["ResourceArn"], {**topic, "Tags": retagged(topic["Tags"], p["Tags"])})
    return {}


def untag_resource(here: Here, p: Record) -> Record:
    """Remove some tags of a topic."""
    topic = here.all("topics").get(p["ResourceArn"]) or _absent(404, "ResourceNotFound")
    left = untagged(topic["Tags"], p["TagKeys"])
    here.put("topics", p["ResourceArn"], {**topic, "Tags": left})
    return {}


def _absent(status: int, code: str = "NotFound") -> Record:
    raise Refusal(code, "Topic does not exist", status)


def _dict(tags: list[Record]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
