"""An Auto Scaling group: its fields as AWS shows them, and the rules they must keep."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.sandbox.operations import AwsError, Call, Wire
from reconciler.sandbox.services.launch_templates import Template, Version, resolve
from reconciler.sandbox.services.members import Member
from reconciler.sandbox.world import ACCOUNT, request_id

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)

DEFAULTS: Wire = {
    "DefaultCooldown": 300,
    "HealthCheckType": "EC2",
    "HealthCheckGracePeriod": 0,
    "TerminationPolicies": ["Default"],
    "NewInstancesProtectedFromScaleIn": False,
    "DeletionProtection": "none",
    "AvailabilityZoneDistribution": {"CapacityDistributionStrategy": "balanced-best-effort"},
    "ServiceLinkedRoleARN": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/"
    "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    "LoadBalancerNames": [],
    "TargetGroupARNs": [],
    "TrafficSources": [],
}
# Members that a certain value takes away again. [M autoscaling.UpdateAutoScalingGroup]
CLEARED: Wire = {"PlacementGroup": "", "MaxInstanceLifetime": 0, "DefaultInstanceWarmup": -1}
DISTRIBUTION: Wire = {
    "OnDemandAllocationStrategy": "prioritized",
    "OnDemandBaseCapacity": 0,
    "OnDemandPercentageAboveBaseCapacity": 100,
    "SpotAllocationStrategy": "lowest-price",
}


@dataclass
class Group:
    """One group. ``fields`` holds what DescribeAutoScalingGroups says of its shape."""

    name: str
    arn: str
    created: datetime
    fields: Wire = field(default_factory=dict)
    tags: dict[str, Wire] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    suspended: set[str] = field(default_factory=set)
    activities: list[Wire] = field(default_factory=list)
    actions: dict[str, Wire] = field(default_factory=dict)
    hooks: dict[str, Wire] = field(default_factory=dict)
    refused_at: int = -1
    """The capacity's generation when a launch failed: no use to try again before it changes."""
    refusals: int = 0
    """How many launches failed one after the other."""
    next_try: datetime | None = None
    """When a group that is short tries again by itself."""

    @property
    def staying(self) -> list[Member]:
        """The members that count against the desired capacity.

        AWS launches the next one at the same time as the old one is ended ("Terminate and
        launch"), so one that waits in a lifecycle hook is not counted. [D
        instance-maintenance-policy-overview-and-considerations]
        """
        return [member for member in self.members if not member.leaving]

    @property
    def minimum(self) -> int:
        """The MinSize of the group."""
        return int(self.fields["MinSize"])

    @property
    def maximum(self) -> int:
        """The MaxSize of the group."""
        return int(self.fields["MaxSize"])

    @property
    def desired(self) -> int:
        """The DesiredCapacity of the group."""
        return int(self.fields["DesiredCapacity"])

    @property
    def policy(self) -> Wire:
        """The mixed instances policy, or nothing."""
        return dict(self.fields.get("MixedInstancesPolicy") or {})

    @property
    def specification(self) -> Wire:
        """The launch template of the group, by id, and its version."""
        mixed = self.policy.get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
        named = mixed or self.fields.get("LaunchTemplate") or {}
        return {key: value for key, value in named.items() if key != "LaunchTemplateName"}

    @property
    def overrides(self) -> list[Wire]:
        """The overrides of the mixed instances policy."""
        return list(self.policy.get("LaunchTemplate", {}).get("Overrides", []))

    @property
    def subnets(self) -> list[str]:
        """The subnets in which the group may launch."""
        return [subnet for subnet in self.fields.get("VPCZoneIdentifier", "").split(",") if subnet]

    def view(self, instances: bool = True) -> Wire:
        """Show the group as DescribeAutoScalingGroups does."""
        return {
            **self.fields,
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "CreatedTime": self.created,
            "EnabledMetrics": [],
            "SuspendedProcesses": [
                {"ProcessName": process, "SuspensionReason": "User suspended"}
                for process in sorted(self.suspended)
            ],
            "Instances": [member.view() for member in self.members] if instances else [],
            "Tags": [self.tags[key] for key in sorted(self.tags)],
        }


@dataclass
class Groups:
    """The groups of a region, by name, and its launch configurations."""

    by_name: dict[str, Group] = field(default_factory=dict)
    configurations: dict[str, Wire] = field(default_factory=dict)


def invalid(message: str) -> AwsError:
    """Make Auto Scaling's one error for whatever is wrong with a request."""
    return AwsError("ValidationError", message)


def find(call: Call, name: str | None = None) -> Group:
    """Find the group that the call names. Raises: AwsError if it is not there."""
    name = name or call.params.get("AutoScalingGroupName", "")
    groups = call.state(Groups).by_name
    if name not in groups:
        raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return groups[name]


def new_group(call: Call) -> Group:
    """Make a group of the call's fields, with AWS's defaults. Raises: AwsError for bad fields."""
    name = call.params["AutoScalingGroupName"]
    if ":" in name:
        raise invalid("Group name cannot contain a colon.")
    arn = call.arn("autoscaling", f"autoScalingGroup:{request_id()}:autoScalingGroupName/{name}")
    group = Group(name, arn, call.world.now(), copy.deepcopy(DEFAULTS))
    change(call, group, {"DesiredCapacity": call.params["MinSize"], **call.params})
    return group


NOT_FIELDS = frozenset(
    {
        "AutoScalingGroupName",
        "Tags",
        "LifecycleHookSpecificationList",
        "InstanceId",
        "SkipZonalShiftValidation",
    }
)
SOURCES = ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy")
"""What a group launches from: one of these. [M autoscaling.UpdateAutoScalingGroup]"""


def change(call: Call, group: Group, params: Wire) -> None:
    """Put these members into the group, all or none. Raises: AwsError for bad members.

    Members left out stay as they are. Moto drops the policy that is not sent again, and takes
    most other members only at creation or not at all.
    """
    wanted = {**group.fields}
    for name, value in copy.deepcopy(params).items():
        if name in NOT_FIELDS:
            continue
        if name in CLEARED and value == CLEARED[name]:
            wanted.pop(name, None)
        else:
            wanted[name] = value
    if "MixedInstancesPolicy" in params:
        wanted["MixedInstancesPolicy"] = _policy(
            call, copy.deepcopy(group.policy), params["MixedInstancesPolicy"]
        )
        wanted.pop("LaunchTemplate", None)
        wanted.pop("LaunchConfigurationName", None)
    elif "LaunchConfigurationName" in params:
        _check_configuration(call, params["LaunchConfigurationName"])
        wanted.pop("MixedInstancesPolicy", None)
        wanted.pop("LaunchTemplate", None)
    elif "LaunchTemplate" in params:
        template, _ = template_of(call, params["LaunchTemplate"])
        wanted["LaunchTemplate"] = _named(template, params["LaunchTemplate"])
        wanted.pop("MixedInstancesPolicy", None)
        wanted.pop("LaunchConfigurationName", None)
    if not any(wanted.get(source) for source in SOURCES):
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, "
            "InstanceId or MixedInstancesPolicy parameter."
        )
    given = [source for source in SOURCES if source in params]
    if len(given) > 1:
        raise invalid(f"{' and '.join(given)} cannot both be specified.")
    _place(call, wanted, params)
    _sizes(wanted, params)
    _rest(wanted)
    group.fields = wanted


def _check_configuration(call: Call, name: str) -> None:
    if name not in call.state(Groups).configurations:
        raise invalid(
            f"Launch configuration name not found - Launch configuration {name} not found"
        )


def _sizes(wanted: Wire, params: Wire) -> None:
    least, most = int(wanted["MinSize"]), int(wanted["MaxSize"])
    if least > most:
        raise invalid(f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    desired = int(wanted["DesiredCapacity"])
    if "DesiredCapacity" not in params:
        # Bounds that move past the desired capacity take it along. [M UpdateAutoScalingGroup]
        desired = min(max(desired, least), most)
    check_desired(desired, least, most)
    wanted["DesiredCapacity"] = desired


def check_desired(desired: int, least: int, most: int) -> None:
    """Refuse a desired capacity that is not within the group's bounds. Raises: AwsError."""
    if not least <= desired <= most:
        raise invalid(
            f"Desired capacity:{desired} must be between the specified min size:{least} and max "
            f"size:{most}"
        )


def _place(call: Call, wanted: Wire, params: Wire) -> None:
    """The zones follow from the subnets; both given must agree."""
    if "VPCZoneIdentifier" in params:
        ids = [
            subnet.strip() for subnet in params["VPCZoneIdentifier"].split(",") if subnet.strip()
        ]
        zones = {subnet_of(call, subnet).availability_zone for subnet in ids}
        given = set(params.get("AvailabilityZones", zones))
        if given != zones:
            raise invalid(
                "The availability zones of the specified subnets and the Auto Scaling group do "
                "not match"
            )
        wanted["VPCZoneIdentifier"] = ",".join(ids)
        wanted["AvailabilityZones"] = sorted(zones)
    if not wanted.get("AvailabilityZones"):
        raise invalid("At least one Availability Zone or VPC Subnet is required.")


def subnet_of(call: Call, subnet_id: str) -> Any:
    """Find a subnet by id. Raises: AwsError, Auto Scaling's own, if it is not there."""
    for subnets in call.ec2.subnets.values():
        if subnet_id in subnets:
            return subnets[subnet_id]
    raise invalid(f"The subnet ID '{subnet_id}' does not exist")


def _rest(wanted: Wire) -> None:
    lifetime = wanted.get("MaxInstanceLifetime")
    if lifetime is not None and lifetime < 86400:
        raise invalid("MaxInstanceLifetime must be 0 or at least 86400 seconds.")
    maintenance = wanted.get("InstanceMaintenancePolicy")
    if maintenance:
        least = maintenance.get("MinHealthyPercentage", -1)
        most = maintenance.get("MaxHealthyPercentage", -1)
        if least == most == -1:
            del wanted["InstanceMaintenancePolicy"]
        elif not (0 <= least <= 100 <= most <= 200 and most - least <= 100):
            raise invalid(
                "InstanceMaintenancePolicy needs a minimum of 0 to 100 and a maximum of 100 to "
                "200, at most 100 apart."
            )


def template_of(call: Call, specification: Wire) -> tuple[Template, Version]:
    """Find a group's launch template. Raises: AwsError, Auto Scaling's own, if it is not there."""
    try:
        return resolve(call, specification)
    except AwsError as error:
        text = f"You must use a valid fully-formed launch template. {error.message}"
        raise invalid(text) from error


def _named(template: Template, specification: Wire) -> Wire:
    """A specification as AWS shows it: the id and the name, and the version as it was given."""
    shown = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
    version = specification.get("Version")
    return {**shown, "Version": version} if version else shown


def _policy(call: Call, before: Wire, given: Wire) -> Wire:
    given = copy.deepcopy(given)
    launch = {**before.get("LaunchTemplate", {}), **given.get("LaunchTemplate", {})}
    if "LaunchTemplateSpecification" not in given.get("LaunchTemplate", {}):
        launch.get("LaunchTemplateSpecification", {}).pop("LaunchTemplateName", None)
    if not launch.get("LaunchTemplateSpecification"):
        raise invalid("MixedInstancesPolicy must contain a launch template specification.")
    overrides = launch.setdefault("Overrides", [])
    template, version = template_of(call, launch["LaunchTemplateSpecification"])
    launch["LaunchTemplateSpecification"] = _named(template, launch["LaunchTemplateSpecification"])
    _check_overrides(overrides, version.data)
    by_attributes = any("InstanceRequirements" in override for override in overrides)
    distribution = {
        **DISTRIBUTION,
        **({"OnDemandAllocationStrategy": "lowest-price"} if by_attributes else {}),
        **before.get("InstancesDistribution", {}),
        **given.get("InstancesDistribution", {}),
    }
    if distribution["SpotAllocationStrategy"] == "lowest-price":
        distribution.setdefault("SpotInstancePools", 2)
    elif "SpotInstancePools" in given.get("InstancesDistribution", {}):
        raise invalid("SpotInstancePools is only valid with the lowest-price strategy.")
    else:
        distribution.pop("SpotInstancePools", None)
    if distribution.get("SpotMaxPrice") == "":
        del distribution["SpotMaxPrice"]
    _check_distribution(distribution, by_attributes)
    return {"LaunchTemplate": launch, "InstancesDistribution": distribution}


def _check_overrides(overrides: list[Wire], data: Wire) -> None:
    if data.get("InstanceMarketOptions"):
        raise invalid(
            "Incompatible launch template: with a mixed instances policy the launch template "
            "must not request Spot Instances."
        )
    sets = [override for override in overrides if "InstanceRequirements" in override]
    types = [override["InstanceType"] for override in overrides if "InstanceType" in override]
    if any("InstanceType" in override for override in sets):
        raise invalid("An override must not have both InstanceType and InstanceRequirements.")
    if sets and types:
        raise invalid("Overrides must use either instance types or instance requirements.")
    if len(types) != len(set(types)):
        raise invalid("The instance types of the overrides must be unique.")
    if len(types) > 40 or len(sets) > 4:
        raise invalid("At most 40 instance types or 4 sets of instance requirements are allowed.")
    for wanted in (override["InstanceRequirements"] for override in sets):
        if wanted.get("AllowedInstanceTypes") and wanted.get("ExcludedInstanceTypes"):
            raise invalid("AllowedInstanceTypes and ExcludedInstanceTypes exclude each other.")


def _check_distribution(distribution: Wire, by_attributes: bool) -> None:
    allowed = {
        "OnDemandAllocationStrategy": ("lowest-price", "prioritized"),
        "SpotAllocationStrategy": (
            "lowest-price",
            "capacity-optimized",
            "capacity-optimized-prioritized",
            "price-capacity-optimized",
        ),
    }
    for name, values in allowed.items():
        value = distribution[name]
        if value not in values or (by_attributes and value.endswith("prioritized")):
            raise invalid(f"{name} {value} is not valid for this group.")
    percent = distribution["OnDemandPercentageAboveBaseCapacity"]
    if not 0 <= percent <= 100:
        raise invalid("OnDemandPercentageAboveBaseCapacity must be between 0 and 100.")
