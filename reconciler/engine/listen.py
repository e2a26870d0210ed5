"""Handle events between two rounds: notify the owner, and run for the workstation, at once.

It keeps only the notices of the last hour: a loop that starts again may send one once more.
A message is deleted once it was acted on, or can never be. One that fails again and again goes to
the dead-letter queue by itself (kinds/queue.py).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Site
from reconciler.engine.polling import Received
from reconciler.engine.queue import Message, as_object, delete
from reconciler.errors import ReconcilerError
from reconciler.plan.model import Report
from reconciler.plan.names import group_prefix
from reconciler.plan.ownership import FLEET, OWNER, SITE, WORKSTATION, read_tags
from reconciler.plan.selection import Selection
from reconciler.power import launch_failures
from reconciler.power.notices import (
    WINDOW,
    Event,
    EventType,
    Notice,
    Recipient,
    SentNotices,
    deduplication_key,
    notice,
    plain,
    read,
)
from reconciler.workstation import describe
from reconciler.workstation.read import newest_activities, to_group

log = logging.getLogger(__name__)

_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")

_LONGEST_GROUP = 255
"""Characters of a group's name (Auto Scaling API, CreateAutoScalingGroup)."""

AHEAD = timedelta(minutes=5)
"""How far a clock may be wrong: what lies further ahead is no event of AWS's."""


@dataclass(frozen=True)
class ListenContext:
    """What reading an event and notifying its owner need: the site as the last round found it."""

    site: Site
    client: Callable[[str], Aws]  # by region
    now: Callable[[], datetime]  # by AWS's clock
    selection: Selection  # which workstations this loop runs for


class Reaction(NamedTuple):
    """The reaction to an event: a notice, and whether to run for the workstation at once."""

    notice: Notice | None
    wake: bool


def listen(
    seconds: float,
    receive: Callable[[float], Received | None],
    act: Callable[[Sequence[Message]], Sequence[Message]],
    stopped: Callable[[], bool],
    clock: Callable[[], float],
) -> None:
    """Handle messages during a pause: `receive` waits, `act` returns those to delete.

    A queue that cannot be polled, or a message that cannot be deleted, does not end the pause:
    the error is reported, and the call is tried again.
    """
    until = clock() + seconds
    while not stopped() and (left := until - clock()) > 0:
        received = receive(left)
        if received is None:
            continue
        if received.queue is None:
            log.warning("%s: cannot listen: %s; the rounds go on", received.region, received.error)
            continue
        try:
            for message in act(received.messages):
                delete(received.queue, message)
        except ReconcilerError as error:
            log.warning("%s: an event comes again: %s", received.region, error)


def react(event: Event, recipient: Recipient, sent: SentNotices) -> Reaction:
    """Choose the reaction to an event. Pure."""
    # A failure that repeats is looked at each time: the wait for On-Demand may be over.
    wake = event.type is not EventType.REBALANCE and recipient.declared
    return Reaction(notice(event, recipient, sent), wake)


def act(
    messages: Sequence[Message],
    context: ListenContext,
    sent: dict[tuple[str, ...], datetime],
    publish: Callable[[str, Notice], None],
    run: Callable[[tuple[str, ...]], Report | None],
) -> list[Message]:
    """Notify and run, and return the handled messages. `told` grows and is pruned.

    One run for all that a batch wakes: `run` gives its report, or None where an error ended it,
    which has been reported. When it fails, what woke it stays in the queue.
    """
    done: list[Message] = []
    for key in [key for key, at in sent.items() if context.now() - at > WINDOW]:
        del sent[key]
    woken: dict[str, list[Message]] = {}
    for message in messages:
        try:
            name = _tell(message, context, sent, publish)
        except Exception as error:  # noqa: BLE001 - one odd event must not hold up the others
            log.warning("an event stays in the queue: %s", plain(str(error) or repr(error)))
            continue
        if name:
            woken.setdefault(name, []).append(message)
        else:
            done.append(message)
    if woken:
        names = ", ".join(woken)
        log.info("looking at %s: there was an event", names)
        report = run(tuple(woken))
        if report is not None and report.succeeded:
            done += [message for same in woken.values() for message in same]
        else:
            log.warning("the run for %s failed; what woke it stays in the queue", names)
    return done


def _tell(
    message: Message,
    context: ListenContext,
    sent: dict[tuple[str, ...], datetime],
    publish: Callable[[str, Notice], None],
) -> str:
    """Publish the notice of a message; return the workstation to run for, or ""."""
    text = str(message.get("Body", ""))
    event = read(as_object(text))
    if event is None:
        log.warning("not an event, thrown away: %s", plain(text[:200]))
        return ""
    age = context.now() - event.at
    if not -AHEAD <= age <= WINDOW:
        # A whole round has seen since what a late one would tell.
        log.info("%s of %s is not of now: thrown away", event.type, event.at)
        return ""
    recipient = resolve(event, context)
    if recipient is None:
        about = plain((event.group or event.instance)[:200])
        log.info("%s of %s is not the site's: thrown away", event.type, about)
        return ""
    reaction = react(event, recipient, sent)
    if reaction.notice:
        publish(event.region, reaction.notice)
        sent[deduplication_key(event, recipient)] = event.at
        log.info("told %s: %s", plain(recipient.owner), reaction.notice.subject)
    takes = context.selection.takes(recipient.fleet, recipient.name)
    return recipient.name if reaction.wake and takes else ""


def resolve(event: Event, context: ListenContext) -> Recipient | None:
    """Find the workstation an event is about; None for what is not the site's, or has gone.

    Raises: AwsError when AWS does not say.
    """
    site = context.site
    if event.region not in site.regions or event.account != site.account:
        return None
    if event.group and not _may_be_ours(event.group, site):
        return None
    client = context.client(event.region)
    tags = _instance_tags(event, client) if event.instance else {}
    if event.instance and tags.get(SITE) != site.name:
        return None  # the rule matches every Spot instance of the region
    name = event.group or tags.get("aws:autoscaling:groupName", "")
    item = describe.group(client, name) if name else None
    if item is None:
        recipient = Recipient(
            tags.get(WORKSTATION, ""), tags.get(FLEET, ""), tags.get(OWNER, ""), wanted=False
        )
        return _declared(recipient, event.region, site) if recipient.name else None
    group = to_group(event.region, item)
    if group.site != site.name or not group.workstation:
        return None
    shortage = None
    if event.type is EventType.LAUNCH_FAILURE:
        shortage = launch_failures.failing_since(newest_activities(client, name))
    recipient = Recipient(
        group.workstation,
        group.fleet,
        group.owner,
        lease=group.lease,
        wanted=group.desired > 0,
        failing_since=shortage.lacking if shortage else None,
    )
    return _declared(recipient, event.region, site)


def _may_be_ours(group: str, site: Site) -> bool:
    """Tell whether AWS accepts a group name in a request: another one is refused, for ever."""
    fits = group.startswith(group_prefix(site.name))
    return fits and len(group) <= _LONGEST_GROUP and group.isascii()


def _instance_tags(event: Event, client: Aws) -> dict[str, str]:
    """{} for one that is not there: the filter finds none, where the id would be refused."""
    if not _INSTANCE.fullmatch(event.instance):
        return {}
    for reservation in describe.reservations(client, [event.instance]):
        for instance in reservation["Instances"]:
            return read_tags(instance.get("Tags", ()))
    return {}


def _declared(recipient: Recipient, region: str, site: Site) -> Recipient:
    """Add what the YAML says, where it still names the workstation."""
    found = next(
        (w for w in site.workstations if (w.name, w.region) == (recipient.name, region)), None
    )
    if found is None:
        return recipient
    return replace(
        recipient,
        spot_policy=found.spot_policy,
        fallback=found.on_demand_fallback,
        home=found.home is not None,
        timezone=found.schedule[0].timezone if found.schedule else "UTC",
        to=found.notices,
    )
