"""Settings of a group that are one parameter each of create and update."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
    "capacity_reservation": "CapacityReservationSpecification",
    "placement_group": "PlacementGroup",
    "desired_capacity": "DesiredCapacity",
}

BY_HAND = frozenset({"capacity_reservation", "placement_group"})
"""Fields that a new group has as we want them: only what somebody set is put back."""

FIELDS = frozenset(_PARAMETERS) - BY_HAND
"""What a new group is made with."""

NO_RESERVATION = {"CapacityReservationPreference": "default"}
"""As the launch template says, which names none (Auto Scaling API,
CapacityReservationSpecification)."""


def reservation(group: Mapping[str, Any]) -> dict[str, Any]:
    """Read the capacity reservations of a described group, with AWS's default where it has none."""
    found = group.get("CapacityReservationSpecification", {})
    target = {name: ids for name, ids in found.get("CapacityReservationTarget", {}).items() if ids}
    preference = {**NO_RESERVATION, **found}["CapacityReservationPreference"]
    shown = {"CapacityReservationPreference": preference}
    return {**shown, "CapacityReservationTarget": target} if target else shown


def write(spec: Any, chosen: Collection[str]) -> dict[str, Any]:
    """Build the parameters of the chosen fields of a spec, without those that are not declared.

    The spec is an auto_scaling_group.AutoScalingGroup.
    """
    values = {name: getattr(spec, name) for name in _PARAMETERS if name in chosen}
    if "subnets" in values:
        values["subnets"] = ",".join(spec.subnets)
    if "termination_policies" in values:
        values["termination_policies"] = list(spec.termination_policies)
    return {_PARAMETERS[name]: value for name, value in values.items() if value is not None}


def protected(members: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """List protected instances, by id; AWS takes no change of one that terminates."""
    return tuple(
        sorted(
            each["InstanceId"]
            for each in members
            if each.get("ProtectedFromScaleIn") and each.get("LifecycleState") == "InService"
        )
    )
