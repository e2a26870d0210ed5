"""Read live workstations: groups by name, by owner or all, their instances and activities.

One that cannot be read is one broken row, or a warning: never the end of a list (promise 16).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from reconciler.aws_api import Aws
from reconciler.errors import AwsError
from reconciler.plan.names import group_name
from reconciler.plan.ownership import (
    FALLBACK,
    FLEET,
    HOME,
    MARKET,
    MAX_RUNTIME,
    NEXT_STOP,
    OVERRIDE,
    OWNER,
    SITE,
    STARTS,
    WORKSTATION,
    read_tags,
)
from reconciler.plan.projection import Unreadable, number, readable, text
from reconciler.workstation import describe
from reconciler.workstation.describe import Item
from reconciler.workstation.model import Group, Instance, Member
from reconciler.workstation.runtime_tags import (
    YEARS,
    Sizes,
    parse_fallback,
    parse_max_runtime,
    parse_starts,
)

log = logging.getLogger(__name__)

_WORD = r"[a-z][a-z0-9-]{0,30}[a-z0-9]"
NAME = re.compile(rf"(?:(?P<site>{_WORD})/)?(?P<name>{_WORD})")
"""`alice`, or `acme/alice` where two sites of one account have an alice."""

_SPLIT = "OnDemandPercentageAboveBaseCapacity"


def to_group(region: str, item: Item) -> Group:
    """Convert a described Auto Scaling group to a Group, whoever owns it.

    Raises: what `projection.ODD` lists, for one that makes no sense.
    """
    tags = read_tags(item.get("Tags", ()))
    distribution = item.get("MixedInstancesPolicy", {}).get("InstancesDistribution", {})
    return Group(
        region=region,
        name=text(item, "AutoScalingGroupName"),
        site=tags.get(SITE, ""),
        fleet=tags.get(FLEET, ""),
        workstation=tags.get(WORKSTATION, ""),
        owner=tags.get(OWNER, ""),
        desired=number(item, "DesiredCapacity"),
        sizes=Sizes(number(item, "MinSize"), number(item, "MaxSize")),
        members=tuple(map(_to_member, item.get("Instances", ()))),
        suspended=frozenset(each["ProcessName"] for each in item.get("SuspendedProcesses", ())),
        on_demand=distribution.get(_SPLIT, 100) == 100,  # AWS's default
        override=tags.get(OVERRIDE, ""),
        lease=tags.get(MARKET, ""),
        next_stop=tags.get(NEXT_STOP, ""),
        fallback=parse_fallback(tags.get(FALLBACK, "")),
        max_runtime=parse_max_runtime(tags.get(MAX_RUNTIME, "")),
        home=tags.get(HOME, ""),
        starts=parse_starts(tags.get(STARTS, "")),
    )


def _to_member(item: Item) -> Member:
    return Member(
        text(item, "InstanceId"),
        text(item, "InstanceType", ""),
        text(item, "AvailabilityZone"),
        text(item, "LifecycleState"),
    )


def by_name(aws: Aws, name: str) -> list[Group]:
    """Read every workstation of this name in the region; more than one only of several sites.

    Raises: AwsError, also where one of them cannot be read.
    """
    site, _, short = name.rpartition("/")
    groups = _workstations(aws, describe.groups(aws, f"tag:{WORKSTATION}", short), strict=True)
    return [group for group in groups if site in ("", group.site)]


def by_owner(aws: Aws, owner: str) -> list[Group]:
    """Read the workstations whose owner tag is exactly this. Raises: AwsError."""
    return list(_workstations(aws, describe.groups(aws, f"tag:{OWNER}", owner)))


def all_groups(aws: Aws) -> list[Group]:
    """Read all workstations of the region, of every site. Raises: AwsError."""
    return list(_workstations(aws, describe.groups(aws, "tag-key", WORKSTATION)))


def again(aws: Aws, name: str) -> Group | None:
    """Read one workstation by the name of its group; None once it is gone, or is being deleted.

    Raises: AwsError, also where it cannot be read.
    """
    item = describe.group(aws, name)
    return next(_workstations(aws, [item] if item else [], strict=True), None)


def _workstations(aws: Aws, items: Iterable[Item], *, strict: bool = False) -> Iterator[Group]:
    """Keep those whose name is what their tags say: a tag alone may be on anything (promise 6).

    One that cannot be read is a warning among others.
    Raises: AwsError for it where it alone was asked for (`strict`).
    """
    for item in items:
        group = readable(item, partial(_workstation, aws.region))
        if isinstance(group, Group):
            yield group
        elif group and strict:
            operation = "autoscaling:DescribeAutoScalingGroups"
            raise AwsError(operation, "Unreadable", str(group), aws.region)
        elif group:
            log.warning("%s: %s", aws.region, group)


def _workstation(region: str, item: Item) -> Group | None:
    """Check the name before anything else is read: somebody else's group may have any content."""
    tags = read_tags(item.get("Tags", ()))
    site, workstation = tags.get(SITE, ""), tags.get(WORKSTATION, "")
    named = item["AutoScalingGroupName"] == group_name(site, workstation)
    being_deleted = item.get("Status")
    if named and NAME.fullmatch(f"{site}/{workstation}") and not being_deleted:
        return to_group(region, item)
    return None


def instances(aws: Aws, ids: Iterable[str]) -> dict[str, Instance]:
    """Read instances from EC2 and Systems Manager, by id. Raises: AwsError.

    One that EC2 does not show yet is left out; so is one that cannot be read, with a warning.
    """
    found: dict[str, Instance] = {}
    for instance in ec2_instances(aws, ids):
        if isinstance(instance, Unreadable):
            log.warning("%s", instance)
        else:
            found[instance.id] = instance
    online = {
        str(item.get("InstanceId"))
        for item in describe.managed_instances(aws, found)
        if item.get("PingStatus") == "Online"
    }
    return {id_: replace(each, online=id_ in online) for id_, each in found.items()}


def instance(aws: Aws, member: Member | None) -> Instance | None:
    """Read one instance; None without one, while EC2 does not show it yet, or for an odd one."""
    return instances(aws, [member.id]).get(member.id) if member else None


def ec2_instances(aws: Aws, ids: Iterable[str]) -> Iterator[Instance | Unreadable]:
    """Read instances from EC2 alone, so that nobody is `online`. Raises: AwsError."""
    for reservation in describe.reservations(aws, ids):
        items = readable(reservation, lambda answer: list(answer["Instances"]))
        if isinstance(items, Unreadable):
            yield items
        else:
            yield from (readable(item, _to_instance) for item in items)


def _to_instance(item: Item) -> Instance:
    """Make an Instance of EC2's description; without a lifecycle it is On-Demand."""
    launched, reason = item["LaunchTime"], item.get("StateReason")
    if not isinstance(launched, datetime) or launched.year not in YEARS:
        raise Unreadable(f"LaunchTime in AWS's answer is {launched!r:.60}")
    return Instance(
        id=text(item, "InstanceId"),
        type=text(item, "InstanceType"),
        zone=text(item["Placement"], "AvailabilityZone"),
        market="spot" if text(item, "InstanceLifecycle", "") == "spot" else "on-demand",
        state=text(item["State"], "Name"),
        launched=launched,
        tags=read_tags(item.get("Tags", ())),
        state_reason=str(reason.get("Code", "")) if isinstance(reason, dict) else "",
    )


def newest_activities(aws: Aws, group: str) -> list[Item]:
    """Read the newest hundred activities of a group, newest first. Raises: AwsError.

    One that does not say when and with what result says nothing, and is left out.
    """
    return [
        each
        for each in describe.newest_activities(aws, group)
        if isinstance(each.get("StartTime"), datetime) and isinstance(each.get("StatusCode"), str)
    ]
