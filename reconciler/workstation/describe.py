"""The calls that describe groups, their scheduled actions, instances and activities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from reconciler.aws_api import Aws
from reconciler.plan.batches import batches
from reconciler.workstation.runtime_tags import format_time

Item: TypeAlias = Mapping[str, Any]
"""One item of an AWS answer, of which nothing has been checked."""


def groups(aws: Aws, tag: str = "", value: str = "") -> Iterator[Item]:
    """List the Auto Scaling groups of the region: all, or those that a filter by tag lets through.

    `tag` is AWS's word for it: `tag:reconciler:site`, or `tag-key`.
    """
    chosen = {"Filters": [{"Name": tag, "Values": [value]}]} if tag else {}
    return aws.pages(
        "autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", 100, **chosen
    )


def group(aws: Aws, name: str) -> Item | None:
    """Describe one Auto Scaling group by its name; None where there is none."""
    answer = aws.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[name])
    found: list[Item] = answer.get("AutoScalingGroups", [])
    return next(iter(found), None)


def scheduled_actions(aws: Aws, group: str = "", name: str = "") -> Iterator[Item]:
    """List scheduled actions: of all groups of the region, or of one, and there of one name."""
    chosen: dict[str, Any] = {"AutoScalingGroupName": group} if group else {}
    if name:
        chosen["ScheduledActionNames"] = [name]
    return aws.pages(
        "autoscaling",
        "describe_scheduled_actions",
        "ScheduledUpdateGroupActions",
        100,
        **chosen,
    )


def reservations(aws: Aws, ids: Iterable[str]) -> Iterator[Item]:
    """Describe EC2 instances, in their reservations.

    By a filter, since an id that EC2 does not know fails a call that names it.
    """
    for some in batches(ids):
        by_id = [{"Name": "instance-id", "Values": some}]
        yield from aws.pages("ec2", "describe_instances", "Reservations", Filters=by_id)


def instances_where(aws: Aws, filters: Iterable[Item]) -> Iterator[Item]:
    """List the EC2 instances that all of these filters let through."""
    for each in aws.pages("ec2", "describe_instances", "Reservations", 1000, Filters=list(filters)):
        yield from each["Instances"]


def managed_instances(aws: Aws, ids: Iterable[str]) -> Iterator[Item]:
    """Describe instances as Systems Manager knows them; it takes 100 values in a filter (SSM API,
    InstanceInformationStringFilter)."""
    for some in batches(ids, 100):
        yield from aws.pages(
            "ssm",
            "describe_instance_information",
            "InstanceInformationList",
            Filters=[{"Key": "InstanceIds", "Values": some}],
        )


def activities(aws: Aws, since: datetime, group: str = "") -> Iterator[Item]:
    """List the activities of a group since then, newest first.

    Without a name AWS lists all groups (Auto Scaling API, DescribeScalingActivities).
    """
    chosen = {"AutoScalingGroupName": group} if group else {}
    return aws.pages(
        "autoscaling",
        "describe_scaling_activities",
        "Activities",
        100,
        **chosen,
        Filters=[{"Name": "StartTimeLowerBound", "Values": [format_time(since)]}],
    )


def newest_activities(aws: Aws, group: str) -> list[Item]:
    """List the newest hundred activities of a group, newest first: hours of failed launches."""
    answer = aws.call("autoscaling", "describe_scaling_activities", AutoScalingGroupName=group)
    found: list[Item] = answer.get("Activities", [])
    return found
