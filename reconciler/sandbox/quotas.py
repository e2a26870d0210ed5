"""EC2's vCPU quotas: what Service Quotas says of them, and what a launch finds of them.

Spot and On-Demand have quotas of their own, per region and group of families, over all instances
that are pending or running. [D ec2-on-demand-instances-limits, using-spot-limits]
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.sandbox import failures
from reconciler.sandbox.capacity import Market
from reconciler.sandbox.failures import Failure
from reconciler.sandbox.instance_types import vcpus
from reconciler.sandbox.operations import AwsError, Call, Wire, operation, page
from reconciler.sandbox.world import ACCOUNT, World

SERVICE = "service-quotas"
COUNTED = ("pending", "running")


@dataclass(frozen=True)
class Quota:
    """One quota, in vCPUs."""

    code: str
    name: str
    market: Market
    classes: str
    """The letters that its families begin with."""
    default: int
    """What AWS gives a new account."""
    applied: int
    """What the account of the sandbox has: it is no new one."""


NAMES = "Standard (A, C, D, H, I, M, R, T, Z)"
QUOTAS = (
    Quota("L-1216C47A", f"Running On-Demand {NAMES} instances", "on-demand", "acdhimrtz", 5, 4096),
    Quota("L-34B43A08", f"All {NAMES} Spot Instance Requests", "spot", "acdhimrtz", 5, 4096),
    Quota("L-DB2E81BA", "Running On-Demand G and VT instances", "on-demand", "gv", 0, 8192),
    Quota("L-3819A6DF", "All G and VT Spot Instance Requests", "spot", "gv", 0, 8192),
    Quota("L-417A185B", "Running On-Demand P instances", "on-demand", "p", 0, 1152),
    Quota("L-7212CCBC", "All P Spot Instance Requests", "spot", "p", 0, 1152),
)
# Families that have quotas of their own, though they begin with the letter of another.
APART = frozenset({"dl", "hpc", "inf", "mac", "trn"})


@dataclass
class Applied:
    """A region's quotas that were changed, by code. None: never applied to this account."""

    values: dict[str, int | None] = field(default_factory=dict)


def change(world: World, region: str, code: str, value: int | None) -> Quota:
    """Give the account another quota; groups that were refused ask again.

    None: as if it had never been applied, so that AWS's default counts. Raises: ValueError for a
    code that is not here, or less than nothing.
    """
    quota = next((each for each in QUOTAS if each.code == code), None)
    if quota is None:
        known = ", ".join(f"{each.code} ({each.name})" for each in QUOTAS)
        raise ValueError(f"there is no quota {code}; there are {known}")
    if value is not None and value < 0:
        raise ValueError(f"a quota is 0 or more vCPUs, not {value}")
    world.state(Applied, region).values[code] = value
    world.capacity.generation += 1
    return quota


def limit(world: World, region: str, quota: Quota) -> int:
    """How many vCPUs the account may run in this region."""
    value = world.state(Applied, region).values.get(quota.code, quota.applied)
    return quota.default if value is None else value


@functools.cache
def quota_of(instance_type: str, market: Market) -> Quota | None:
    """The quota that counts a type, or None where there is no such quota here."""
    letters = re.match(r"[a-z]*", instance_type)
    family = letters[0] if letters else ""
    if not family or family in APART:
        return None
    found = (each for each in QUOTAS if each.market == market and family[0] in each.classes)
    return next(found, None)


def used(world: World, region: str, quota: Quota) -> int:
    """The vCPUs that count against a quota now."""
    return sum(
        vcpus(instance.instance_type)
        for reservation in world.ec2(region).reservations.values()
        for instance in reservation.instances  # all_instances copies each
        if instance.state in COUNTED
        and quota_of(instance.instance_type, _market(instance.lifecycle)) is quota
    )


def _market(lifecycle: str | None) -> Market:
    return "spot" if lifecycle == "spot" else "on-demand"


class Room:
    """What the quotas leave in one region, counted once: it is for one launch."""

    def __init__(self, world: World, region: str) -> None:
        self._world, self._region = world, region
        self._used: dict[Quota, int] = {}

    def refusal(self, instance_type: str, market: Market, count: int = 1) -> Failure | None:
        """Why the quota does not allow so many instances more, or None if it does."""
        quota = quota_of(instance_type, market)
        if quota is None:
            return None
        if quota not in self._used:
            self._used[quota] = used(self._world, self._region, quota)
        most = limit(self._world, self._region, quota)
        if self._used[quota] + count * vcpus(instance_type) <= most:
            return None
        return failures.SPOT_QUOTA if market == "spot" else failures.vcpu_limit(most)


def view(call: Call, quota: Quota, value: int) -> Wire:
    """A quota as Service Quotas shows it. [M service-quotas.ServiceQuota]"""
    arn = f"arn:aws:servicequotas:{call.region}:{ACCOUNT}:ec2/{quota.code}"
    return {
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaArn": arn,
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _missing() -> AwsError:
    text = "The request failed because the specified service or quota does not exist."
    return AwsError("NoSuchResourceException", text)


def _named(call: Call) -> Quota:
    for quota in QUOTAS:
        if call.params["ServiceCode"] == "ec2" and call.params["QuotaCode"] == quota.code:
            return quota
    raise _missing()


@operation(SERVICE, "GetServiceQuota")
def get(call: Call) -> Wire:
    """Moto knows the quotas of VPCs alone. One that was never applied is not there on AWS."""
    quota = _named(call)
    if call.state(Applied).values.get(quota.code, quota.applied) is None:
        raise _missing()
    return {"Quota": view(call, quota, limit(call.world, call.region, quota))}


@operation(SERVICE, "GetAWSDefaultServiceQuota")
def get_default(call: Call) -> Wire:
    """What a new account has."""
    quota = _named(call)
    return {"Quota": view(call, quota, quota.default)}


@operation(SERVICE, "ListServiceQuotas")
def list_applied(call: Call) -> Wire:
    """EC2's, page by page; ``QuotaCode`` picks one."""
    applied = call.state(Applied).values
    code = call.params.get("QuotaCode")
    return _page(
        call,
        (
            view(call, quota, limit(call.world, call.region, quota))
            for quota in QUOTAS
            if code in (None, quota.code) and applied.get(quota.code, quota.applied) is not None
        ),
    )


@operation(SERVICE, "ListAWSDefaultServiceQuotas")
def list_defaults(call: Call) -> Wire:
    """The same of a new account."""
    return _page(call, (view(call, quota, quota.default) for quota in QUOTAS))


def _page(call: Call, rows: Iterable[Wire]) -> Wire:
    if call.params["ServiceCode"] != "ec2":
        raise _missing()
    size = int(call.params.get("MaxResults", 100))
    shown, token = page(rows, size, call.params.get("NextToken"))
    return {"Quotas": shown, "NextToken": token}
