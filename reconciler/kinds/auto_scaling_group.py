"""Auto Scaling groups of 0 or 1 instance, with their requirements of that instance.

The runtime decides how many run, and the split, the sizes and the lease while an override or a
fallback holds (power/overlay.py): the YAML alone declares no desired capacity (promise 8). The
whole mixed instances policy goes with each update, since AWS does not say whether parts merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Workstation
from reconciler.kinds import (
    group_hook,
    group_settings,
    group_update,
    group_words,
    homes,
    launch_template,
    mixed_instances,
    scaling_processes,
)
from reconciler.kinds.tagging import group_tags
from reconciler.plan.kind import Scope
from reconciler.plan.model import (
    SUBNETS,
    Create,
    Delete,
    DeletionPolicy,
    Desired,
    Impact,
    Key,
    Live,
    Ref,
    Update,
)
from reconciler.plan.names import group_name, group_prefix
from reconciler.plan.ownership import (
    FALLBACK,
    FLEET,
    HOME,
    MARKET,
    MAX_RUNTIME,
    NEXT_STOP,
    OVERRIDE,
    OWNER,
    STOP_HOOK,
    WORKSTATION,
    ownership,
    read_tags,
)
from reconciler.plan.projection import projected
from reconciler.plan.resolve import ResolvedSite, ResolvedWorkstation, unfilled
from reconciler.plan.update_policy import IN_PLACE, NEXT_START, RUNTIME, STOPS, WHEN_EMPTY, WHEN_OFF
from reconciler.workstation import describe, stop_hook
from reconciler.workstation.model import Group
from reconciler.workstation.read import to_group
from reconciler.workstation.runtime_tags import (
    NO_HOME,
    format_fallback,
    format_max_runtime,
)

NAME = "auto_scaling_group"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = True

GRACE_SECONDS = 600
"""Boot, Lustre mount and DCV before health checks count (AWS's default is 0)."""

DELETION_PROTECTION = "prevent-force-deletion"
"""Nobody deletes a group together with what runs in it; an empty one may go."""

HEALTH_CHECK_TYPE = "EC2"
"""AWS always does this one (EC2 Auto Scaling user guide, health checks): docs/power.md."""

TERMINATION_POLICIES = ("Default",)
"""A policy of somebody's own is a Lambda function, which may refuse to end an instance (EC2 Auto
Scaling user guide, custom termination policies): a stop would do nothing."""


@dataclass(frozen=True, slots=True)
class AutoScalingGroup:
    """The group, with the names and values of AWS's API."""

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
    subnets: tuple[str, ...] | Ref
    capacity_rebalance: bool
    health_check_type: str
    health_check_grace_period: int  # seconds
    max_instance_lifetime: int  # seconds; 0: AWS replaces no instance for its age
    new_instances_protected_from_scale_in: bool
    termination_policies: tuple[str, ...]
    suspended_processes: tuple[str, ...]  # without those of the next field
    suspended_endings: tuple[str, ...]  # processes that end an instance, or mark it for that
    deletion_protection: str
    capacity_reservation: Mapping[str, Any]
    placement_group: str
    other: Mapping[str, Any]  # whatever else decides what it launches (mixed_instances.py)
    tags: Mapping[str, str]
    stop_hook: str = ""  # seconds that its lifecycle hook waits, as its tag reads
    market: str = ""  # the On-Demand lease, as its tag reads; "" is the declared market
    desired_capacity: int | None = None  # desired only by a limit
    override: str | None = None  # likewise: "" takes back what keeps it on
    next_stop: str | None = None  # desired only by the runtime, of a group that is on
    protected_instances: tuple[str, ...] | None = None  # wanted only of a group that is off
    runtime: Group | None = None  # what nobody declares of what is there; never compared


UPDATE_POLICY = {
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
    "health_check_type": IN_PLACE,
    "health_check_grace_period": IN_PLACE,
    "max_instance_lifetime": IN_PLACE,
    "new_instances_protected_from_scale_in": IN_PLACE,
    "termination_policies": IN_PLACE,
    "suspended_processes": RUNTIME,
    # Somebody saves a session with them: once resumed, AWS ends what it was kept from ending.
    "suspended_endings": replace(WHEN_EMPTY, impact=Impact.NONE, runtime=True),
    "deletion_protection": IN_PLACE,
    "capacity_reservation": NEXT_START,
    "placement_group": NEXT_START,
    "other": NEXT_START,
    "tags": IN_PLACE,
    "stop_hook": IN_PLACE,
    "market": RUNTIME,
    "desired_capacity": STOPS,
    "override": RUNTIME,
    "next_stop": RUNTIME,
    "protected_instances": STOPS,
}

LOOKUPS = {"subnets": "subnets", "launch_template_version": "version"}


def key(site: str, region: str, workstation: str) -> Key:
    """Return the key of the group of a workstation."""
    return Key(region, NAME, group_name(site, workstation))


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield one group for each workstation."""
    for each in site.workstations:
        declared = each.declared
        yield Desired(
            key(site.name, declared.region, declared.name),
            _wanted(site.name, each),
            where=declared.where,
            fleet=declared.fleet,
            workstation=declared.name,
            after=homes.before_instances(site.name, each),
            details=group_words.details(each),
        )


def _wanted(site: str, each: ResolvedWorkstation) -> AutoScalingGroup:
    declared = each.declared
    template = launch_template.key(site, declared.region, declared.name)
    owners = ownership(site, declared.fleet, declared.name, declared.owner)
    return AutoScalingGroup(
        launch_template_id=Ref(template, "id"),
        launch_template_version=_version(each, site, template),
        instance_types=declared.instance_types,
        instance_requirements=mixed_instances.ordered(declared.instance_requirements or {}),
        on_demand_base_capacity=0,
        on_demand_percentage_above_base_capacity=_on_demand_share(declared),
        on_demand_allocation_strategy="lowest-price",
        spot_allocation_strategy="price-capacity-optimized",
        spot_max_price="",
        min_size=0,
        max_size=1,
        subnets=each.unless(
            "network.subnets", tuple(sorted(subnet.id for subnet in each.subnets)), site
        ),
        capacity_rebalance=False,
        health_check_type=HEALTH_CHECK_TYPE,
        health_check_grace_period=GRACE_SECONDS,
        max_instance_lifetime=0,
        new_instances_protected_from_scale_in=False,
        termination_policies=TERMINATION_POLICIES,
        suspended_processes=scaling_processes.SUSPENDED,
        suspended_endings=(),
        deletion_protection=DELETION_PROTECTION,
        capacity_reservation=group_settings.NO_RESERVATION,
        placement_group="",
        other={},
        tags={"Name": template.name, **declared.tags, **owners, **_facts(declared)},
        stop_hook=stop_hook.SECONDS,
    )


def _version(each: ResolvedWorkstation, site: str, template: Key) -> Ref:
    """The newest version of the template; none where a lookup failed, for what somebody wrote
    into that version is not known then."""
    unknown = sorted(each.lacks & launch_template.SETTINGS)
    return unfilled(site, each.declared, unknown[0]) if unknown else Ref(template, "version")


def _facts(declared: Workstation) -> dict[str, str]:
    """What has to be known where there is no YAML: by `workstation`, and once it is undeclared."""
    facts = {MAX_RUNTIME: format_max_runtime(declared.max_runtime), HOME: NO_HOME}
    if declared.home:
        facts[HOME] = declared.home.type
    if declared.on_demand_fallback:
        facts[FALLBACK] = format_fallback(declared.on_demand_fallback)
    return facts


def _on_demand_share(declared: Workstation) -> int:
    """AWS's default is 100: left out, a group would be On-Demand only."""
    return 100 if declared.spot_policy == "on-demand" else 0


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield our groups, and foreign ones with a name of ours."""
    identify, live = partial(_identity, aws.region, scope), partial(_live, scope)
    for group in describe.groups(aws):
        yield from projected(NAME, aws.region, group, identify, live, may_run=True)


def _identity(region: str, scope: Scope, group: Mapping[str, Any]) -> Live | None:
    name, tags = group["AutoScalingGroupName"], read_tags(group.get("Tags", ()))
    owned = scope.owns(tags)
    if not owned and not name.startswith(group_prefix(scope.site)):
        return None
    return Live(
        Key(region, NAME, name),
        None,
        owned=owned,
        attrs={"name": name},
        fleet=tags.get(FLEET, ""),
        workstation=tags.get(WORKSTATION, ""),
        owner=tags.get(OWNER, ""),
        busy="it is being deleted" if group.get("Status") else "",
        removal=DeletionPolicy.AFTER_STOP,
    )


def _live(scope: Scope, group: Mapping[str, Any], named: Live) -> Live:
    tags = read_tags(group.get("Tags", ()))
    spec = _spec(named.key.region, group, tags, scope.managed(tags)) if named.owned else None
    occupied = _occupied(group)
    later = {}
    if occupied and "MixedInstancesPolicy" not in group:
        # Given a policy, AWS may replace what runs (Auto Scaling API, UpdateAutoScalingGroup).
        reason = f"{occupied}, from no policy of ours; applied once nothing runs"
        later = dict.fromkeys(mixed_instances.FIELDS, reason)
    subnets = {SUBNETS: group.get("VPCZoneIdentifier", "")} if spec else {}
    return replace(
        named,
        spec=spec,
        attrs={**named.attrs, **subnets},
        in_use=_in_use(group),
        occupied=occupied,
        later=later,
    )


def _in_use(group: Mapping[str, Any]) -> str:
    return _occupied(group) or ("a start was requested" if group["DesiredCapacity"] else "")


def _occupied(group: Mapping[str, Any]) -> str:
    instances = [each["InstanceId"] for each in group.get("Instances", ())]
    return f"{', '.join(instances)} is running" if instances else ""


def _spec(
    region: str, group: Mapping[str, Any], tags: Mapping[str, str], managed: Mapping[str, str]
) -> AutoScalingGroup:
    suspended = sorted(each["ProcessName"] for each in group.get("SuspendedProcesses", ()))
    others, endings = scaling_processes.split(suspended)
    return AutoScalingGroup(
        **mixed_instances.read(group),
        min_size=group["MinSize"],
        max_size=group["MaxSize"],
        subnets=tuple(sorted(filter(None, group.get("VPCZoneIdentifier", "").split(",")))),
        capacity_rebalance=group.get("CapacityRebalance", False),
        health_check_type=group.get("HealthCheckType", HEALTH_CHECK_TYPE),
        health_check_grace_period=group.get("HealthCheckGracePeriod", 0),
        max_instance_lifetime=group.get("MaxInstanceLifetime", 0),
        new_instances_protected_from_scale_in=group.get("NewInstancesProtectedFromScaleIn", False),
        termination_policies=tuple(group.get("TerminationPolicies", TERMINATION_POLICIES)),
        suspended_processes=others,
        suspended_endings=endings,
        deletion_protection=group.get("DeletionProtection", "none"),
        capacity_reservation=group_settings.reservation(group),
        placement_group=group.get("PlacementGroup", ""),
        tags=managed,
        stop_hook=tags.get(STOP_HOOK, ""),
        market=tags.get(MARKET, ""),
        desired_capacity=group["DesiredCapacity"],
        override=tags.get(OVERRIDE, ""),
        next_stop=tags.get(NEXT_STOP, ""),
        protected_instances=group_settings.protected(group.get("Instances", ())),
        runtime=to_group(region, group),
    )


def create(aws: Aws, change: Create) -> Live:
    """Create the group and its lifecycle hook, and suspend the processes that none of ours runs."""
    want = change.desired
    spec: AutoScalingGroup = want.spec
    aws.call(
        "autoscaling",
        "create_auto_scaling_group",
        AutoScalingGroupName=want.key.name,
        MixedInstancesPolicy=mixed_instances.write(spec),
        LifecycleHookSpecificationList=[stop_hook.settings(spec.stop_hook)],
        Tags=[*group_tags(want.key.name, spec.tags), group_hook.tag(want.key.name, spec.stop_hook)],
        **group_settings.write(spec, group_settings.FIELDS),
    )
    scaling_processes.suspend(aws, want.key.name, spec.suspended_processes)
    return Live(want.key, spec, owned=True, attrs={"name": want.key.name})


def update(aws: Aws, change: Update) -> Live:
    """Update the group in the order that `group_update` gives."""
    group_update.update(aws, change)
    want = change.desired
    return Live(want.key, want.spec, owned=True, attrs={"name": want.key.name})


def delete(aws: Aws, change: Delete) -> None:
    """Delete an empty group: AWS refuses one that is not."""
    name = change.live.key.name
    aws.call("autoscaling", "delete_auto_scaling_group", AutoScalingGroupName=name)


SENSITIVE = group_words.SENSITIVE
summary = group_words.summary
shown = group_words.shown
