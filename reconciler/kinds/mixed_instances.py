"""A group's mixed instances policy, on the wire and back, and how its split may be changed.

AWS answers a new split of Spot and On-Demand by replacing instances until it holds: the new one
first, then the one in use (EC2 Auto Scaling user guide, mixed instances groups). So nothing may
be there, nor come up between looking and writing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from reconciler.errors import NotReady
from reconciler.plan.kind import Aws

SPLIT = frozenset({"on_demand_base_capacity", "on_demand_percentage_above_base_capacity"})
"""The fields whose change replaces instances."""

FIELDS = SPLIT | {
    "launch_template_id",
    "launch_template_version",
    "instance_types",
    "instance_requirements",
    "on_demand_allocation_strategy",
    "spot_allocation_strategy",
    "spot_max_price",
}
"""The group's fields that the policy holds."""


def read(group: Mapping[str, Any]) -> dict[str, Any]:
    """`FIELDS` of a described group, by name."""
    policy = group.get("MixedInstancesPolicy", {})
    template = policy.get("LaunchTemplate", {})
    pinned = template.get("LaunchTemplateSpecification", {})
    overrides = template.get("Overrides", [])
    spread = policy.get("InstancesDistribution", {})
    needs = [o["InstanceRequirements"] for o in overrides if "InstanceRequirements" in o]
    return {
        "launch_template_id": pinned.get("LaunchTemplateId", ""),
        "launch_template_version": pinned.get("Version", ""),
        "instance_types": tuple(o["InstanceType"] for o in overrides if "InstanceType" in o),
        "instance_requirements": ordered(needs[0]) if needs else {},
        "on_demand_base_capacity": spread.get("OnDemandBaseCapacity", 0),
        "on_demand_percentage_above_base_capacity": spread.get(
            "OnDemandPercentageAboveBaseCapacity", 100
        ),
        "on_demand_allocation_strategy": spread.get("OnDemandAllocationStrategy", ""),
        "spot_allocation_strategy": spread.get("SpotAllocationStrategy", ""),
        "spot_max_price": spread.get("SpotMaxPrice", ""),
    }


def ordered(requirements: Mapping[str, Any]) -> dict[str, Any]:
    """Lists have no order in ABIS."""
    return {
        name: sorted(value) if isinstance(value, list | tuple) else value
        for name, value in requirements.items()
    }


def write(spec: Any) -> dict[str, Any]:
    """The policy of a group's spec (auto_scaling_group.AutoScalingGroup), whole."""
    overrides: list[dict[str, Any]] = [{"InstanceType": each} for each in spec.instance_types]
    if spec.instance_requirements:
        overrides = [{"InstanceRequirements": dict(spec.instance_requirements)}]
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {
                "LaunchTemplateId": spec.launch_template_id,
                "Version": spec.launch_template_version,
            },
            "Overrides": overrides,
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": spec.on_demand_base_capacity,
            "OnDemandPercentageAboveBaseCapacity": spec.on_demand_percentage_above_base_capacity,
            "OnDemandAllocationStrategy": spec.on_demand_allocation_strategy,
            "SpotAllocationStrategy": spec.spot_allocation_strategy,
            "SpotMaxPrice": spec.spot_max_price,  # "" takes a price somebody set away
        },
    }


LAUNCH = ["Launch"]

LOOKS = 5
"""How often a group is read again, which AWS answers within a second."""


@contextmanager
def empty(aws: Aws, name: str) -> Iterator[None]:
    """Hold the group empty: launches suspended, then read again.

    A run that dies in between leaves launches suspended: the next one finds that, and resumes.

    Raises: NotReady when an instance came up meanwhile; it stays, and the split waits.
    """
    aws.call("autoscaling", "suspend_processes", AutoScalingGroupName=name, ScalingProcesses=LAUNCH)
    try:
        if _occupied(aws, name):
            raise NotReady(
                "autoscaling:UpdateAutoScalingGroup",
                "Occupied",
                "an instance came up meanwhile; applied once nothing runs",
                aws.region,
            )
        yield
    finally:
        aws.call(
            "autoscaling", "resume_processes", AutoScalingGroupName=name, ScalingProcesses=LAUNCH
        )


def _occupied(aws: Aws, name: str) -> bool:
    """Whether anything runs. AWS promises no read after a write: an answer that does not show
    the suspension is older than it, and tells nothing of what came up before."""
    for _ in range(LOOKS):
        answer = aws.call(
            "autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[name]
        )
        for group in answer["AutoScalingGroups"]:
            suspended = {each["ProcessName"] for each in group.get("SuspendedProcesses", ())}
            if suspended.issuperset(LAUNCH):
                return bool(group.get("Instances"))
    raise NotReady(
        "autoscaling:UpdateAutoScalingGroup",
        "Unseen",
        "AWS does not show yet that its launches are suspended; the next run tries again",
        aws.region,
    )
