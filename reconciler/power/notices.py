"""Notices to owners about an event: to which workstation, the reason, what happens next. Pure.

Events are EventBridge's: Spot interruptions and rebalance hints carry an instance id alone, failed
launches the group's name (EC2 user guide, "Spot Instance interruption notices"; EC2 Auto Scaling
user guide, "Amazon EC2 Auto Scaling event reference").
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from zoneinfo import ZoneInfo

from reconciler.declare.fleet import Fallback
from reconciler.kinds.subscription import TO
from reconciler.power.failure_causes import SPOT_UNAVAILABLE, Cause, Mender
from reconciler.power.launch_failures import MESSAGE_LIMIT, understand
from reconciler.workstation.runtime_tags import parse_lease

WINDOW = timedelta(hours=1)
"""A repeated failure gets one notice in it; an event older than it gets none."""

WARNING = timedelta(minutes=2)
"""From an interruption's warning to the end (EC2 user guide, as above)."""

SUBJECT_LIMIT = 99
"""SNS takes less than 100 characters, without line breaks (SNS API, Publish); mail wants ASCII."""

QUOTE_LIMIT = 300
"""Of AWS's own words; a status message has 255 characters (Auto Scaling API, Activity)."""

WIDTH = 78

_LINK = re.compile(r"\w+://\S+")

SentNotices = Mapping[tuple[str, ...], datetime]
"""The notices sent, by `deduplication_key`, with the time of the event."""


class EventType(StrEnum):
    """The types of events that concern an owner; subscriptions filter by the values."""

    INTERRUPTION = "interruption"
    REBALANCE = "rebalance"
    LAUNCH_FAILURE = "launch-failure"


_TYPES = {
    ("aws.ec2", "EC2 Spot Instance Interruption Warning"): EventType.INTERRUPTION,
    ("aws.ec2", "EC2 Instance Rebalance Recommendation"): EventType.REBALANCE,
    ("aws.autoscaling", "EC2 Instance Launch Unsuccessful"): EventType.LAUNCH_FAILURE,
}


@dataclass(frozen=True)
class Event:
    """An event about an instance or a group, with the fields that we use."""

    type: EventType
    at: datetime
    account: str
    region: str
    instance: str = ""
    group: str = ""
    message: str = ""  # why a launch failed, in AWS's words


@dataclass(frozen=True)
class Recipient:
    """The workstation of an event. Fields from the YAML are empty for one that left it."""

    name: str
    fleet: str
    owner: str
    spot_policy: Literal["spot", "auto", "on-demand", ""] = ""
    fallback: Fallback | None = None
    home: bool | None = None  # None: not known
    to: tuple[str, ...] = ()  # addresses that get the notice
    timezone: str = "UTC"  # of the times in the notice
    lease: str = ""  # the group's tag `reconciler:market`
    wanted: bool = True  # whether it is meant to be on
    failing_since: datetime | None = None  # since when launches fail for want of Spot

    @property
    def declared(self) -> bool:
        """Whether the YAML declares it."""
        return self.spot_policy != ""


@dataclass(frozen=True)
class Notice:
    """A notice to publish; a subscription filters by its attributes."""

    subject: str
    body: str
    attributes: Mapping[str, str | tuple[str, ...]]


def read(document: Mapping[str, Any]) -> Event | None:
    """Parse an EventBridge event; None for one that is not ours."""
    detail = document.get("detail")
    event_type = _TYPES.get((_text(document, "source"), _text(document, "detail-type")))
    if event_type is None or not isinstance(detail, Mapping):
        return None
    try:
        at = datetime.fromisoformat(_text(document, "time"))
    except ValueError:
        return None
    event = Event(
        type=event_type,
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        account=_text(document, "account"),
        region=_text(document, "region"),
        instance=_text(detail, "instance-id"),
        group=_text(detail, "AutoScalingGroupName"),
        message=_text(detail, "StatusMessage")[:MESSAGE_LIMIT],
    )
    about = event.group if event_type is EventType.LAUNCH_FAILURE else event.instance
    return event if about else None


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def deduplication_key(event: Event, recipient: Recipient) -> tuple[str, ...]:
    """Build the key that is equal for repeated events: instance, or group and cause."""
    if event.type is EventType.LAUNCH_FAILURE:
        return (event.type, event.region, recipient.name, understand(event.message).cause.name)
    return (event.type, event.region, event.instance)


def notice(event: Event, recipient: Recipient, sent: SentNotices) -> Notice | None:
    """Write the notice to the owner; None when the same one was sent within the hour."""
    before = sent.get(deduplication_key(event, recipient))
    if before is not None and event.at - before < WINDOW:
        return None
    match event.type:
        case EventType.INTERRUPTION:
            subject, lines = _interruption(event, recipient)
        case EventType.REBALANCE:
            subject, lines = _rebalance(event, recipient)
        case EventType.LAUNCH_FAILURE:
            subject, lines = _launch_failure(event, recipient)
    attributes: dict[str, str | tuple[str, ...]] = {
        "owner": plain(recipient.owner),
        "workstation": plain(recipient.name),
        "event": str(event.type),
        TO: recipient.to,
    }
    return Notice(
        subject=_ascii(f"{plain(recipient.name)}: {subject}"),
        body=_body(event, recipient, lines),
        attributes={name: value for name, value in attributes.items() if value},
    )


def _body(event: Event, recipient: Recipient, lines: Mapping[str, str]) -> str:
    fleet = f" of fleet {plain(recipient.fleet)}" if recipient.fleet else ""
    name, owner = plain(recipient.name), plain(recipient.owner)
    first = f"Workstation {name}{fleet}, {owner}, in {plain(event.region)}."
    rows = [f"{title}: {text}" for title, text in lines.items() if text]
    return "\n\n".join(textwrap.fill(row, WIDTH, break_long_words=False) for row in (first, *rows))


def _interruption(event: Event, recipient: Recipient) -> tuple[str, dict[str, str]]:
    ends = event.at + WARNING
    if recipient.wanted:
        now = "Auto Scaling asks for another instance at once. " + _again(recipient, ends)
    else:
        now = "it is meant to be off, so it is not replaced."
    return f"AWS takes its Spot instance back at {_clock(ends, recipient)}", {
        "Why": f"AWS takes the Spot instance {plain(event.instance)} back: it ends at about "
        f"{_clock(ends, recipient)}.",
        "What is lost": _lost(recipient),
        "What happens now": now,
        "Next step": "save your work now"
        + (
            ", on another machine: there is no home."
            if recipient.home is False
            else ", in the home."
        ),
    }


def _rebalance(event: Event, recipient: Recipient) -> tuple[str, dict[str, str]]:
    return "AWS may take its Spot instance back soon", {
        "Why": f"AWS sees an elevated risk for the Spot instance {plain(event.instance)}. An "
        "interruption may follow, with two minutes' warning or with less, or none at all.",
        "What would be lost": _lost(recipient),
        "What happens now": "nothing: the instance stays, and is replaced only if AWS takes it.",
        "Next step": "save your work from time to time.",
    }


def _launch_failure(event: Event, recipient: Recipient) -> tuple[str, dict[str, str]]:
    words = understand(event.message)
    cause = words.cause
    # A link under AWS's letterhead is followed: AWS's own words have none.
    message = _LINK.sub("(a link)", plain(event.message.partition("Encoded authorization")[0]))
    return f"not started: {cause.why}", {
        "Why": f"{cause.why}.",
        "What happens now": _after(event, recipient, cause),
        "Who can fix it": f"{cause.mender.words}.",
        "Next step": f"{words.step}.",
        "AWS's message": _cut(message, QUOTE_LIMIT),
        "Asked for": {"spot": "Spot.", "on-demand": "On-Demand."}.get(words.market, ""),
    }


def _after(event: Event, recipient: Recipient, cause: Cause) -> str:
    if not recipient.wanted:
        return "nothing: it was turned off meanwhile."
    if cause in SPOT_UNAVAILABLE:
        since = min(event.at, recipient.failing_since or event.at)
        return "Auto Scaling asks for it again and again, by itself. " + _again(recipient, since)
    if cause.mender is Mender.NOBODY:
        return "Auto Scaling asks for it again and again, by itself."
    return "Auto Scaling asks again, and is refused again, until this is fixed."


def _again(recipient: Recipient, failing_since: datetime) -> str:
    """Tell in which market it will be launched again, if Spot has no capacity from `dry` on."""
    leased = parse_lease(recipient.lease)
    if recipient.spot_policy == "on-demand":
        return "It is On-Demand."
    if leased:
        return f"It is On-Demand since {_clock(leased, recipient)}, until it next stops."
    if recipient.fallback and recipient.spot_policy == "auto":
        paid = _clock(failing_since + timedelta(seconds=recipient.fallback.after), recipient)
        return f"It asks for Spot first, and for On-Demand from {paid} if Spot has no capacity."
    if recipient.spot_policy == "spot":
        return "It asks for Spot only, until an instance comes (spot_policy: spot)."
    return ""


def _lost(recipient: Recipient) -> str:
    gone = "what is in memory, and on the root disk."
    if recipient.home is None:
        return gone
    return (
        f"{gone} The home stays." if recipient.home else f"{gone} There is no home that would stay."
    )


def _clock(at: datetime, recipient: Recipient) -> str:
    return f"{at.astimezone(ZoneInfo(recipient.timezone)):%H:%M} {recipient.timezone}"


def plain(text: str) -> str:
    """Clean text to one line: no line breaks, control or invisible characters."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in " ".join(text.split())
    )


def _ascii(text: str) -> str:
    return _cut(text.encode("ascii", "replace").decode(), SUBJECT_LIMIT)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
