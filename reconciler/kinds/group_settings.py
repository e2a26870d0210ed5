"""A group's settings on the wire: the parameters of create and update that are one field each."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

_PARAMETERS = {
    "min_size": "MinSize",
    "max_size": "MaxSize",
    "subnets": "VPCZoneIdentifier",
    "capacity_rebalance": "CapacityRebalance",
    "health_check_type": "HealthCheckType",
    "health_check_grace_period": "HealthCheckGracePeriod",
    "max_instance_lifetime": "MaxInstanceLifetime",
    "new_instances_protected_from_scale_in": "NewInstancesProtectedFromScaleIn",
    "termination_policies": "TerminationPolicies",
    "deletion_protection": "DeletionProtection",
    "desired_capacity": "DesiredCapacity",
}

FIELDS = frozenset(_PARAMETERS)


def write(spec: Any, chosen: Collection[str]) -> dict[str, Any]:
    """The parameters for the chosen fields of a spec (auto_scaling_group.AutoScalingGroup); what
    is not declared is left out."""
    values = {name: getattr(spec, name) for name in _PARAMETERS if name in chosen}
    if "subnets" in values:
        values["subnets"] = ",".join(spec.subnets)
    if "termination_policies" in values:
        values["termination_policies"] = list(spec.termination_policies)
    return {_PARAMETERS[name]: value for name, value in values.items() if value is not None}
