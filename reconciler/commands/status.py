"""Read the status of workstations, in a few calls for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from reconciler.aws_api import Aws
from reconciler.commands.machine import idle_stop
from reconciler.commands.model import Status
from reconciler.commands.next_change import next_changes
from reconciler.kinds import override_end
from reconciler.kinds.override_end import OverrideEnd
from reconciler.money.compute import Price
from reconciler.plan.projection import readable
from reconciler.schedule.hours import Hours
from reconciler.workstation import describe, read
from reconciler.workstation.model import Group, Instance
from reconciler.workstation.runtime_tags import active_override

__all__ = ["Price", "many"]


def many(
    aws: Aws,
    found: Sequence[tuple[Group, Hours]],
    now: datetime,
    price: Callable[[Instance], Price | None],
) -> list[Status]:
    """Read the status of these workstations of one region, in their order.

    Raises: AwsError.
    """
    members = (group.member or group.leaving for group, _ in found)
    ids = [member.id for member in members if member]
    instances = read.instances(aws, ids)
    kept_on = [group for group, _ in found if active_override(group.override, now)]
    ends = _ends(aws, kept_on)
    statuses = []
    for group, hours in found:
        instance = instances.get(group.member.id) if group.member else None
        launched = instance.launched if instance else None
        statuses.append(
            Status(
                group=group,
                machine=instance,
                override=active_override(group.override, now),
                ahead=next_changes(group, hours, ends.get(group.name), now, launched),
                price=price(instance) if instance else None,
                readable=hours.readable,
                zone=hours.zone,
                leaving=instances.get(group.leaving.id) if group.leaving else None,
                idle_stop=idle_stop(group, hours, now),
            )
        )
    return statuses


def _ends(aws: Aws, groups: Sequence[Group]) -> dict[str, OverrideEnd]:
    """The scheduled actions that end overrides, by group."""
    if not groups:
        return {}
    names = {group.name for group in groups}
    only = groups[0].name if len(groups) == 1 else ""
    ends = {
        item["AutoScalingGroupName"]: readable(item, override_end.read)
        for item in describe.scheduled_actions(aws, only)
        if item.get("AutoScalingGroupName") in names
        and item.get("ScheduledActionName") == override_end.ACTION
    }
    return {name: end for name, end in ends.items() if isinstance(end, OverrideEnd)}
