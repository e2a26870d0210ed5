"""Spot pools: how many instance types, in how many zones, a workstation can start on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.plan.model import Finding, Level
from reconciler.plan.resolve import Missing, ResolvedWorkstation

FEWEST_POOLS = 2
FEW_POOLS = 8
"""Below the first a Spot workstation is refused, below the second it gets a warning: with few
pools (instance type × zone) a shortage of one is a morning without a machine."""


MOST_FAMILIES = 20
"""Families told of a need: one that names no GPU matches some two hundred."""


@dataclass(frozen=True)
class Pools:
    """The instance types that match, by zone; `absent` are named types that the region lacks."""

    by_zone: Mapping[str, tuple[str, ...]]
    absent: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Pools: type × zone."""
        return sum(map(len, self.by_zone.values()))

    def __str__(self) -> str:
        """`us-east-1a, us-east-1b: g5.{xlarge,2xlarge}, g6.xlarge; us-east-1c: none`."""
        zones: dict[str, list[str]] = {}
        for zone, types in self.by_zone.items():
            zones.setdefault(_families(types), []).append(zone)
        return "; ".join(f"{', '.join(names)}: {types}" for types, names in zones.items())


def _families(types: Iterable[str]) -> str:
    sizes: dict[str, list[str]] = {}
    for each in types:
        family, _, size = each.partition(".")
        sizes.setdefault(family, []).append(size)
    shown = [_family(item) for item in list(sizes.items())[:MOST_FAMILIES]]
    more = len(sizes) - len(shown)
    return ", ".join([*shown, f"and {more} more families"] if more else shown) or "none"


def _family(item: tuple[str, list[str]]) -> str:
    family, sizes = item
    if len(sizes) == 1:
        return f"{family}.{sizes[0]}"
    # "xlarge" before "2xlarge" before "12xlarge"; "metal" last
    ordered = sorted(sizes, key=lambda s: (s == "metal", len(s), s))
    return f"{family}.{{{','.join(ordered)}}}"


@dataclass(frozen=True)
class Refusal:
    """Why nothing of a workstation is made or changed."""

    reason: str
    error: str


def judge(
    each: ResolvedWorkstation, found: Pools | Missing, findings: list[Finding]
) -> str | Refusal:
    """What to note on the row of a workstation's pools, or why the workstation is refused."""
    declared = each.declared
    setting = "instance_types" if declared.instance_types else "gpu"
    where = declared.places[setting]
    if isinstance(found, Missing):
        reason = f"the matching instance types could not be read: {found.reason}"
        findings.append(Finding(Level.ERROR, "pools-unknown", f"{declared.name}: {reason}", where))
        return Refusal(reason, found.error)
    if found.absent:  # a misspelt name, or a type of another region: see declare/rules_types.py
        reason = (
            f"AWS offers no {' and no '.join(found.absent)} in {declared.region}: "
            "correct the name, or take it out of `instance_types`"
        )
        findings.append(Finding(Level.ERROR, "no-such-type", f"{declared.name}: {reason}", where))
        return Refusal(reason, "no-such-type")
    least = 1 if declared.spot_policy == "on-demand" else FEWEST_POOLS
    if found.count < least:
        reason = (
            f"{_pools(found.count)}, at least {least} needed: "
            f"widen {setting}, or add zones ({found})"
        )
        findings.append(Finding(Level.ERROR, "too-few-pools", f"{declared.name}: {reason}", where))
        return Refusal(reason, "too-few-pools")
    if found.count < FEW_POOLS and declared.spot_policy != "on-demand":
        message = (
            f"{declared.name}: only {_pools(found.count, 'Spot ')}; "
            f"{FEW_POOLS} or more make a start likely: widen {setting}, or add zones"
        )
        findings.append(Finding(Level.WARNING, "few-spot-pools", message, where))
    # The preview cannot weigh prices: see aws/pools.py.
    before = "" if declared.instance_types else " before price protection"
    return f"matches{before} {found}"


def _pools(count: int, market: str = "") -> str:
    """`1 pool (type × zone) matches`."""
    one = count == 1
    return f"{count} {market}pool{'' if one else 's'} (type × zone) match{'es' if one else ''}"
