"""SNS subscriptions: moto's, with the confirmation that an address owes, and its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from moto.sns.models import sns_backends

from reconciler.sandbox.operations import AwsError, Call, Wire, operation, page
from reconciler.sandbox.world import ACCOUNT

UNCONFIRMED = timedelta(hours=48)
"""AWS, What's New, 10 May 2023: until then an address may confirm."""
PENDING = "PendingConfirmation"
PAGE = 100
CONFIRMED_BY_MAIL = ("email", "email-json")


def _backend(call: Call) -> Any:
    return sns_backends[ACCOUNT][call.region]


def _subscriptions(call: Call) -> list[Any]:
    """The subscriptions of a topic, without those that waited too long."""
    backend, now = _backend(call), call.world.now()
    topic = backend.get_topic(call.params["TopicArn"])
    for arn, subscription in list(backend.subscriptions.items()):
        asked: datetime | None = getattr(subscription, "asked", None)
        if asked is not None and now - asked >= UNCONFIRMED:
            del backend.subscriptions[arn]
    return list(backend._get_topic_subscriptions(topic))


def _pending(subscription: Any) -> bool:
    return getattr(subscription, "asked", None) is not None


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@operation("sns", "Subscribe")
def subscribe(call: Call) -> Wire:
    """Answer Subscribe. The same request twice makes one subscription; with other attributes it is
    refused. Moto confirms every address.

    [M sns.Subscribe]
    """
    params, backend = call.params, _backend(call)
    attributes = dict(params.get("Attributes") or {})
    address = (params["Protocol"], params.get("Endpoint"))
    known = next((s for s in _subscriptions(call) if (s.protocol, s.endpoint) == address), None)
    if known and any(_as_text(known.attributes.get(k)) != v for k, v in attributes.items()):
        reason = "Attributes Reason: Subscription already exists with different attributes"
        raise AwsError("InvalidParameter", f"Invalid parameter: {reason}")
    made = known or backend.subscribe(params["TopicArn"], params.get("Endpoint"), address[0])
    if known is None:
        for name in sorted(attributes, key=lambda it: it != "FilterPolicyScope"):
            value: Any = attributes[name]
            value = value == "true" if name == "RawMessageDelivery" else value
            backend.set_subscription_attributes(made.arn, name, value)
        if made.protocol in CONFIRMED_BY_MAIL:
            made.asked = call.world.now()
    if _pending(made) and not params.get("ReturnSubscriptionArn"):
        return {"SubscriptionArn": "pending confirmation"}
    return {"SubscriptionArn": made.arn}


@operation("sns", "ConfirmSubscription")
def confirm(call: Call) -> Wire:
    """Answer ConfirmSubscription. The token in the mail is the address itself here."""
    for subscription in _subscriptions(call):
        if subscription.endpoint == call.params["Token"] and _pending(subscription):
            subscription.asked = None
            return {"SubscriptionArn": subscription.arn}
    raise AwsError("InvalidParameter", "Invalid parameter: Token")


@operation("sns", "ListSubscriptionsByTopic")
def list_by_topic(call: Call) -> Wire:
    """Answer ListSubscriptionsByTopic. A subscription that is not confirmed has no ARN."""
    shown, token = page(_subscriptions(call), PAGE, call.params.get("NextToken"))
    rows = [
        {
            "SubscriptionArn": PENDING if _pending(subscription) else subscription.arn,
            "Owner": ACCOUNT,
            "Protocol": subscription.protocol,
            "Endpoint": subscription.endpoint,
            "TopicArn": subscription.topic.arn,
        }
        for subscription in shown
    ]
    return {"Subscriptions": rows, **({"NextToken": token} if token else {})}


@operation("sns", "GetTopicAttributes")
def get_topic_attributes(call: Call) -> Wire:
    """Answer GetTopicAttributes, with the counts of subscriptions that moto lacks."""
    topic = _backend(call).get_topic(call.params["TopicArn"])
    subscriptions = _subscriptions(call)
    waiting = sum(_pending(subscription) for subscription in subscriptions)
    attributes = {
        "TopicArn": topic.arn,
        "Owner": ACCOUNT,
        "Policy": topic.policy,
        "DisplayName": topic.display_name,
        "SubscriptionsPending": str(waiting),
        "SubscriptionsConfirmed": str(len(subscriptions) - waiting),
        "SubscriptionsDeleted": "0",
        "EffectiveDeliveryPolicy": topic.effective_delivery_policy,
    }
    if topic.kms_master_key_id:
        attributes["KmsMasterKeyId"] = topic.kms_master_key_id
    return {"Attributes": attributes}
