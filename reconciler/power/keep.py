"""An override, written and taken back: extend, hold, off, and what start and stop need of it.

Three writes in one order (docs/power.md): the tag says what is meant, the scheduled action ends
it, the sizes enforce it. What stands already is not written again, so that the same command
completes what was cut off anywhere in between.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from reconciler.errors import NotFound, Refused, UsageError
from reconciler.plan.kind import Aws
from reconciler.plan.ownership import OVERRIDE
from reconciler.power.hours import Hours
from reconciler.power.model import End, Group
from reconciler.power.moments import LONGEST_ON, off_end
from reconciler.power.override import END_ACTION, NORMAL, Override, Sizes, active


def extend(
    aws: Aws, group: Group, hours: Hours, until: datetime, by: str, now: datetime
) -> Override:
    """Keep it on until then, or for as long as it is kept on already (rows 19 to 21).

    Raises: Refused when it is off, UsageError for a time past or too far away.
    """
    _refuse_off(group)
    meant = Override("on", _limited(until, now), by)
    standing = active(group.override, now)
    if standing and standing.state == "on" and standing.until >= meant.until:
        meant = standing
    return _write(aws, group, hours, meant, now)


def hold(aws: Aws, group: Group, hours: Hours, until: datetime, by: str, now: datetime) -> Override:
    """Keep it on until exactly then. Raises: as `extend`."""
    _refuse_off(group)
    return _write(aws, group, hours, Override("on", _limited(until, now), by), now)


def off_until(
    aws: Aws, group: Group, hours: Hours, until: datetime, by: str, now: datetime
) -> Override:
    """Turn it off and keep it off; a start at that very time comes through (rows 10, 11, 18)."""
    if until <= now:
        raise UsageError("the time to stay off until is past")
    end = off_end(until, hours.rules)
    if end <= now:
        raise UsageError("it starts by itself within minutes; `workstation stop` after that")
    return _write(aws, group, hours, Override("off", end, by), now)


def start_until(
    aws: Aws, group: Group, hours: Hours, until: datetime, by: str, now: datetime
) -> Override:
    """Turn it on and keep it on (row 13, and `start --for`, `start --until`)."""
    return _write(aws, group, hours, Override("on", _limited(until, now), by), now)


def complete(aws: Aws, group: Group, hours: Hours, standing: Override, now: datetime) -> None:
    """Write what was cut off of an override that holds."""
    _write(aws, group, hours, standing, now)


def take_back(aws: Aws, group: Group, desired: int, now: datetime) -> bool:
    """End an override now, and turn it on or off; whether there was anything left of one."""
    end = end_of(aws, group)
    standing = active(group.override, now)
    if standing is None and end is None and group.sizes == NORMAL:
        return False
    if standing:
        _tag(aws, group, "")
    if end is not None:
        with suppress(NotFound):  # it ended in this moment
            aws.call(
                "autoscaling",
                "delete_scheduled_action",
                AutoScalingGroupName=group.name,
                ScheduledActionName=END_ACTION,
            )
    _resize(aws, group, NORMAL, desired)
    return True


def end_of(aws: Aws, group: Group) -> End | None:
    """The scheduled action that ends its override, if there is one."""
    answer = aws.call(
        "autoscaling",
        "describe_scheduled_actions",
        AutoScalingGroupName=group.name,
        ScheduledActionNames=[END_ACTION],
    )
    for action in answer["ScheduledUpdateGroupActions"]:
        sizes = Sizes(action.get("MinSize", 0), action.get("MaxSize", 1))
        return End(action["StartTime"], sizes, action.get("DesiredCapacity"))
    return None


def _refuse_off(group: Group) -> None:
    name = group.workstation
    if not group.desired:
        raise Refused(
            f"{name} is off, so there is nothing to keep on: `workstation start {name} --for 3h` "
            "or `--until` starts it and keeps it on"
        )


def _limited(until: datetime, now: datetime) -> datetime:
    if until <= now:
        raise UsageError("the time to stay on until is past")
    if until - now > LONGEST_ON:
        raise UsageError(f"a workstation is kept on for {LONGEST_ON.days} days at most")
    return until


def _write(aws: Aws, group: Group, hours: Hours, meant: Override, now: datetime) -> Override:
    """What holds after it; what stands already is left."""
    meant = Override(meant.state, meant.until.replace(microsecond=0), _fit(meant.by))
    standing = active(group.override, now)
    if standing and (standing.state, standing.until) == (meant.state, meant.until):
        meant = standing
    new = standing != meant
    if new:
        _tag(aws, group, str(meant))
    old = end_of(aws, group)
    # A longer one takes over the stop that the shorter one held back.
    owes = bool(standing and standing.state == "on" and old and old.desired == 0)
    off_after = meant.state == "on" and hours.ends_off(now, meant.until, owes=owes)
    end = End(meant.until, NORMAL, 0 if off_after else None)
    if old != end:
        _put_end(aws, group, end)
    desired = 1 if meant.state == "on" else 0
    # Of a new word always: a run that has not heard of it may put them back meanwhile.
    if new or group.sizes != meant.sizes or group.desired != desired:
        _resize(aws, group, meant.sizes, desired)
    return meant


def _fit(by: str) -> str:
    """A login as a tag takes it."""
    return "".join(c if c.isalnum() or c in "+-=._:/@" else "-" for c in by)[:100]


def _tag(aws: Aws, group: Group, value: str) -> None:
    """An empty one means nothing, as one whose time has passed does: no right to delete is needed.

    Instances do not inherit it.
    """
    aws.call(
        "autoscaling",
        "create_or_update_tags",
        Tags=[
            {
                "ResourceId": group.name,
                "ResourceType": "auto-scaling-group",
                "Key": OVERRIDE,
                "Value": value,
                "PropagateAtLaunch": False,
            }
        ],
    )


def _put_end(aws: Aws, group: Group, end: End) -> None:
    sizes: dict[str, Any] = {"MinSize": end.sizes.minimum, "MaxSize": end.sizes.maximum}
    if end.desired is not None:
        sizes["DesiredCapacity"] = end.desired
    aws.call(
        "autoscaling",
        "put_scheduled_update_group_action",
        AutoScalingGroupName=group.name,
        ScheduledActionName=END_ACTION,
        StartTime=end.at,
        **sizes,
    )


def _resize(aws: Aws, group: Group, sizes: Sizes, desired: int) -> None:
    aws.call(
        "autoscaling",
        "update_auto_scaling_group",
        AutoScalingGroupName=group.name,
        MinSize=sizes.minimum,
        MaxSize=sizes.maximum,
        DesiredCapacity=desired,
    )
