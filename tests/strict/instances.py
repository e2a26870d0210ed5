"""What runs in Auto Scaling groups: instances that come and go, and the activities that tell of it.

By default an instance is there, or gone, as soon as the call returns. On a `timed` account it
comes and goes with the clock (`timers.py`): what a call asks for, time brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.strict.aws import Here
from tests.strict.ec2_network import TYPES
from tests.strict.lifecycle_hooks import WAITING, expire, held, holding
from tests.strict.tables import Record

NO_SPOT = "UnfulfillableCapacity - Unable to fulfill capacity due to your request configuration."
NO_ON_DEMAND = "InsufficientInstanceCapacity - We currently do not have sufficient capacity."
SPOT_QUOTA = "MaxSpotInstanceCountExceeded - Max spot instance count exceeded."
ON_DEMAND_QUOTA = (
    "VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU limit."
)
"""After "Could not launch Spot Instances. " (D, troubleshooting; EC2 API error codes)."""


def alive(group: Record) -> list[Record]:
    """What runs or comes; what goes is not it."""
    return [
        instance
        for instance in group["Instances"]
        if not instance["LifecycleState"].startswith("Terminating")
    ]


def market(group: Record) -> str:
    """Of the next instance; left out, a share is 100 (M, InstancesDistribution)."""
    spread = (group["MixedInstancesPolicy"] or {}).get("InstancesDistribution", {})
    return "on-demand" if spread.get("OnDemandPercentageAboveBaseCapacity", 100) else "spot"


def settle(here: Here, group: Record) -> None:
    """Bring what runs to what is desired, and write the group."""
    for instance in alive(group)[group["DesiredCapacity"] :]:
        group = end(here, group, instance["InstanceId"], "desired")
    if not here.aws.timed:
        group = _launched(here, group)
    here.put("groups", group["AutoScalingGroupName"], group)


def proceed(here: Here, group: Record) -> None:
    """A minute of a group's life: what went is gone, what came is in service, what lacks is
    launched, or tried again: AWS tells no interval."""
    if not busy(group):
        return
    left = [{**instance, "LifecycleState": "InService"} for instance in alive(group)]
    waits = [each for each in group["Instances"] if each["LifecycleState"] == WAITING]
    group = _launched(here, {**group, "Instances": [*waits, *left]})
    here.put("groups", group["AutoScalingGroupName"], group)


def busy(group: Record) -> bool:
    """Whether time changes anything in it."""
    states = {instance["LifecycleState"] for instance in group["Instances"]}
    short = len(alive(group)) < group["DesiredCapacity"] and not _suspended(group)
    return short or bool(states - {"InService"})


def _suspended(group: Record) -> bool:
    return any(process["ProcessName"] == "Launch" for process in group["SuspendedProcesses"])


def _launched(here: Here, group: Record) -> Record:
    while len(alive(group)) < group["DesiredCapacity"] and not _suspended(group):
        launched = _launch(here, group)
        if launched is None:
            break
        group = {**group, "Instances": [*group["Instances"], launched]}
    return group


def resplit(here: Here, group: Record) -> Record:
    """A changed share replaces the instances of the other market, the new one first (D, mixed
    instances groups). AWS says "gradually"; at once is the strict choice."""
    ec2 = here.of("ec2").all("instances")
    for instance in alive(group):
        spot = "InstanceLifecycle" in ec2[instance["InstanceId"]]
        if spot != (market(group) == "spot"):
            group = end(here, group, instance["InstanceId"], "split")
    return group


def end(here: Here, group: Record, name: str, why: str) -> Record:
    """An instance goes: the group without it, or with it on its way out: on a timed account, and
    where a lifecycle hook holds it, which holds no Spot Instance back (D, lifecycle hooks)."""
    found = None if here.aws.machines_leave or why == "deleted" else holding(group)
    state = "running" if found and why != "interruption" else "terminated"
    here.aws.ended.append((name, here.sent))
    tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    ec2 = here.of("ec2")
    ec2.put(
        "instances",
        name,
        {
            **ec2.all("instances")[name],
            "State": {"Name": state},
            "EndedAt": here.aws.now(),
            "EndedBy": f"{here.sent.actor} {here.sent.operation}",
            "Why": why,
            "Override": tags.get("reconciler:override", ""),
            "MinSize": here.all("groups")[group["AutoScalingGroupName"]]["MinSize"],  # until now
        },
    )
    cause = "was taken out of service in response to a difference between desired and actual"
    _note(here, group, f"Terminating EC2 instance: {name}", f"an instance {cause} capacity", "")
    if found:
        left = [
            held(here, instance, found) if instance["InstanceId"] == name else instance
            for instance in group["Instances"]
        ]
    elif here.aws.timed:
        left = [
            {**instance, "LifecycleState": "Terminating"}
            if instance["InstanceId"] == name
            else instance
            for instance in group["Instances"]
        ]
    else:
        left = [instance for instance in group["Instances"] if instance["InstanceId"] != name]
    return {**group, "Instances": left}


def interrupt(here: Here, group: str) -> None:
    """Spot takes back what runs; the group launches another as time goes on."""
    found = here.all("groups")[group]
    for instance in alive(found):
        found = end(here, found, instance["InstanceId"], "interruption")
    settle(here, found)


def _launch(here: Here, group: Record) -> Record | None:
    """In the first pool that has capacity; a failed activity when all are dry (D)."""
    template = group["MixedInstancesPolicy"]["LaunchTemplate"]
    types = [o["InstanceType"] for o in template.get("Overrides", ()) if "InstanceType" in o]
    name, chosen = group["AutoScalingGroupName"], market(group)
    refused = here.aws.refuses.get(chosen, "")
    pools = [] if refused else [(t, z) for t in types or TYPES for z in group["AvailabilityZones"]]
    pool = next((pool for pool in pools if pool not in here.aws.dry), None)
    if pool is None:
        word = "Spot" if chosen == "spot" else "On-Demand"
        message = f"Could not launch {word} Instances. {refused or NO_SPOT}"
        _note(here, group, f"Launching a new EC2 instance.  Status Reason: {message}", "", message)
        return None
    made = here.new_id("i", name)
    lifecycle = {"InstanceLifecycle": "spot"} if chosen == "spot" else {}
    here.of("ec2").put(
        "instances",
        made,
        {
            "InstanceId": made,
            "InstanceType": pool[0],
            "Placement": {"AvailabilityZone": pool[1]},
            "State": {"Name": "running"},
            "LaunchTime": here.aws.now(),
            "Tags": [
                {"Key": tag["Key"], "Value": tag["Value"]}
                for tag in group["Tags"]
                if tag.get("PropagateAtLaunch")
            ],
            "Group": name,
            **lifecycle,
        },
    )
    _note(here, group, f"Launching a new EC2 instance: {made}", "", "")
    return {
        "InstanceId": made,
        "InstanceType": pool[0],
        "AvailabilityZone": pool[1],
        "LifecycleState": "Pending" if here.aws.timed else "InService",
        "HealthStatus": "Healthy",
        "LaunchTemplate": template["LaunchTemplateSpecification"],
        "ProtectedFromScaleIn": False,
    }


def _note(here: Here, group: Record, description: str, cause: str, message: str) -> None:
    made = here.new_id("activity", group["AutoScalingGroupName"])
    activity = {
        "ActivityId": made,
        "AutoScalingGroupName": group["AutoScalingGroupName"],
        "Description": description,
        "Cause": cause or "a difference between desired and actual capacity",
        "StartTime": here.aws.now(),
        "StatusCode": "Failed" if message else "Successful",
    }
    here.put("activities", made, {**activity, **({"StatusMessage": message} if message else {})})


def in_order(activities: Mapping[str, Record]) -> list[Record]:
    """List the instances, the oldest first."""
    return sorted(activities.values(), key=lambda each: (each["StartTime"], each["ActivityId"]))


EXTRA_MEMBERS = ("EndedAt", "EndedBy", "Why", "Override", "MinSize", "Group")
"""What EC2 does not tell."""


def describe_instances(here: Here, p: Record) -> Record:
    """By a filter, which passes over ids that are gone (M)."""
    (chosen,) = p["Filters"]
    assert chosen["Name"] == "instance-id", chosen
    expire(here)

    def found() -> list[Any]:
        return [
            {
                "Instances": [
                    {key: value for key, value in instance.items() if key not in EXTRA_MEMBERS}
                ]
            }
            for name, instance in here.seen("instances").items()
            if name in chosen["Values"]
        ]

    return here.page(p, "Reservations", found)
