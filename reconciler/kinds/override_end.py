"""The scheduled action that ends an override: it puts a group's sizes back at that time.

Nobody declares one. Runtime wants one for each override that holds (power/overlay.py), so that a
run completes what a command left out, and takes away what no override has any more.

AWS documents the call as "creates or updates", and until 2022 that a parameter which is left out
keeps its value (botocore 1.20.0; gone in 1.29.0). So nobody outside AWS knows whether an end that
leaves the desired capacity as it is can be written over one that sets it. Sending the capacity
each time would be right in both worlds, and is not safe: an end with 1 starts a machine that was
turned off while the end stood (a `stop` that was killed before it removed the end, or one that
came in the two minutes by which Auto Scaling may be late), and an end with 0 stops one that a
schedule has started since. An end without it can do neither. So the capacity is sent only where
the end is to turn the workstation off, and where the action that stands has more than the new one
(a capacity, a recurrence), that one is deleted first. Between the two calls no end stands: a run
that finds that writes the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import NotFound
from reconciler.kinds import auto_scaling_group, precondition
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Delete, DeletionPolicy, Desired, Key, Live, Update
from reconciler.plan.names import group_prefix
from reconciler.plan.projection import projected, text
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import RUNTIME
from reconciler.workstation import describe
from reconciler.workstation.runtime_tags import LONGEST_ON, format_time

NAME = "override_end"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

ACTION = "reconciler-override-end"
"""The one scheduled action of a group that is ours."""

FAR = "far"
"""The attribute of an action that comes later than any override *on* may end."""

UNCHANGED = "unchanged"
"""The desired capacity of an end that leaves a workstation on, or off, as it is."""


@dataclass(frozen=True, slots=True)
class OverrideEnd:
    """The scheduled action, as AWS's API has it. `start_time` reads `2026-11-23T18:00:00Z`."""

    start_time: str
    min_size: int | None
    max_size: int | None
    desired_capacity: int | str  # a number, or UNCHANGED
    recurrence: str = ""  # of a manual edit: an end comes once

    @property
    def at(self) -> datetime:
        """The time of the action."""
        return datetime.fromisoformat(self.start_time)


UPDATE_POLICY = {
    "start_time": RUNTIME,
    "min_size": RUNTIME,
    "max_size": RUNTIME,
    "desired_capacity": RUNTIME,
    "recurrence": RUNTIME,
}


def key(group: Key) -> Key:
    """Return the key of the end of a group's override, by the group's name."""
    return Key(group.region, NAME, group.name)


def end(at: datetime, *, turns_off: bool) -> OverrideEnd:
    """Build the action that puts the normal sizes back at that time, and perhaps turns it off."""
    return OverrideEnd(format_time(at), 0, 1, 0 if turns_off else UNCHANGED)


def promised(at: datetime) -> tuple[OverrideEnd, ...]:
    """Build both ends that an override until then may have."""
    return tuple(end(at, turns_off=off) for off in (True, False))


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield nothing: no end is declared."""
    return iter(())


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield the scheduled actions of groups with a name of ours, from one list of the region.

    Those of other names have keys of their own: a run removes them from groups that are ours by
    their tags (`parent`), since they turn a workstation on and off as nobody declared.
    """
    for item in describe.scheduled_actions(aws):
        identify = partial(_identity, aws.region, group_prefix(scope.site))
        yield from projected(NAME, aws.region, item, identify, partial(_live, scope.now))


def _identity(region: str, prefix: str, item: Mapping[str, Any]) -> Live | None:
    group = text(item, "AutoScalingGroupName")
    if not group.startswith(prefix):
        return None
    name, parent = text(item, "ScheduledActionName"), Key(region, auto_scaling_group.NAME, group)
    return Live(
        key(parent) if name == ACTION else Key(region, NAME, f"{group}/{name}"),
        None,
        owned=False,
        attrs={"name": name, "group": group},
        workstation=group.removeprefix(prefix),
        parent=parent,
        removal=DeletionPolicy.RETAIN,
    )


def _live(now: datetime, item: Mapping[str, Any], named: Live) -> Live:
    spec = read(item)
    far = {FAR: spec.start_time} if spec.start_time and spec.at - now > LONGEST_ON else {}
    return replace(named, spec=spec, removal=DeletionPolicy.RUNTIME, attrs={**named.attrs, **far})


def read(item: Mapping[str, Any]) -> OverrideEnd:
    """Read one scheduled action of DescribeScheduledActions."""
    start = item.get("StartTime")
    return OverrideEnd(
        format_time(start) if start else "",
        item.get("MinSize"),
        item.get("MaxSize"),
        item.get("DesiredCapacity", UNCHANGED),
        item.get("Recurrence", ""),
    )


def create(aws: Aws, change: Create) -> Live:
    """Write the end, unless somebody gave another override meanwhile."""
    return _write(aws, change.desired, None)


def update(aws: Aws, change: Update) -> Live:
    """Write the end over the live action, unless somebody gave another override."""
    return _write(aws, change.desired, change.live.spec)


def _write(aws: Aws, want: Desired, old: OverrideEnd | None) -> Live:
    spec, group = want.spec, want.key.name
    precondition.still_until(aws, group, spec.start_time)
    put(aws, group, old, spec)
    parent = Key(want.key.region, auto_scaling_group.NAME, group)
    attrs = {"name": ACTION, "group": group}
    return Live(want.key, spec, owned=False, attrs=attrs, parent=parent)


def delete(aws: Aws, change: Delete) -> None:
    """Delete an action, unless somebody gave an override meanwhile that ends with it."""
    live = change.live
    group, name = live.attrs["group"], live.attrs["name"]
    if name == ACTION and not live.spec.recurrence:
        precondition.not_until(aws, group, live.spec.start_time, too_long=FAR in live.attrs)
    remove(aws, group, name)


def put(aws: Aws, group: str, old: OverrideEnd | None, new: OverrideEnd) -> None:
    """Write the end over the live action, if any; see above when that one is deleted first."""
    sizes: dict[str, Any] = {"MinSize": new.min_size, "MaxSize": new.max_size}
    if new.desired_capacity != UNCHANGED:
        sizes["DesiredCapacity"] = new.desired_capacity
    elif old and old.desired_capacity != UNCHANGED:
        remove(aws, group)
        old = None
    if old and old.recurrence:
        remove(aws, group)
    aws.call(
        "autoscaling",
        "put_scheduled_update_group_action",
        AutoScalingGroupName=group,
        ScheduledActionName=ACTION,
        StartTime=new.at,
        **sizes,
    )


def remove(aws: Aws, group: str, name: str = ACTION) -> None:
    """Delete a scheduled action; one that has just acted is gone already."""
    with suppress(NotFound):
        aws.call(
            "autoscaling",
            "delete_scheduled_action",
            AutoScalingGroupName=group,
            ScheduledActionName=name,
        )
