"""The dead-letter queue of a region: events that could not be delivered or handled.

It takes events that the rule could not put into the queue, events that the loop failed at again
and again, and calls of schedules that were refused until they were given up. Nobody acts on it by
itself: `reconcile doctor` counts what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.aws_api import Aws
from reconciler.kinds import queue_wire, topic
from reconciler.kinds.queue_wire import DAY
from reconciler.plan.kind import Scope
from reconciler.plan.model import Desired, Key, Live
from reconciler.plan.names import dead_letters_name
from reconciler.plan.resolve import ResolvedSite

NAME = "dead_letter_queue"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

UPDATE_POLICY = queue_wire.UPDATE_POLICY

RETENTION = 14 * DAY
"""The longest there is: a person has to read it. A message keeps the age that it had in the queue
before (SQS developer guide, "Using dead-letter queues")."""


def key(site: str, region: str) -> Key:
    """Return the key of the queue of a region."""
    return Key(region, NAME, dead_letters_name(site))


def arn(site: str, region: str, account: str) -> str:
    """Build the ARN of the queue, for a field that takes no Ref."""
    return queue_wire.arn(key(site, region), account)


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield one queue for each region in use."""
    for region in topic.regions(site):
        yield queue_wire.wanted(
            site,
            key(site.name, region),
            retention=RETENTION,
            visibility_timeout=30,
            redrive_policy={},
        )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Find the queue by the one name that the site uses."""
    yield from queue_wire.find(aws, scope, key(scope.site, aws.region))


create = queue_wire.create
update = queue_wire.update
