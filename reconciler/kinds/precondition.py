"""Preconditions of a write, read again directly before it: somebody may have acted meanwhile.

AWS has no conditional write; to read the groups again in the call before is next to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import NotReady
from reconciler.plan.ownership import FLEET, OVERRIDE, SITE, WORKSTATION, read_tags
from reconciler.plan.projection import Unreadable, readable
from reconciler.workstation import describe
from reconciler.workstation.runtime_tags import format_time, parse_override

FIELDS = frozenset({"min_size", "max_size", "desired_capacity", "override"})
"""The group's fields that turn it on or off, or keep it so."""


def require_unchanged(aws: Aws, name: str, before: tuple[int, int, int, str]) -> None:
    """Check that nobody has changed sizes, desired capacity or override since the run read them.

    `before` is minimum, maximum, desired capacity and the override tag, as the run saw them.

    Raises: NotReady when somebody turned it on or off meanwhile.
    """
    group = describe.group(aws, name)
    if group is None:
        return
    override = _tags(aws, group).get(OVERRIDE, "")
    sizes = (group.get("MinSize"), group.get("MaxSize"), group.get("DesiredCapacity"))
    if (*sizes, override) != before:
        raise _changed_meanwhile(aws, "UpdateAutoScalingGroup", "turned it on or off")


def still_until(aws: Aws, name: str, until: str) -> None:
    """Check that the group's override ends then, as the run saw it. Raises: NotReady if not."""
    if _until(aws, name)[1] != until:
        raise _changed_meanwhile(aws, "PutScheduledUpdateGroupAction", "gave another override")


def not_until(aws: Aws, name: str, until: str, *, too_long: bool) -> None:
    """Check that no override of the group ends then. Raises: NotReady if one does.

    `too_long`: an override *on* until then is none.
    """
    state, ends = _until(aws, name)
    if ends == until and not (too_long and state == "on"):
        raise _changed_meanwhile(aws, "DeleteScheduledAction", "gave another override")


def occupied(aws: Aws, name: str) -> bool:
    """Tell whether an instance is in a group now."""
    group = describe.group(aws, name)
    return bool(group and group.get("Instances"))


def unmounted(aws: Aws, operation: str, site: str, mounts: Callable[[str, str], bool]) -> None:
    """Read the site's groups again before AWS makes data unavailable.

    `mounts` is given fleet and workstation of a group, and says whether it may have the data.

    Raises: NotReady when one of them runs, or was asked to.
    """
    for group in describe.groups(aws, f"tag:{SITE}", site):
        tags = _tags(aws, group)
        runs = group.get("Instances") or group.get("DesiredCapacity")
        if runs and mounts(tags.get(FLEET, ""), tags.get(WORKSTATION, "")):
            name = tags.get(WORKSTATION) or group.get("AutoScalingGroupName")
            raise NotReady(
                operation,
                "Mounted",
                f"{name} was started meanwhile; applied once nothing runs",
                aws.region,
            )


def _until(aws: Aws, name: str) -> tuple[str, str]:
    """Read the state that the override of the tag keeps, and when it ends; "" without one."""
    group = describe.group(aws, name)
    found = parse_override(_tags(aws, group).get(OVERRIDE, "")) if group else None
    return (found.state, format_time(found.until)) if found else ("", "")


def _tags(aws: Aws, group: Mapping[str, Any]) -> dict[str, str]:
    tags = readable(group, lambda it: read_tags(it.get("Tags", ())))
    if isinstance(tags, Unreadable):
        raise NotReady("autoscaling:DescribeAutoScalingGroups", "Odd", str(tags), aws.region)
    return tags


def _changed_meanwhile(aws: Aws, operation: str, action: str) -> NotReady:
    message = f"somebody {action} meanwhile; the next run looks again"
    return NotReady(f"autoscaling:{operation}", "Spoken", message, aws.region)
