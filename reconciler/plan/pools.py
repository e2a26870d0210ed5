"""Spot pools: how many instance types, in how many zones, a workstation can start on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.plan.image_fit import MISMATCH, mismatch
from reconciler.plan.model import Finding, Level
from reconciler.plan.resolve import Missing, ResolvedWorkstation

FEWEST_POOLS = 2
FEW_POOLS = 8
"""Below the first a Spot workstation is refused, below the second it gets a warning: with few
pools (instance type × zone) a shortage of one is a morning without a machine."""


NAMED = 4
"""Instance types that a sentence names: a need that names no GPU matches some two hundred."""


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
        """`6 pools (g6.xlarge, g5.xlarge, g4dn.xlarge in us-east-1a, us-east-1b)`, as declared."""
        return f"{count(self.count)} ({self.where(self.types)})"

    def by_size(self) -> str:
        """Sort the types of a need by size, the smallest first: they have no order of their own."""
        types = sorted(self.types, key=_size)
        return f"{count(self.count)} before price protection ({self.where(types)})"

    def where(self, types: Sequence[str] = ()) -> str:
        """Describe the first few types with their zones, and in what zones differ."""
        types = types or self.types
        zones = [zone for zone, here in self.by_zone.items() if here]
        parts = [f"{_some(types)} in {', '.join(zones)}"] if types else []
        return "; ".join([*parts, *self._differ(types)])

    @property
    def types(self) -> tuple[str, ...]:
        """Every type, in the order of the zone that has most of them."""
        first = max(self.by_zone.values(), key=len, default=())
        return tuple(dict.fromkeys((*first, *(t for here in self.by_zone.values() for t in here))))

    def _differ(self, types: Sequence[str]) -> Iterable[str]:
        """Of each zone that lacks some types, which; of one that has none, that."""
        for zone, here in self.by_zone.items():
            lacking = [each for each in types if each not in here]
            if not here:
                yield f"none in {zone}"
            elif len(lacking) <= NAMED and lacking:
                yield f"{zone} has no {', '.join(lacking)}"
            elif lacking:
                yield f"{zone} has {len(here)} of them"


def _size(instance_type: str) -> tuple[bool, int, str, str]:
    """`xlarge` before `2xlarge` before `12xlarge`; `metal` last."""
    family, _, size = instance_type.partition(".")
    return size.startswith("metal"), len(size), size, family


def count(number: int) -> str:
    """Format a number of pools: `1 pool`, `2 pools`."""
    return f"{number} pool" if number == 1 else f"{number} pools"


def _some(types: Sequence[str]) -> str:
    """`g6.xlarge, g5.xlarge`, or `21 types: g5.xlarge, g6.xlarge, … g6e.16xlarge`."""
    if len(types) <= NAMED + 1:
        return ", ".join(types)
    return f"{len(types)} types: {', '.join(types[: NAMED - 1])}, … {types[-1]}"


@dataclass(frozen=True)
class Refusal:
    """The reason why nothing of a workstation is created or changed."""

    reason: str
    error: str


def judge(
    each: ResolvedWorkstation, found: Pools | Missing, findings: list[Finding]
) -> str | Refusal:
    """Make the note for the row of a workstation's pools, or the refusal of the workstation."""
    declared = each.declared
    setting = "instance_types" if declared.instance_types else "gpu"
    where = declared.places[setting]
    if isinstance(found, Missing):
        reason = f"the matching instance types could not be read: {found.reason}"
        findings.append(Finding(Level.ERROR, "pools-unknown", f"{declared.name}: {reason}", where))
        return Refusal(reason, found.error)
    if found.absent:  # misspelt, or of another region: see declare/check_instance_types.py
        reason = (
            f"AWS offers no {' and no '.join(found.absent)} in {declared.region}: "
            "correct the name, or take it out of `instance_types`"
        )
        findings.append(Finding(Level.ERROR, "no-such-type", f"{declared.name}: {reason}", where))
        return Refusal(reason, "no-such-type")
    if mismatches := mismatch(each.image, found.types):  # of a need: named types were judged before
        reason = (
            f"{mismatches}: take them out "
            "(instance_requirements: {excluded_instance_types: [...]}), or name an image for them"
        )
        findings.append(Finding(Level.ERROR, MISMATCH, f"{declared.name}: {reason}", where))
        return Refusal(reason, MISMATCH)
    least = 1 if declared.spot_policy == "on-demand" else FEWEST_POOLS
    if found.count < least:
        reason = (
            f"{count(found.count)} (type × zone), "
            f"at least {least} needed: widen {setting}, or add zones ({found.where()})"
        )
        findings.append(Finding(Level.ERROR, "too-few-pools", f"{declared.name}: {reason}", where))
        return Refusal(reason, "too-few-pools")
    if found.count < FEW_POOLS and declared.spot_policy != "on-demand":
        message = (
            f"{declared.name}: only {found.count} Spot pools (type × zone) match; "
            f"{FEW_POOLS} or more make a start likely: widen {setting}, or add zones"
        )
        findings.append(Finding(Level.WARNING, "few-spot-pools", message, where))
    # The preview of a need cannot weigh prices: see aws/pools.py.
    return str(found) if declared.instance_types else found.by_size()
