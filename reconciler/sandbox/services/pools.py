"""The pools an instance can come from: which there are, in which order, and which one gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reconciler.sandbox.capacity import Market
from reconciler.sandbox.operations import AwsError, Call, Wire
from reconciler.sandbox.services import instances, prices, quotas
from reconciler.sandbox.services.failures import NOT_OFFERED, Failure, price_too_low
from reconciler.sandbox.services.groups import Group, subnet_of
from reconciler.sandbox.services.instance_types import (
    architectures_of,
    current,
    offered,
    select,
    vcpus,
)
from reconciler.sandbox.services.launch_templates import Version


class Pool(NamedTuple):
    """The source of an instance: its type, its zone and a subnet there."""

    type: str
    zone: str
    subnet: str


class Refused(Exception):
    """A launch that was refused, in the best of its pools."""

    def __init__(self, failure: Failure, pool: Pool) -> None:
        super().__init__(failure.text)
        self.failure, self.pool = failure, pool


def market_of(group: Group, have: int) -> Market:
    """Choose the market of the next instance: the On-Demand base first, then by the percentage."""
    if not group.policy:
        return "on-demand"
    distribution = group.policy["InstancesDistribution"]
    base = int(distribution["OnDemandBaseCapacity"])
    percent = int(distribution["OnDemandPercentageAboveBaseCapacity"])
    above = max(have + 1 - base, 0)
    wanted = min(have + 1, base) + -(-above * percent // 100)
    before = min(have, base) + -(-max(have - base, 0) * percent // 100)
    return "on-demand" if wanted > before else "spot"


def pools_of(call: Call, group: Group, version: Version, market: Market) -> Iterator[Pool]:
    """List the pools to try, best first."""
    subnets = group.subnets or _default_subnets(call, group)
    zones = {subnet: str(subnet_of(call, subnet).availability_zone) for subnet in subnets}
    pools = [
        Pool(instance_type, zone, subnet_id)
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
    requirements = [override.get("InstanceRequirements") for override in group.overrides]
    explicit = [
        override["InstanceType"] for override in group.overrides if "InstanceType" in override
    ]
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

    On-Demand that is 20 % by default; Spot has no fixed limit unless given one, and
    999999 lifts either. AWS compares with the cheapest C, M or R type that has the attributes;
    with a GPU among them there is none, and it is the cheapest match. [M InstanceRequirements]
    """
    cost = {type_name: prices.on_demand(type_name, region, vcpus(type_name)) for type_name in types}
    lowest = min((cost[type_name] for type_name in types if current(type_name)), default=0.0)
    lowest = lowest or min(cost.values(), default=0.0)
    if market == "on-demand":
        percent = wanted.get("OnDemandMaxPricePercentageOverLowestPrice", 20)
        return [type_name for type_name in types if cost[type_name] <= lowest * (1 + percent / 100)]
    over = wanted.get("SpotMaxPricePercentageOverLowestPrice")
    share = wanted.get("MaxSpotPriceAsPercentageOfOptimalOnDemandPrice")
    spot_prices = {
        type_name: prices.spot(type_name, f"{region}a", vcpus(type_name)) for type_name in types
    }
    if over is not None:
        most = min(spot_prices.values(), default=0.0) * (1 + over / 100)
    elif share is not None:
        most = lowest * share / 100
    else:
        return types
    return [type_name for type_name in types if spot_prices[type_name] <= most]


def choose(call: Call, group: Group, pools: list[Pool], market: Market) -> Pool:
    """Choose the first pool that can launch an instance.

    Raises: Refused with what the best of those that are offered at all says.
    """
    if not pools:
        text = "No instance types match the instance requirements in the Auto Scaling group."
        raise AwsError("InvalidFleetConfiguration", text)
    refused: list[Refused] = []
    room = quotas.Room(call.world, call.region)
    for pool in pools:
        failure = _refusal(call, group, room, pool, market)
        if failure is None:
            return pool
        refused.append(Refused(failure, pool))
    raise next(
        (refusal for refusal in refused if refusal.failure.code != NOT_OFFERED.code), refused[0]
    )


def _refusal(
    call: Call, group: Group, room: quotas.Room, pool: Pool, market: Market
) -> Failure | None:
    instance_type, zone, _ = pool
    if not offered(instance_type, zone):
        return NOT_OFFERED.of(instance_type, zone)
    offer = group.policy.get("InstancesDistribution", {}).get("SpotMaxPrice")
    if market == "spot" and offer:
        price = instances.pool_price(instance_type, zone, market)
        if float(offer) < price:
            return price_too_low(float(offer), price)
    over = room.refusal(instance_type, market)
    return over or call.world.capacity.refusal(instance_type, zone, market)
