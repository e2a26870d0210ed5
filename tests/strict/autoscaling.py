"""EC2 Auto Scaling groups. What runs in them is in `instances.py`, their times in `timers.py`."""

from __future__ import annotations

from typing import Any

from tests.strict import instances, lifecycle_hooks
from tests.strict.aws import Here, Refusal
from tests.strict.lifecycle_hooks import (
    complete_lifecycle_action,
    describe_lifecycle_hooks,
    put_lifecycle_hook,
    record_lifecycle_action_heartbeat,
)
from tests.strict.scheduled_actions import (
    delete_scheduled_action,
    describe_scheduled_actions,
    put_scheduled_update_group_action,
)
from tests.strict.tables import Record
from tests.strict.tags import retagged

__all__ = [
    "complete_lifecycle_action",
    "delete_scheduled_action",
    "describe_lifecycle_hooks",
    "describe_scheduled_actions",
    "put_lifecycle_hook",
    "put_scheduled_update_group_action",
    "record_lifecycle_action_heartbeat",
]

DELETE_SECONDS = 30
"""A deleted group shows `Status` for a while, and its name is taken (D)."""

SIZES = ("MinSize", "MaxSize", "DesiredCapacity")
SPLIT = ("OnDemandBaseCapacity", "OnDemandPercentageAboveBaseCapacity")
KEPT_OTHERWISE = ("Tags", "LifecycleHookSpecificationList")
"""Parameters of a create that the group does not bear as they were sent."""

SETTINGS = {
    "CapacityRebalance": False,
    "DeletionProtection": "none",
    "HealthCheckGracePeriod": 0,
    "MixedInstancesPolicy": None,
    "VPCZoneIdentifier": "",
}


def create_auto_scaling_group(here: Here, p: Record) -> Record:
    """AlreadyExists also while the old one is being deleted (M, AlreadyExistsFault)."""
    name = p["AutoScalingGroupName"]
    if name in _groups(here, here.all("groups")):
        raise Refusal("AlreadyExists", f"A group with the name {name} already exists")
    _check(here, p)
    group: Record = {
        **SETTINGS,
        **{key: value for key, value in p.items() if key not in KEPT_OTHERWISE},
        "DesiredCapacity": p.get("DesiredCapacity", p["MinSize"]),
        "AutoScalingGroupARN": here.arn(f"autoScalingGroup:x:autoScalingGroupName/{name}"),
        "AvailabilityZones": _zones(here, p["VPCZoneIdentifier"]),
        "DefaultCooldown": 300,
        "HealthCheckType": "EC2",
        "CreatedTime": here.aws.now(),
        "Instances": [],
        "SuspendedProcesses": [],
        "Tags": list(p.get("Tags", ())),
        "Hooks": {
            each["LifecycleHookName"]: lifecycle_hooks.hook({"AutoScalingGroupName": name, **each})
            for each in p.get("LifecycleHookSpecificationList", ())
        },
        "GoneAt": 0.0,
    }
    instances.settle(here, group)
    return {}


def _groups(here: Here, view: Any) -> dict[str, Record]:
    """The groups that the clock has left."""
    now = here.aws.seconds
    return {n: g for n, g in view.items() if not g["GoneAt"] or g["GoneAt"] > now}


def _check(here: Here, p: Record) -> None:
    """Unknown templates, versions and subnets are ValidationErrors (M)."""
    if "VPCZoneIdentifier" in p:
        _zones(here, p["VPCZoneIdentifier"])
    policy = p.get("MixedInstancesPolicy")
    if policy:
        wanted = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
        template, version = wanted["LaunchTemplateId"], wanted.get("Version", "$Default")
        ec2 = here.of("ec2")
        if template not in ec2.named("templates"):
            raise _invalid(f"The specified launch template {template} does not exist.")
        if not version.startswith("$") and f"{template}/{version}" not in ec2.named("versions"):
            raise _invalid(f"Could not find launch template version {version} of {template}.")


def _zones(here: Here, subnets: str) -> list[str]:
    known = here.of("ec2").all("subnets")
    wanted = [subnet for subnet in subnets.split(",") if subnet]
    for absent in [subnet for subnet in wanted if subnet not in known]:
        raise _invalid(f"The subnet ID '{absent}' does not exist")
    return sorted({known[subnet]["AvailabilityZone"] for subnet in wanted})


def update_auto_scaling_group(here: Here, p: Record) -> Record:
    """What is left out stays; desired follows the limits; a policy replaces the old one (M)."""
    group = _find(here, p["AutoScalingGroupName"])
    _check(here, p)
    changed = resized(group, p)
    if "VPCZoneIdentifier" in p:
        changed["AvailabilityZones"] = _zones(here, p["VPCZoneIdentifier"])
    if _split(group) != _split(changed):  # replaces what runs (D, mixed instances groups)
        changed = instances.resplit(here, changed)
    instances.settle(here, changed)
    return {}


def resized(group: Record, p: Record) -> Record:
    """A minimum above the desired capacity raises it, a maximum below lowers it (M); one that is
    given must lie between them."""
    changed = {**group, **p}
    if changed["MinSize"] > changed["MaxSize"]:
        raise _invalid("Max bound must be greater than or equal to min bound")
    if "DesiredCapacity" not in p:
        desired = max(group["DesiredCapacity"], changed["MinSize"])
        changed["DesiredCapacity"] = min(desired, changed["MaxSize"])
    if not changed["MinSize"] <= changed["DesiredCapacity"] <= changed["MaxSize"]:
        raise _invalid("Desired capacity must be between the specified min size and max size")
    return changed


def _split(group: Record) -> list[Any]:
    spread = (group["MixedInstancesPolicy"] or {}).get("InstancesDistribution", {})
    return [spread.get(name) for name in SPLIT]


def set_desired_capacity(here: Here, p: Record) -> Record:
    """Outside the limits: a ValidationError (M)."""
    group = _find(here, p["AutoScalingGroupName"])
    if not group["MinSize"] <= p["DesiredCapacity"] <= group["MaxSize"]:
        raise _invalid("New SetDesiredCapacity value is out of the group's limits")
    instances.settle(here, {**group, "DesiredCapacity": p["DesiredCapacity"]})
    return {}


def delete_auto_scaling_group(here: Here, p: Record) -> Record:
    """ResourceInUse with instances, unless forced; protection holds (M)."""
    group = _find(here, p["AutoScalingGroupName"])
    force = p.get("ForceDelete", False)
    protection = group["DeletionProtection"]
    if protection == "prevent-all-deletion" or (protection == "prevent-force-deletion" and force):
        raise _invalid(f"the group is protected from deletion: {protection}")
    if group["Instances"] and not force:
        raise Refusal("ResourceInUse", "You cannot delete a group while there are instances")
    for instance in group["Instances"]:
        instances.end(here, group, instance["InstanceId"], "deleted")
    gone = here.aws.seconds + DELETE_SECONDS
    left = {"Instances": [], "Status": "Delete in progress", "GoneAt": gone}
    here.put("groups", group["AutoScalingGroupName"], {**group, **left})
    return {}


def describe_auto_scaling_groups(here: Here, p: Record) -> Record:
    """Unknown names are silently absent (M)."""
    names = p.get("AutoScalingGroupNames")
    lifecycle_hooks.expire(here)

    def found() -> list[Record]:
        return [
            _shown(group)
            for name, group in _groups(here, here.seen("groups")).items()
            if not names or name in names
            if all(_tagged(group["Tags"], chosen) for chosen in p.get("Filters", ()))
        ]

    return here.page(p, "AutoScalingGroups", found, "MaxRecords", 100)


def _shown(group: Record) -> Record:
    members = [
        {key: value for key, value in each.items() if key not in lifecycle_hooks.MEMBERS_OF_OURS}
        for each in group["Instances"]
    ]
    group = {**group, "Instances": members}
    hidden = ("Hooks", "GoneAt")
    return {k: v for k, v in group.items() if k not in hidden and v is not None}


def _tagged(tags: list[Record], chosen: Record) -> bool:
    """`tag-key`, or `tag:` and a key (M, DescribeAutoScalingGroups, Filters)."""
    values = {tag["Key"]: tag["Value"] for tag in tags}
    field, _, key = chosen["Name"].partition(":")
    if field == "tag-key":
        return any(name in values for name in chosen["Values"])
    assert field == "tag", chosen
    return values.get(key) in chosen["Values"]


def describe_scaling_activities(here: Here, p: Record) -> Record:
    """Sorted by start time, the newest first (M, ActivitiesType); AWS keeps six weeks."""
    name, bounds = p.get("AutoScalingGroupName"), p.get("Filters", [])
    assert {bound["Name"] for bound in bounds} <= {"StartTimeLowerBound"}, bounds
    least = max((bound["Values"][0] for bound in bounds), default="")

    def found() -> list[Record]:
        return [
            activity
            for activity in reversed(instances.in_order(here.seen("activities")))
            if name in (None, activity["AutoScalingGroupName"])
            and f"{activity['StartTime']:%Y-%m-%dT%H:%M:%SZ}" >= least
        ]

    return here.page(p, "Activities", found, "MaxRecords", 100, shuffled=False)


def suspend_processes(here: Here, p: Record) -> Record:
    """Adds to what is suspended."""
    group = _find(here, p["AutoScalingGroupName"])
    names = {process["ProcessName"] for process in group["SuspendedProcesses"]}
    return _suspended(here, group, names | set(p["ScalingProcesses"]))


def resume_processes(here: Here, p: Record) -> Record:
    """Takes away from what is suspended."""
    group = _find(here, p["AutoScalingGroupName"])
    names = {process["ProcessName"] for process in group["SuspendedProcesses"]}
    return _suspended(here, group, names - set(p["ScalingProcesses"]))


def _suspended(here: Here, group: Record, names: set[str]) -> Record:
    listed = [{"ProcessName": name, "SuspensionReason": "User suspended"} for name in sorted(names)]
    instances.settle(here, {**group, "SuspendedProcesses": listed})
    return {}


def create_or_update_tags(here: Here, p: Record) -> Record:
    """An upsert by key (M)."""
    for tag in p["Tags"]:
        group = _find(here, tag["ResourceId"])
        here.put("groups", tag["ResourceId"], {**group, "Tags": retagged(group["Tags"], [tag])})
    return {}


def delete_tags(here: Here, p: Record) -> Record:
    """One that is not there is no error."""
    for tag in p["Tags"]:
        group = _find(here, tag["ResourceId"])
        left = [other for other in group["Tags"] if other["Key"] != tag["Key"]]
        here.put("groups", tag["ResourceId"], {**group, "Tags": left})
    return {}


def tick(here: Here) -> None:
    """Auto Scaling goes on with what it has begun, and tries again what it could not launch."""
    lifecycle_hooks.expire(here)
    for group in _groups(here, here.all("groups")).values():
        if "Status" not in group:
            instances.proceed(here, group)


def _find(here: Here, name: str) -> Record:
    lifecycle_hooks.expire(here)
    group = _groups(here, here.named("groups")).get(name)
    group = group and _groups(here, here.all("groups")).get(name)
    if group is None:
        raise _invalid(f"AutoScalingGroup name not found - null: {name}")
    if "Status" in group:
        raise Refusal("ScalingActivityInProgress", f"the group {name} is being deleted")
    return group


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message)
