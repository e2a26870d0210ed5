"""Auto Scaling groups. Moto's are set aside: they lose fields, pages, activities and errors."""

from __future__ import annotations

from fnmatch import fnmatchcase

from botocore.utils import parse_timestamp

from reconciler.sandbox.operations import AwsError, Call, Wire, operation, page
from reconciler.sandbox.services import hooks
from reconciler.sandbox.services.groups import (
    PROCESSES,
    Group,
    Groups,
    change,
    check_desired,
    find,
    invalid,
    new_group,
)
from reconciler.sandbox.services.launching import drop, resplit, retire, retry, settle
from reconciler.sandbox.services.members import Member

LARGEST_PAGE = 100


def page_size(call: Call, default: int = 50) -> int:
    """Read MaxRecords. Raises: AwsError above 100, where moto raises a ValueError."""
    size = int(call.params.get("MaxRecords", default))
    if not 1 <= size <= LARGEST_PAGE:
        raise invalid(f"The value for MaxRecords, {size}, must be between 1 and {LARGEST_PAGE}.")
    return size


@operation("autoscaling", "CreateAutoScalingGroup")
def create(call: Call) -> None:
    """Answer CreateAutoScalingGroup. Moto replaces a group of the same name and orphans its
    instances."""
    groups = call.state(Groups).by_name
    name = call.params["AutoScalingGroupName"]
    if name in groups:
        raise AwsError(
            "AlreadyExists",
            "AutoScalingGroup by this name already exists - A group with the name "
            f"{name} already exists",
        )
    group = new_group(call)
    for tag in call.params.get("Tags", []):
        _tag(group, tag)
    for hook in call.params.get("LifecycleHookSpecificationList", []):
        hooks.put_hook(group, hook)
    groups[name] = group
    settle(call, group, _reason(call, group, 0))


def _reason(call: Call, group: Group, before: int) -> str:
    now = call.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    if call.operation == "SetDesiredCapacity":
        text = "a user request explicitly set group desired capacity"
    else:
        verb = "creation" if call.operation == "CreateAutoScalingGroup" else "update"
        text = (
            f"a user request {verb} of AutoScalingGroup constraints to min: {group.minimum}, "
            f"max: {group.maximum}, desired: {group.desired}"
        )
    return f"At {now} {text} changing the desired capacity from {before} to {group.desired}.  "


@operation("autoscaling", "CreateLaunchConfiguration")
def create_configuration(call: Call) -> None:
    """Answer CreateLaunchConfiguration. A group may use one; every launch from it fails here,
    because its content is not read."""
    configurations = call.state(Groups).configurations
    name = call.params["LaunchConfigurationName"]
    if name in configurations:
        raise AwsError("AlreadyExists", f"Launch Configuration by this name already exists: {name}")
    configurations[name] = call.params


@operation("autoscaling", "UpdateAutoScalingGroup")
def update(call: Call) -> None:
    """Answer UpdateAutoScalingGroup. Members left out stay, the policy too."""
    group = find(call)
    before = group.desired
    change(call, group, call.params)
    group.refused_at = -1
    reason = _reason(call, group, before)
    settle(call, group, reason)
    if "MixedInstancesPolicy" in call.params:
        resplit(call, group, reason)


@operation("autoscaling", "SetDesiredCapacity")
def set_desired(call: Call) -> None:
    """Answer SetDesiredCapacity. Moto takes any number, and raises KeyError for a group that is
    not there."""
    group = find(call)
    before, wanted = group.desired, int(call.params["DesiredCapacity"])
    if wanted > group.maximum:
        raise invalid(
            f"New SetDesiredCapacity value {wanted} is above max value {group.maximum} for the "
            "AutoScalingGroup."
        )
    if wanted < group.minimum:
        raise invalid(
            f"New SetDesiredCapacity value {wanted} is below min value {group.minimum} for the "
            "AutoScalingGroup."
        )
    group.fields["DesiredCapacity"] = wanted
    group.refused_at = -1
    settle(call, group, _reason(call, group, before))


@operation("autoscaling", "DeleteAutoScalingGroup")
def delete(call: Call) -> None:
    """Answer DeleteAutoScalingGroup. Moto deletes the group whatever runs and whatever is
    protected. [M autoscaling.DeleteAutoScalingGroup]"""
    group = find(call)
    force = bool(call.params.get("ForceDelete"))
    protection = group.fields["DeletionProtection"]
    if protection == "prevent-all-deletion" or (protection == "prevent-force-deletion" and force):
        raise invalid(
            f"You cannot delete the Auto Scaling group {group.name}: its deletion protection is "
            f"{protection}."
        )
    if group.members and not force:
        raise AwsError(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot "
            "instance request(s) still in the group.",
        )
    for member in list(group.members):
        drop(call, group, member, "the group was deleted")
    del call.state(Groups).by_name[group.name]


@operation("autoscaling", "DescribeAutoScalingGroups")
def describe(call: Call) -> Wire:
    """Answer DescribeAutoScalingGroups. Unknown names are silently absent; an unknown filter is
    an error, which moto ignores."""
    size = page_size(call)
    names = call.params.get("AutoScalingGroupNames", [])
    groups = call.state(Groups).by_name
    chosen = [groups[name] for name in names if name in groups] if names else groups.values()
    shown, token = page(
        (group for group in chosen if _passes(group, call.params.get("Filters", []))),
        size,
        call.params.get("NextToken"),
    )
    for group in shown:
        retry(call, group)
    instances = call.params.get("IncludeInstances", True)
    return {"AutoScalingGroups": [group.view(instances) for group in shown], "NextToken": token}


def _passes(group: Group, filters: list[Wire]) -> bool:
    for item in filters:
        name, values = item["Name"], item.get("Values", [])
        if name == "tag-key":
            found = any(key in values for key in group.tags)
        elif name == "tag-value":
            found = any(tag["Value"] in values for tag in group.tags.values())
        elif name.startswith("tag:"):
            tag = group.tags.get(name[4:])
            found = tag is not None and any(fnmatchcase(tag["Value"], value) for value in values)
        else:
            raise invalid(f"Filter type {name} is not correct.")
        if not found:
            return False
    return True


@operation("autoscaling", "DescribeAutoScalingInstances")
def describe_instances(call: Call) -> Wire:
    """Answer DescribeAutoScalingInstances with the instances of all groups, or with those in the
    request."""
    ids = call.params.get("InstanceIds")
    rows = [
        {**member.view(), "AutoScalingGroupName": group.name}
        for group in call.state(Groups).by_name.values()
        for member in group.members
        if not ids or member.id in ids
    ]
    shown, token = page(rows, page_size(call), call.params.get("NextToken"))
    return {"AutoScalingInstances": shown, "NextToken": token}


@operation("autoscaling", "DescribeScalingActivities")
def describe_activities(call: Call) -> Wire:
    """Answer DescribeScalingActivities, newest first. Moto has no activities; those of a deleted
    group are not kept here."""
    if call.params.get("AutoScalingGroupName"):
        groups = [find(call)]
    else:
        groups = list(call.state(Groups).by_name.values())
    for group in groups:
        retry(call, group)
    ids = call.params.get("ActivityIds")
    activities = [
        activity
        for group in groups
        for activity in group.activities
        if not ids or activity["ActivityId"] in ids
        if all(_activity_passes(activity, item) for item in call.params.get("Filters", []))
    ]
    activities.sort(key=lambda activity: activity["StartTime"], reverse=True)
    shown, token = page(activities, page_size(call, 100), call.params.get("NextToken"))
    return {"Activities": shown, "NextToken": token}


def _activity_passes(activity: Wire, item: Wire) -> bool:
    name, values = item["Name"], item.get("Values", [])
    if name == "Status":
        return activity["StatusCode"] in values
    if name in ("StartTimeLowerBound", "StartTimeUpperBound") and len(values) == 1:
        started, bound = activity["StartTime"], parse_timestamp(values[0])
        return bool(started >= bound if name == "StartTimeLowerBound" else started <= bound)
    raise invalid(f"Filter {name} is not valid.")


@operation("autoscaling", "TerminateInstanceInAutoScalingGroup")
def terminate_instance(call: Call) -> Wire:
    """Answer TerminateInstanceInAutoScalingGroup. The instance is replaced unless the desired
    capacity goes down with it."""
    instance_id = call.params["InstanceId"]
    for group in call.state(Groups).by_name.values():
        for member in group.staying:
            if member.id == instance_id:
                return _terminate(call, group, member)
    raise invalid(
        f"Instance Id not found - No managed instance found for instance ID {instance_id}"
    )


def _terminate(call: Call, group: Group, member: Member) -> Wire:
    if call.params["ShouldDecrementDesiredCapacity"]:
        check_desired(group.desired - 1, group.minimum, group.maximum)
        group.fields["DesiredCapacity"] = group.desired - 1
    now = call.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    cause = f"At {now} instance {member.id} was taken out of service in response to a user request."
    activity = retire(call, group, member, cause)
    settle(call, group, "")
    return {"Activity": activity}


@operation("autoscaling", "SetInstanceProtection")
def protect(call: Call) -> None:
    """Answer SetInstanceProtection, instance by instance. An instance that only its protection kept
    ends when that goes.

    [D ec2-auto-scaling-instance-protection, considerations]
    """
    group = find(call)
    ids = call.params["InstanceIds"]
    if missing := set(ids) - {member.id for member in group.members}:
        raise invalid(f"The instances {sorted(missing)} are not part of {group.name}.")
    for member in group.members:
        if member.id in ids and member.leaving:
            raise invalid(
                f"The instance {member.id} is not in InService or EnteringStandby or Standby."
            )
    for member in group.members:
        if member.id in ids:
            member.protected = bool(call.params["ProtectedFromScaleIn"])
    settle(call, group, "")


@operation("autoscaling", "SuspendProcesses", "ResumeProcesses")
def suspend_or_resume(call: Call) -> None:
    """Answer SuspendProcesses and ResumeProcesses. Without names: all processes. Resuming Launch
    launches what the group still lacks."""
    group = find(call)
    named = set(call.params.get("ScalingProcesses") or PROCESSES)
    if unknown := named - set(PROCESSES):
        raise invalid(f"{', '.join(sorted(unknown))} is not a valid process.")
    if call.operation == "SuspendProcesses":
        group.suspended |= named
    else:
        group.suspended -= named
        settle(call, group, "")


@operation("autoscaling", "CreateOrUpdateTags", "DeleteTags")
def tags(call: Call) -> None:
    """Answer CreateOrUpdateTags and DeleteTags. Each tag names its group; all groups must exist
    before one tag changes."""
    pairs = [(find(call, tag["ResourceId"]), tag) for tag in call.params["Tags"]]
    for group, tag in pairs:
        if call.operation == "CreateOrUpdateTags":
            _tag(group, tag)
        else:
            group.tags.pop(tag["Key"], None)


def _tag(group: Group, tag: Wire) -> None:
    if tag["Key"].startswith("aws:"):
        raise invalid("Tag keys that begin with aws: are reserved.")
    group.tags[tag["Key"]] = {
        "ResourceId": group.name,
        "ResourceType": "auto-scaling-group",
        "Key": tag["Key"],
        "Value": tag.get("Value", ""),
        "PropagateAtLaunch": bool(tag.get("PropagateAtLaunch", False)),
    }


@operation("autoscaling", "DescribeTags")
def describe_tags(call: Call) -> Wire:
    """Answer DescribeTags, page by page; moto answers in one page."""
    rows = [
        tag
        for group in call.state(Groups).by_name.values()
        for tag in group.tags.values()
        if all(_tag_passes(tag, item) for item in call.params.get("Filters", []))
    ]
    shown, token = page(rows, page_size(call), call.params.get("NextToken"))
    return {"Tags": shown, "NextToken": token}


def _tag_passes(tag: Wire, item: Wire) -> bool:
    member = {
        "auto-scaling-group": "ResourceId",
        "key": "Key",
        "value": "Value",
        "propagate-at-launch": "PropagateAtLaunch",
    }.get(item["Name"])
    if member is None:
        raise invalid(f"Filter type {item['Name']} is not correct.")
    value = tag[member]
    return (str(value).lower() if isinstance(value, bool) else value) in item["Values"]


@operation("autoscaling", "DescribeAccountLimits")
def limits(call: Call) -> Wire:
    """Answer DescribeAccountLimits with the default quotas of an account."""
    return {
        "MaxNumberOfAutoScalingGroups": 500,
        "MaxNumberOfLaunchConfigurations": 200,
        "NumberOfAutoScalingGroups": len(call.state(Groups).by_name),
        "NumberOfLaunchConfigurations": 0,
    }
