"""Quotas: what Service Quotas says of them, and what a launch finds of them.

Spot and On-Demand have quotas of their own, per region and group of families, over all instances
that are pending or running. [D ec2-on-demand-instances-limits, using-spot-limits]
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from reconciler.sandbox.capacity import Market
from reconciler.sandbox.operations import AwsError, Call, Wire, operation, page
from reconciler.sandbox.services import failures
from reconciler.sandbox.services.failures import Failure
from reconciler.sandbox.services.instance_types import vcpus
from reconciler.sandbox.world import ACCOUNT, World

SERVICE = "service-quotas"
COUNTED = ("pending", "running")


@dataclass(frozen=True)
class Quota:
    """One quota: of EC2 in vCPUs of one market, of FSx in file systems or GiB."""

    code: str
    name: str
    default: int
    """What AWS gives a new account."""
    applied: int
    """What the account of the sandbox has: it is no new one."""
    of: str = ""
    """A pattern of the instance types that it counts."""
    market: Market | None = None
    service: str = "ec2"


# Codes, names and defaults: AWS General Reference, "Amazon EC2 instance type quotas" and "Amazon
# FSx endpoints and quotas". No quota is known for Spot of P6.
STANDARD = r"(a|c|d|h|i|im|is|m|r|t|z)\d"
NAMES = "Standard (A, C, D, H, I, M, R, T, Z)"
QUOTAS = (
    *(
        Quota(code, f"All {name} Spot Instance Requests", default, applied, of, "spot")
        for code, name, default, applied, of in (
            ("L-3819A6DF", "G and VT", 0, 8192, r"(g|gr|vt)\d"),
            ("L-7212CCBC", "P4, P3 and P2", 0, 1152, r"p[234]"),
            ("L-C4BD4855", "P5", 0, 1152, r"p5"),
            ("L-6B0D517C", "Trn", 0, 1152, r"trn\d"),
            ("L-B5D1601B", "Inf", 0, 1152, r"inf\d"),
            ("L-85EED4F7", "DL", 0, 1152, r"dl\d"),
            ("L-88CF9481", "F", 0, 1152, r"f\d"),
            ("L-E3A00192", "X", 0, 1152, r"x\d"),
            ("L-34B43A08", NAMES, 5, 4096, STANDARD),
        )
    ),
    *(
        Quota(code, f"Running On-Demand {name} instances", default, applied, of, "on-demand")
        for code, name, default, applied, of in (
            ("L-DB2E81BA", "G and VT", 0, 8192, r"(g|gr|vt)\d"),
            ("L-417A185B", "P", 0, 1152, r"p\d"),
            ("L-2C3B7624", "Trn", 0, 1152, r"trn\d"),
            ("L-1945791B", "Inf", 0, 1152, r"inf\d"),
            ("L-6E869C2A", "DL", 0, 1152, r"dl\d"),
            ("L-74FC7D96", "F", 0, 1152, r"f\d"),
            ("L-7295265B", "X", 0, 1152, r"x\d"),
            ("L-F7808C92", "HPC", 0, 1152, r"hpc\d"),
            ("L-1216C47A", NAMES, 5, 4096, STANDARD),
        )
    ),
    *(
        Quota(code, f"Lustre {name}", default, default, service="fsx")
        for code, name, default in (
            ("L-9AFA1F09", "Persistent_1 file systems", 100),
            ("L-FD6F2F22", "Persistent_2 file systems", 100),
            ("L-C48231E5", "Scratch file systems", 100),
            ("L-C8640C82", "Persistent_1 storage capacity", 100_800),
            ("L-8F1B9C74", "Persistent_2 storage capacity", 100_800),
            ("L-AD2FC696", "Scratch storage capacity", 100_800),
        )
    ),
)
SERVICES = {"ec2": "Amazon Elastic Compute Cloud (Amazon EC2)", "fsx": "Amazon FSx"}


@dataclass
class Applied:
    """A region's quotas that were changed, by code. None: never applied to this account."""

    values: dict[str, int | None] = field(default_factory=dict)


def change(world: World, region: str, code: str, value: int | None) -> Quota:
    """Give the account another quota; groups that were refused ask again.

    None: as if it had never been applied, so that AWS's default counts. Raises: ValueError for a
    code that is not here, or less than nothing.
    """
    quota = next((quota for quota in QUOTAS if quota.code == code), None)
    if quota is None:
        known = ", ".join(f"{quota.code} ({quota.name})" for quota in QUOTAS)
        raise ValueError(f"there is no quota {code}; there are {known}")
    if value is not None and value < 0:
        raise ValueError(f"a quota is 0 or more, not {value}")
    world.state(Applied, region).values[code] = value
    world.capacity.generation += 1
    return quota


def limit(world: World, region: str, quota: Quota) -> int:
    """Return how many vCPUs the account may run in this region."""
    value = world.state(Applied, region).values.get(quota.code, quota.applied)
    return quota.default if value is None else value


@functools.cache
def quota_of(instance_type: str, market: Market) -> Quota | None:
    """Find the quota that counts a type, or None where there is no such quota here."""
    found = (
        quota for quota in QUOTAS if quota.market == market and re.match(quota.of, instance_type)
    )
    return next(found, None)


def used(world: World, region: str, quota: Quota) -> int:
    """Count the vCPUs that count against a quota now."""
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
    """The vCPUs that the quotas leave in one region, counted once: for one launch."""

    def __init__(self, world: World, region: str) -> None:
        self._world, self._region = world, region
        self._used: dict[Quota, int] = {}

    def refusal(self, instance_type: str, market: Market, count: int = 1) -> Failure | None:
        """Find why the quota does not allow so many instances more, or None if it does."""
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
    """Show a quota as Service Quotas does. [M service-quotas.ServiceQuota]"""
    arn = f"arn:aws:servicequotas:{call.region}:{ACCOUNT}:{quota.service}/{quota.code}"
    return {
        "ServiceCode": quota.service,
        "ServiceName": SERVICES[quota.service],
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
        if (quota.service, quota.code) == (call.params["ServiceCode"], call.params["QuotaCode"]):
            return quota
    raise _missing()


@operation(SERVICE, "GetServiceQuota")
def get(call: Call) -> Wire:
    """Answer GetServiceQuota. Moto has the quotas of VPCs alone. AWS does not have a quota that
    was never applied."""
    quota = _named(call)
    if call.state(Applied).values.get(quota.code, quota.applied) is None:
        raise _missing()
    return {"Quota": view(call, quota, limit(call.world, call.region, quota))}


@operation(SERVICE, "GetAWSDefaultServiceQuota")
def get_default(call: Call) -> Wire:
    """Answer GetAWSDefaultServiceQuota: the quota of a new account."""
    quota = _named(call)
    return {"Quota": view(call, quota, quota.default)}


@operation(SERVICE, "ListServiceQuotas")
def list_applied(call: Call) -> Wire:
    """Answer ListServiceQuotas of a service, page by page; ``QuotaCode`` selects one."""
    applied = call.state(Applied).values
    code = call.params.get("QuotaCode")
    return _page(
        call,
        [
            view(call, quota, limit(call.world, call.region, quota))
            for quota in _of_service(call)
            if code in (None, quota.code) and applied.get(quota.code, quota.applied) is not None
        ],
    )


@operation(SERVICE, "ListAWSDefaultServiceQuotas")
def list_defaults(call: Call) -> Wire:
    """Answer ListAWSDefaultServiceQuotas: the quotas of a new account."""
    return _page(call, [view(call, quota, quota.default) for quota in _of_service(call)])


def _of_service(call: Call) -> list[Quota]:
    found = [quota for quota in QUOTAS if quota.service == call.params["ServiceCode"]]
    if not found:
        raise _missing()
    return found


def _page(call: Call, rows: list[Wire]) -> Wire:
    size = int(call.params.get("MaxResults", 100))
    shown, token = page(rows, size, call.params.get("NextToken"))
    return {"Quotas": shown, "NextToken": token}
