"""Auto Scaling groups: 0 or 1 instance each, and what that instance may be.

How many run is runtime's, and so are the split, the sizes and the lease while somebody's word or
a fallback holds (power/ruling.py): the YAML alone declares no desired capacity (promise 8). The
whole mixed instances policy goes with each update, since AWS does not say whether parts merge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from reconciler.declare.fleet import HomeVolume, Workstation
from reconciler.kinds import home_volume, last_look, launch_template, mixed_instances
from reconciler.kinds.identity import group_tags, tag_auto_scaling_group
from reconciler.plan.diff import differing
from reconciler.plan.kind import Aws, Scope
from reconciler.plan.model import (
    IN_PLACE,
    NEXT_START,
    RUNTIME,
    STOPS,
    WHEN_EMPTY,
    WHEN_OFF,
    Change,
    Desired,
    FieldChange,
    Key,
    Live,
    Op,
    Ref,
    Removal,
)
from reconciler.plan.ownership import (
    FALLBACK,
    FLEET,
    MARKET,
    MAX_RUNTIME,
    OVERRIDE,
    OWNER,
    WORKSTATION,
    ownership,
    read_tags,
)
from reconciler.plan.resolve import ResolvedSite, ResolvedWorkstation

NAME = "auto_scaling_group"
MOVES: frozenset[str] = frozenset()
HOLDS_INSTANCES = True

GRACE_SECONDS = 600
"""Boot, Lustre mount and DCV before health checks count (AWS's default is 0)."""

SUSPENDED = ("AZRebalance",)
"""It launches a second instance before it ends the one in use."""

DELETION_PROTECTION = "prevent-force-deletion"
"""Nobody deletes a group together with what runs in it; an empty one may go."""


NO_LIMIT = "none"

DEFAULT_MAX_RUNTIME = 24 * 3600
"""Seconds, for a group without a tag that says it: the same as an undeclared `max_runtime`."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What runs in a group, as far as the group tells: not its market."""

    id: str
    type: str
    zone: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """What nobody declares: whether it should run, what does, and the override tag as it reads.

    `max_runtime` is in seconds, as the tag says it, which outlives the declaration.
    """

    desired: int
    instances: tuple[Instance, ...]
    override: str
    max_runtime: int | None


@dataclass(frozen=True, slots=True)
class AutoScalingGroup:
    """The group, in AWS's words."""

    launch_template_id: str | Ref
    launch_template_version: str | Ref
    instance_types: tuple[str, ...]
    instance_requirements: Mapping[str, Any]
    on_demand_base_capacity: int
    on_demand_percentage_above_base_capacity: int
    on_demand_allocation_strategy: str
    spot_allocation_strategy: str
    spot_max_price: str
    min_size: int
    max_size: int
    subnets: tuple[str, ...]
    capacity_rebalance: bool
    health_check_grace_period: int  # seconds
    suspended_processes: tuple[str, ...]
    deletion_protection: str
    tags: Mapping[str, str]
    market: str = ""  # the On-Demand lease, as its tag reads; "" is the declared market
    desired_capacity: int | None = None  # wanted only by a backstop
    override: str | None = None  # likewise: "" takes back what keeps it on
    runtime: Runtime | None = None  # of what is there; never compared


RULES = {
    "launch_template_id": NEXT_START,
    "launch_template_version": NEXT_START,
    "instance_types": NEXT_START,
    "instance_requirements": NEXT_START,
    # Changing the split replaces what runs (EC2 Auto Scaling user guide, mixed instances groups).
    "on_demand_base_capacity": WHEN_EMPTY,
    "on_demand_percentage_above_base_capacity": replace(WHEN_EMPTY, runtime=True),
    "on_demand_allocation_strategy": NEXT_START,
    "spot_allocation_strategy": NEXT_START,
    "spot_max_price": NEXT_START,
    "min_size": RUNTIME,
    # Below what runs, it ends instances (Auto Scaling API, UpdateAutoScalingGroup).
    "max_size": replace(WHEN_OFF, runtime=True),
    "subnets": NEXT_START,
    "capacity_rebalance": IN_PLACE,
    "health_check_grace_period": IN_PLACE,
    "suspended_processes": RUNTIME,
    "deletion_protection": IN_PLACE,
    "tags": IN_PLACE,
    "market": RUNTIME,
    "desired_capacity": STOPS,
    "override": RUNTIME,
}


def key(site: str, region: str, workstation: str) -> Key:
    """One group per workstation."""
    return Key(region, NAME, f"{site}-{workstation}")


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """One group per workstation."""
    for each in site.workstations:
        declared = each.declared
        home: tuple[Key, ...] = ()
        if isinstance(declared.home, HomeVolume):  # its zone decides the group's
            home = (home_volume.key(site.name, declared.region, declared.name),)
        yield Desired(
            key(site.name, declared.region, declared.name),
            _wanted(site.name, each),
            where=declared.where,
            fleet=declared.fleet,
            workstation=declared.name,
            after=home,
        )


def _wanted(site: str, each: ResolvedWorkstation) -> AutoScalingGroup:
    declared = each.declared
    template = launch_template.key(site, declared.region, declared.name)
    owners = ownership(site, declared.fleet, declared.name, declared.owner)
    return AutoScalingGroup(
        launch_template_id=Ref(template, "id"),
        launch_template_version=Ref(template, "version"),
        instance_types=declared.instance_types,
        instance_requirements=mixed_instances.ordered(declared.instance_requirements or {}),
        on_demand_base_capacity=0,
        on_demand_percentage_above_base_capacity=_on_demand_share(declared),
        on_demand_allocation_strategy="lowest-price",
        spot_allocation_strategy="price-capacity-optimized",
        spot_max_price="",
        min_size=0,
        max_size=1,
        subnets=tuple(sorted(subnet.id for subnet in each.subnets)),
        capacity_rebalance=False,
        health_check_grace_period=GRACE_SECONDS,
        suspended_processes=SUSPENDED,
        deletion_protection=DELETION_PROTECTION,
        tags={"Name": template.name, **declared.tags, **owners, **_limits(declared)},
    )


def _limits(declared: Workstation) -> dict[str, str]:
    """What has to be known where there is no YAML: by `workstation`, and once it is undeclared."""
    limits = {MAX_RUNTIME: str(declared.max_runtime or NO_LIMIT)}
    if declared.on_demand_fallback:
        after, most = declared.on_demand_fallback.after, declared.on_demand_fallback.max_duration
        limits[FALLBACK] = f"after {after} max {most}"
    return limits


def _on_demand_share(declared: Workstation) -> int:
    """AWS's default is 100: left out, a group would be On-Demand only."""
    return 100 if declared.spot_policy == "on-demand" else 0


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """All groups: ours, and those that bear a name of ours."""
    for group in aws.pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", 100):
        name = group["AutoScalingGroupName"]
        tags = read_tags(group.get("Tags", ()))
        owned = scope.owns(tags)
        if not owned and not name.startswith(f"{scope.site}-"):
            continue
        yield Live(
            Key(aws.region, NAME, name),
            _spec(group, tags, scope.managed(tags)) if owned else None,
            owned=owned,
            attrs={"name": name},
            fleet=tags.get(FLEET, ""),
            workstation=tags.get(WORKSTATION, ""),
            owner=tags.get(OWNER, ""),
            busy="it is being deleted" if group.get("Status") else "",
            in_use=_in_use(group),
            occupied=_occupied(group),
            removal=Removal.WHEN_OFF,
        )


def _in_use(group: Mapping[str, Any]) -> str:
    return _occupied(group) or ("a start was requested" if group["DesiredCapacity"] else "")


def _occupied(group: Mapping[str, Any]) -> str:
    instances = [each["InstanceId"] for each in group.get("Instances", ())]
    return f"{', '.join(instances)} is running" if instances else ""


def _spec(
    group: Mapping[str, Any], tags: Mapping[str, str], managed: Mapping[str, str]
) -> AutoScalingGroup:
    return AutoScalingGroup(
        **mixed_instances.read(group),
        min_size=group["MinSize"],
        max_size=group["MaxSize"],
        subnets=tuple(sorted(filter(None, group.get("VPCZoneIdentifier", "").split(",")))),
        capacity_rebalance=group.get("CapacityRebalance", False),
        health_check_grace_period=group.get("HealthCheckGracePeriod", 0),
        suspended_processes=tuple(
            sorted(each["ProcessName"] for each in group.get("SuspendedProcesses", ()))
        ),
        deletion_protection=group.get("DeletionProtection", "none"),
        tags=managed,
        market=tags.get(MARKET, ""),
        desired_capacity=group["DesiredCapacity"],
        override=tags.get(OVERRIDE, ""),
        runtime=Runtime(
            desired=group["DesiredCapacity"],
            instances=tuple(
                Instance(each["InstanceId"], each.get("InstanceType", ""), each["AvailabilityZone"])
                for each in group.get("Instances", ())
            ),
            override=tags.get(OVERRIDE, ""),
            max_runtime=max_runtime(tags),
        ),
    )


def max_runtime(tags: Mapping[str, str]) -> int | None:
    """Seconds that an instance of a group may run, by its tags; None for no limit."""
    text = tags.get(MAX_RUNTIME, "")
    if text == NO_LIMIT:
        return None
    return int(text) if re.fullmatch(r"[1-9]\d{0,8}", text) else DEFAULT_MAX_RUNTIME


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """Field by field."""
    return differing(live.spec, want.spec, RULES)


def apply(aws: Aws, change: Change) -> Live | None:
    """Create, update, or delete an empty group (AWS refuses one that is not)."""
    name = change.key.name
    if change.op is Op.DELETE:
        aws.call("autoscaling", "delete_auto_scaling_group", AutoScalingGroupName=name)
        return None
    assert change.desired is not None
    spec: AutoScalingGroup = change.desired.spec
    if change.op is Op.CREATE:
        aws.call(
            "autoscaling",
            "create_auto_scaling_group",
            AutoScalingGroupName=name,
            MixedInstancesPolicy=mixed_instances.write(spec),
            Tags=group_tags(name, spec.tags),
            **{key: value for key, value in _settings(spec).items() if value is not None},
        )
        _suspend(aws, name, (), spec.suspended_processes)
        return Live(change.key, spec, owned=True, attrs={"name": name})
    assert change.live is not None
    old: AutoScalingGroup = change.live.spec
    fields = {each.field for each in change.fields}
    settings = {
        parameter: value
        for (parameter, value), field in zip(_settings(spec).items(), _SETTINGS, strict=True)
        if field in fields
    }
    if fields & mixed_instances.FIELDS:
        settings["MixedInstancesPolicy"] = mixed_instances.write(spec)
    if "market" in fields and spec.market:  # what is meant comes first: a stopped run is completed
        _tag(aws, name, MARKET, spec.market)
    if fields & last_look.FIELDS and old.runtime:
        seen = (old.min_size, old.max_size, old.runtime.desired)
        last_look.unspoken(aws, name, (*seen, old.runtime.override))
        if "override" in fields:  # what is meant comes first, and the look stays next to the sizes
            _tag(aws, name, OVERRIDE, spec.override or "")
            last_look.unspoken(aws, name, (*seen, spec.override or ""))
    if settings:
        with mixed_instances.empty(aws, name) if fields & mixed_instances.SPLIT else nullcontext():
            aws.call(
                "autoscaling", "update_auto_scaling_group", AutoScalingGroupName=name, **settings
            )
    if "suspended_processes" in fields:
        _suspend(aws, name, old.suspended_processes, spec.suspended_processes)
    if "tags" in fields:
        tag_auto_scaling_group(aws, name, old.tags, spec.tags)
    if "market" in fields and not spec.market:
        _untag(aws, name, MARKET)
    return Live(change.key, spec, owned=True, attrs={"name": name})


def _tag(aws: Aws, name: str, key: str, value: str) -> None:
    """Instances do not inherit runtime's tags: what they say begins and ends while they live."""
    more = {"Key": key, "Value": value, "PropagateAtLaunch": False}
    aws.call("autoscaling", "create_or_update_tags", Tags=[_resource(name) | more])


def _untag(aws: Aws, name: str, key: str) -> None:
    aws.call("autoscaling", "delete_tags", Tags=[_resource(name) | {"Key": key}])


def _resource(name: str) -> dict[str, str]:
    return {"ResourceId": name, "ResourceType": "auto-scaling-group"}


_SETTINGS = (
    "min_size",
    "max_size",
    "subnets",
    "capacity_rebalance",
    "health_check_grace_period",
    "deletion_protection",
    "desired_capacity",
)


def _settings(spec: AutoScalingGroup) -> dict[str, Any]:
    """The parameters for `_SETTINGS`, in that order."""
    return {
        "MinSize": spec.min_size,
        "MaxSize": spec.max_size,
        "VPCZoneIdentifier": ",".join(spec.subnets),
        "CapacityRebalance": spec.capacity_rebalance,
        "HealthCheckGracePeriod": spec.health_check_grace_period,
        "DeletionProtection": spec.deletion_protection,
        "DesiredCapacity": spec.desired_capacity,
    }


def _suspend(aws: Aws, name: str, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    for operation, processes in (
        ("suspend_processes", sorted(set(new) - set(old))),
        ("resume_processes", sorted(set(old) - set(new))),
    ):
        if processes:
            aws.call(
                "autoscaling", operation, AutoScalingGroupName=name, ScalingProcesses=processes
            )
