"""The dead-letter queue of a region: what could not be delivered, or not be acted on.

It takes events that the rule could not put into the queue, events that the loop failed at again
and again, and calls of schedules that were refused until they were given up. Nobody acts on it by
itself: `reconcile doctor` counts what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.kinds import queue_wire, topic
from reconciler.kinds.queue_wire import DAY, Queue
from reconciler.plan.diff import differing
from reconciler.plan.kind import Aws, Scope
from reconciler.plan.model import Change, Desired, FieldChange, Key, Live
from reconciler.plan.ownership import ownership
from reconciler.plan.resolve import ResolvedSite

NAME = "dead_letter_queue"
MOVES: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

RULES = queue_wire.RULES

RETENTION = 14 * DAY
"""The longest there is: a person has to look. A message keeps the age that it had in the queue it
comes from (SQS developer guide, "Using dead-letter queues")."""


def key(site: str, region: str) -> Key:
    """Name the one of a region."""
    return Key(region, NAME, f"{site}-events-dead")


def arn(site: str, region: str, account: str) -> str:
    """Its ARN, for what takes no Ref."""
    partition = topic.partition_of(region)
    return f"arn:{partition}:sqs:{region}:{account}:{key(site, region).name}"


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Want one per region in use."""
    account = site.declared.account
    for region in topic.regions(site):
        wanted = key(site.name, region)
        own = arn(site.name, region, account)
        spec = Queue(
            queue_name=wanted.name,
            policy=queue_wire.send_policy(
                site.name, own, topic.rule_arn(site.name, region, account)
            ),
            message_retention_period=RETENTION,
            visibility_timeout=30,
            redrive_policy={},
            tags=ownership(site.name),
        )
        yield Desired(wanted, spec)


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Look for the one name we would use."""
    yield from queue_wire.find(aws, scope, key(scope.site, aws.region))


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """Compare field by field."""
    return differing(live.spec, want.spec, RULES)


def apply(aws: Aws, change: Change) -> Live | None:
    """Create it, or set what differs."""
    return queue_wire.apply(aws, change)
