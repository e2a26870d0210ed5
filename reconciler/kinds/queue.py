"""The queue of a region: the site's rule sends events, `reconcile --listen` receives them.

Straight from the rule, not through a topic: EventBridge tells a queue's policy which rule it sends
for, and tells a topic's policy nothing (EventBridge user guide, "Using resource-based policies").
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.aws_api import Aws
from reconciler.kinds import dead_letter_queue, queue_wire, topic
from reconciler.plan.kind import Scope
from reconciler.plan.model import Desired, Key, Live, Ref
from reconciler.plan.names import events_name
from reconciler.plan.resolve import ResolvedSite

NAME = "queue"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

UPDATE_POLICY = queue_wire.UPDATE_POLICY

RETENTION = 3600
"""Seconds. The loop throws away what is older, for a whole round has seen since what it would
tell; and a site without a loop keeps nothing."""

HIDDEN = 300
"""Seconds until a message that was not acted on comes again: longer than a run takes."""

MOST_RECEIVED = 5
"""Then it goes to the dead-letter queue: five runs failed at it, over some twenty minutes."""


def key(site: str, region: str) -> Key:
    """Return the key of the queue of a region."""
    return Key(region, NAME, events_name(site))


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield one queue for each region in use."""
    for region in topic.regions(site):
        yield queue_wire.wanted(
            site,
            key(site.name, region),
            retention=RETENTION,
            visibility_timeout=HIDDEN,
            redrive_policy={
                "deadLetterTargetArn": Ref(dead_letter_queue.key(site.name, region), "arn"),
                "maxReceiveCount": MOST_RECEIVED,
            },
        )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Find the queue by the one name that the site uses."""
    yield from queue_wire.find(aws, scope, key(scope.site, aws.region))


create = queue_wire.create
update = queue_wire.update
