"""The mixed instances policy of a group: to and from AWS, and how its split may change.

AWS answers a new split of Spot and On-Demand by replacing instances until it holds: the new one
first, then the one in use (EC2 Auto Scaling user guide, mixed instances groups). So nothing may
be there, nor come up between read and write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import NotReady
from reconciler.kinds import scaling_processes

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
    "other",
}
"""The group's fields that the policy holds."""


def read(group: Mapping[str, Any]) -> dict[str, Any]:
    """Read `FIELDS` of a described group, by name."""
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
        "other": _other(group, overrides, spread, needs[1:]),
    }


NOT_OURS = ("ImageId", "LaunchTemplateSpecification", "WeightedCapacity")
"""Members of an override that we never write, and that decide what is launched."""


def _other(
    group: Mapping[str, Any],
    overrides: Sequence[Mapping[str, Any]],
    spread: Mapping[str, Any],
    more_needs: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Describe whatever else decides what a group launches: nothing, unless somebody edited it.

    A launch configuration or a template in place of the policy; a template, an image or a weight
    of a single override; segments of the distribution; a second set of requirements.
    """
    overridden = ({name: each[name] for name in NOT_OURS if name in each} for each in overrides)
    found = {
        "LaunchConfigurationName": group.get("LaunchConfigurationName"),
        "LaunchTemplate": group.get("LaunchTemplate"),
        "Overrides": [each for each in overridden if each],
        "InstanceRequirements": [ordered(each) for each in more_needs],
        "DistributionSegments": spread.get("DistributionSegments"),
    }
    return {name: value for name, value in found.items() if value}


def ordered(requirements: Mapping[str, Any]) -> dict[str, Any]:
    """Sort the lists of requirements: they have no order in ABIS."""
    return {
        name: sorted(value) if isinstance(value, list | tuple) else value
        for name, value in requirements.items()
    }


def write(spec: Any) -> dict[str, Any]:
    """Build the whole policy from a group's spec (auto_scaling_group.AutoScalingGroup)."""
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


@contextmanager
def empty(aws: Aws, name: str) -> Iterator[None]:
    """Keep the group empty: suspend its launches, then read it again.

    Raises: NotReady when an instance came up meanwhile; it stays, and the split waits.
    """
    with scaling_processes.launches_suspended(aws, name) as instances:
        if instances:
            raise NotReady(
                "autoscaling:UpdateAutoScalingGroup",
                "Occupied",
                "an instance came up meanwhile; applied once nothing runs",
                aws.region,
            )
        yield
