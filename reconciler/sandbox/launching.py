"""How a group comes to have as many instances as it wants: pools, launches, activities."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.sandbox import instances, prices
from reconciler.sandbox.capacity import Market
from reconciler.sandbox.groups import Group, Groups, Member, subnet_of, template_of
from reconciler.sandbox.instance_types import architectures_of, current, offered, select, vcpus
from reconciler.sandbox.launch_templates import Template, Version
from reconciler.sandbox.operations import AwsError, Call, Wire
from reconciler.sandbox.world import request_id

SHORT = {
    "spot": "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity "
    "due to your request configuration. Please adjust your request and try again. Launching EC2 "
    "instance failed.",
    "on-demand": "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We "
    "currently do not have sufficient capacity in the Availability Zone you requested. Launching "
    "EC2 instance failed.",
}
NOT_OFFERED = (
    "Could not launch {market} Instances. InvalidFleetConfiguration - Your requested instance "
    "type ({type}) is not supported in your requested Availability Zone ({zone}). Launching EC2 "
    "instance failed."
)


def settle(call: Call, group: Group, reason: str) -> None:
    """Launch or terminate until the group has what it wants, or the capacity is not there."""
    while len(group.members) > group.desired and _may(group, "Terminate"):
        victims = [member for member in group.members if not member.protected]
        if not victims:
            return
        _shrink(call, group, victims[0], reason)
    while len(group.members) < group.desired and _may(group, "Launch"):
        if not _grow(call, group, reason):
            group.refused_at = call.world.capacity.generation
            return


def retry(call: Call, group: Group) -> None:
    """A short group tries again for ever on AWS; here, whenever the capacity has changed."""
    if group.refused_at != call.world.capacity.generation:
        settle(call, group, "")


def resplit(call: Call, group: Group, reason: str) -> None:
    """Replace instances until On-Demand and Spot are split as the policy says: the new one first.

    It is what a change of the split does on AWS, under whoever works there. Scale-in protection
    keeps an instance here; AWS does not say. [D ec2-auto-scaling-mixed-instances-groups]
    """
    if not (_may(group, "Launch") and _may(group, "Terminate")):
        return
    wanted = [_market(group, place) for place in range(len(group.members))]
    for member in list(group.members):
        if member.market in wanted:
            wanted.remove(member.market)
        elif not member.protected:
            group.members.remove(member)
            launched = _grow(call, group, reason)
            group.members.insert(0, member)
            if launched:
                _shrink(call, group, member, reason)


def _may(group: Group, process: str) -> bool:
    return process not in group.suspended


def _now(call: Call) -> str:
    return call.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _grow(call: Call, group: Group, reason: str) -> bool:
    have = len(group.members)
    cause = reason + (
        f"At {_now(call)} an instance was started in response to a difference between desired "
        f"and actual capacity, increasing the capacity from {have} to {have + 1}."
    )
    market = _market(group, have)
    try:
        template, version = template_of(call, group.specification)
        pools = list(_pools(call, group, version, market))
        instance_type, zone, subnet_id = _choose(call, pools, market)
        tags = {key: tag["Value"] for key, tag in group.tags.items() if tag["PropagateAtLaunch"]}
        own = {
            "aws:autoscaling:groupName": group.name,
            **instances.launch_template_tags(template.id, version.number),
        }
        instance = instances.launch(
            call, version.data, instance_type, subnet_id, market, {**tags, **own}
        )
    except AwsError as error:
        text = "Launching a new EC2 instance.  Status Reason: " + error.message
        record(call, group, text, cause, status="Failed", message=error.message)
        return False
    subnet = subnet_of(call, subnet_id)
    group.members.append(
        Member(
            instance.id,
            instance_type,
            zone,
            subnet.availability_zone_id,
            instance.image_id,
            _used(template, version),
            market,
            bool(group.fields["NewInstancesProtectedFromScaleIn"]),
        )
    )
    text = f"Launching a new EC2 instance: {instance.id}"
    record(call, group, text, cause, {"Subnet ID": subnet_id, "Availability Zone": zone})
    return True


def _used(template: Template, version: Version) -> Wire:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(version.number),
    }


def _market(group: Group, have: int) -> Market:
    """The market of the next instance: the On-Demand base first, then by the percentage."""
    if not group.policy:
        return "on-demand"
    distribution = group.policy["InstancesDistribution"]
    base = int(distribution["OnDemandBaseCapacity"])
    percent = int(distribution["OnDemandPercentageAboveBaseCapacity"])
    above = max(have + 1 - base, 0)
    wanted = min(have + 1, base) + -(-above * percent // 100)
    before = min(have, base) + -(-max(have - base, 0) * percent // 100)
    return "on-demand" if wanted > before else "spot"


Pool = tuple[str, str, str]


def _pools(call: Call, group: Group, version: Version, market: Market) -> Iterator[Pool]:
    """The pools to try, best first: (type, zone, subnet)."""
    subnets = group.subnets or _default_subnets(call, group)
    zones = {each: str(subnet_of(call, each).availability_zone) for each in subnets}
    pools = [
        (instance_type, zone, subnet_id)
        for instance_type in _types(call, group, version, market)
        for subnet_id, zone in zones.items()
    ]
    strategy = group.policy.get("InstancesDistribution", {}).get("OnDemandAllocationStrategy")
    if market == "on-demand" and strategy != "lowest-price":
        yield from pools  # in the order they were written
    else:
        yield from sorted(
            pools, key=lambda pool: (instances.pool_price(pool[0], pool[1], market), pool)
        )


def _default_subnets(call: Call, group: Group) -> list[str]:
    return [
        str(subnet.id)
        for subnet in call.ec2.describe_subnets()
        if subnet.default_for_az and subnet.availability_zone in group.fields["AvailabilityZones"]
    ]


def _types(call: Call, group: Group, version: Version, market: Market) -> list[str]:
    requirements = [each.get("InstanceRequirements") for each in group.overrides]
    explicit = [each["InstanceType"] for each in group.overrides if "InstanceType" in each]
    if explicit:
        return explicit
    if not group.overrides:
        if version.data.get("InstanceType"):
            return [str(version.data["InstanceType"])]
        requirements = [version.data.get("InstanceRequirements")]
    image = instances.image_of(call, version.data["ImageId"])
    found: dict[str, None] = {}
    for wanted in requirements:
        if wanted:
            types = select(wanted, call.region, architectures_of(image), ["hvm"])
            found.update(dict.fromkeys(_affordable(wanted, types, call.region, market)))
    return list(found)


def _affordable(wanted: Wire, types: list[str], region: str, market: Market) -> list[str]:
    """Price protection: what is too dear beside the cheapest type is dropped without a word.

    On-Demand that is 20 % unless told otherwise; Spot has no fixed limit unless given one, and
    999999 lifts either. AWS compares with the cheapest C, M or R type that has the attributes;
    with a GPU among them there is none, and it is the cheapest match. [M InstanceRequirements]
    """
    cost = {each: prices.on_demand(each, region, vcpus(each)) for each in types}
    lowest = min((cost[each] for each in types if current(each)), default=0.0)
    lowest = lowest or min(cost.values(), default=0.0)
    if market == "on-demand":
        percent = wanted.get("OnDemandMaxPricePercentageOverLowestPrice", 20)
        return [each for each in types if cost[each] <= lowest * (1 + percent / 100)]
    over = wanted.get("SpotMaxPricePercentageOverLowestPrice")
    share = wanted.get("MaxSpotPriceAsPercentageOfOptimalOnDemandPrice")
    spots = {each: prices.spot(each, f"{region}a", vcpus(each)) for each in types}
    if over is not None:
        most = min(spots.values(), default=0.0) * (1 + over / 100)
    elif share is not None:
        most = lowest * share / 100
    else:
        return types
    return [each for each in types if spots[each] <= most]


def _choose(call: Call, pools: list[Pool], market: Market) -> Pool:
    real = [pool for pool in pools if offered(pool[0], pool[1])]
    for pool in real:
        if instances.available(call, pool[0], pool[1], market):
            return pool
    if pools and not real:
        word = "Spot" if market == "spot" else "On-Demand"
        text = NOT_OFFERED.format(market=word, type=pools[0][0], zone=pools[0][1])
        raise AwsError("InvalidFleetConfiguration", text)
    raise AwsError("UnfulfillableCapacity", SHORT[market])


def _shrink(call: Call, group: Group, member: Member, reason: str) -> None:
    have = len(group.members)
    cause = reason + (
        f"At {_now(call)} an instance was taken out of service in response to a difference "
        f"between desired and actual capacity, shrinking the capacity from {have} to {have - 1}.  "
        f"At {_now(call)} instance {member.id} was selected for termination."
    )
    drop(call, group, member, cause)


def drop(call: Call, group: Group, member: Member, cause: str) -> Wire:
    """Terminate one instance of the group, and say why."""
    group.members.remove(member)
    call.ec2.terminate_instances([member.id])
    details = {"Availability Zone": member.zone}
    return record(call, group, f"Terminating EC2 instance: {member.id}", cause, details)


def record(
    call: Call,
    group: Group,
    description: str,
    cause: str,
    details: dict[str, str] | None = None,
    status: str = "Successful",
    message: str | None = None,
) -> Wire:
    """Note an activity; the newest comes first, as DescribeScalingActivities shows them."""
    quoted = ",".join(f'"{key}":"{value}"' for key, value in (details or {}).items())
    now = call.world.now()
    activity = {
        "ActivityId": request_id(),
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": description,
        "Cause": cause,
        "StartTime": now,
        "EndTime": now,
        "StatusCode": status,
        "StatusMessage": message[:255] if message else None,
        "Progress": 100,
        "Details": "{" + quoted + "}",
    }
    group.activities.insert(0, activity)
    return activity


def _lost(call: Call, ids: list[str], why: str, terminate: bool) -> None:
    for group in call.state(Groups).by_name.values():
        lost = [member for member in group.members if member.id in ids]
        for member in lost:
            cause = f"At {_now(call)} an instance was taken out of service in response to {why}"
            if terminate:
                drop(call, group, member, cause)
            else:
                group.members.remove(member)
                details = {"Availability Zone": member.zone}
                text = f"Terminating EC2 instance: {member.id}"
                record(call, group, text, cause, details)
        if lost and _may(group, "ReplaceUnhealthy"):
            settle(call, group, "")


def _terminated(call: Call, ids: list[str]) -> None:
    why = "an EC2 health check indicating it has been terminated or stopped."
    _lost(call, ids, why, terminate=False)


def _stopped(call: Call, ids: list[str]) -> None:
    why = "an EC2 health check indicating it has been terminated or stopped."
    for group in call.state(Groups).by_name.values():
        if {"HealthCheck", "ReplaceUnhealthy"} & group.suspended:
            ids = [each for each in ids if each not in {member.id for member in group.members}]
    _lost(call, ids, why, terminate=True)


instances.ON_TERMINATED.append(_terminated)
instances.ON_STOPPED.append(_stopped)
