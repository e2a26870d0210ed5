"""What EC2 and Systems Manager say of an instance."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from reconciler.aws_api import Aws
from reconciler.plan.ownership import read_tags
from reconciler.plan.projection import Unreadable, readable, text
from reconciler.power.model import Machine, Member

log = logging.getLogger(__name__)


def read(aws: Aws, member: Member) -> Machine | None:
    """One instance; None while EC2 does not show it yet, or when it cannot be read."""
    found = describe(aws, [member.id])
    if member.id not in found:
        return None
    return machine(found[member.id], online=member.id in reachable(aws, [member.id]))


def describe(aws: Aws, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """EC2's view, by id. A filter, since an id that EC2 does not know yet fails a whole call."""
    return {
        str(each.get("InstanceId")): each
        for some in _chunks(ids)
        for reservation in aws.pages(
            "ec2",
            "describe_instances",
            "Reservations",
            Filters=[{"Name": "instance-id", "Values": some}],
        )
        for each in reservation.get("Instances", ())
    }


def reachable(aws: Aws, ids: Iterable[str]) -> set[str]:
    """Those whose SSM agent answers."""
    return {
        str(each.get("InstanceId"))
        for some in _chunks(ids)
        for each in aws.pages(
            "ssm",
            "describe_instance_information",
            "InstanceInformationList",
            Filters=[{"Key": "InstanceIds", "Values": some}],
        )
        if each.get("PingStatus") == "Online"
    }


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """As many as Systems Manager takes in a filter; EC2 takes twice that."""
    left = list(ids)
    while left:
        yield left[:100]
        left = left[100:]


def machine(instance: Mapping[str, Any], *, online: bool) -> Machine | None:
    """One instance of DescribeInstances; without a lifecycle it is On-Demand.

    None, with a warning, for one that cannot be read.
    """
    found = readable(instance, lambda it: _machine(it, online))
    if isinstance(found, Unreadable):
        log.warning("%s", found)
        return None
    return found


def _machine(instance: Mapping[str, Any], online: bool) -> Machine:
    launched = instance["LaunchTime"]
    if not isinstance(launched, datetime):
        raise Unreadable(f"LaunchTime in AWS's answer is {launched!r:.60}")
    return Machine(
        id=text(instance, "InstanceId"),
        type=text(instance, "InstanceType"),
        zone=text(instance["Placement"], "AvailabilityZone"),
        market="spot" if instance.get("InstanceLifecycle") == "spot" else "on-demand",
        state=text(instance["State"], "Name"),
        launched=launched,
        tags=read_tags(instance.get("Tags", ())),
        online=online,
    )
