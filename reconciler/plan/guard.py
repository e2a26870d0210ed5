"""What must not pass without a person: pure functions over the plan (promise 7).

A guard blocks one workstation's rows, or stops the whole run and names the option that lets
exactly this plan through.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.declare.fleet import LustreFileSystem
from reconciler.plan.model import (
    Change,
    Finding,
    Impact,
    Key,
    Level,
    Op,
    Outcome,
    Plan,
)
from reconciler.plan.resolve import Missing, ResolvedWorkstation

FEWEST_POOLS = 2
FEW_POOLS = 8
"""Below the first a Spot workstation is refused, below the second it gets a warning: with few
pools (instance type × zone) a shortage of one is a morning without a machine."""


@dataclass(frozen=True)
class Pools:
    """The instance types that match, by zone."""

    by_zone: Mapping[str, tuple[str, ...]]

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
    return ", ".join(map(_family, sizes.items())) or "none"


def _family(item: tuple[str, list[str]]) -> str:
    family, sizes = item
    if len(sizes) == 1:
        return f"{family}.{sizes[0]}"
    # "xlarge" before "2xlarge" before "12xlarge"; "metal" last
    ordered = sorted(sizes, key=lambda s: (s == "metal", len(s), s))
    return f"{family}.{{{','.join(ordered)}}}"


@dataclass(frozen=True)
class Guarded:
    """The plan with guarded rows blocked, and what to tell."""

    plan: Plan
    findings: tuple[Finding, ...]


def check(
    plan: Plan,
    workstations: Iterable[ResolvedWorkstation],
    pools: Mapping[Key, Pools | Missing],
    live_workstations: int,
    approve: str,
) -> Guarded:
    """Run every guard. `pools` is by the key of the row it is about; `approve` a token or ""."""
    findings: list[Finding] = []
    chosen = {(each.declared.region, each.declared.name): each for each in workstations}
    notes: dict[Key, str] = {}
    refused: dict[tuple[str, str], _Refusal] = {}
    for row in plan.changes:
        place = (row.key.region, row.workstation)
        if place in chosen and row.key in pools and row.key not in notes and place not in refused:
            verdict = _judge(chosen[place], pools[row.key], findings)
            if isinstance(verdict, _Refusal):
                refused[place] = verdict
            else:
                notes[row.key] = verdict
    plan = replace(plan, changes=tuple(_judged(row, notes, refused) for row in plan.changes))
    plan = _recreations(plan, approve, findings)
    findings.extend(_zones(plan, chosen.values()))
    findings.extend(_kept(plan))
    findings.extend(_limits(plan, chosen.keys(), live_workstations, approve))
    return Guarded(plan, tuple(findings))


@dataclass(frozen=True)
class _Refusal:
    """Why nothing of a workstation is made or changed."""

    reason: str
    error: str


def _judge(
    each: ResolvedWorkstation, found: Pools | Missing, findings: list[Finding]
) -> str | _Refusal:
    """What to note on the row of a workstation's pools, or why the workstation is refused."""
    declared = each.declared
    setting = "instance_types" if declared.instance_types else "gpu"
    where = declared.places[setting]
    if isinstance(found, Missing):
        reason = f"the matching instance types could not be read: {found.reason}"
        findings.append(Finding(Level.ERROR, "pools-unknown", f"{declared.name}: {reason}", where))
        return _Refusal(reason, found.error)
    least = 1 if declared.spot_policy == "on-demand" else FEWEST_POOLS
    if found.count < least:
        reason = (
            f"{found.count} pools (type × zone) match, at least {least} needed: "
            f"widen {setting}, or add zones ({found})"
        )
        findings.append(Finding(Level.ERROR, "too-few-pools", f"{declared.name}: {reason}", where))
        return _Refusal(reason, "too-few-pools")
    if found.count < FEW_POOLS and declared.spot_policy != "on-demand":
        message = (
            f"{declared.name}: only {found.count} Spot pools (type × zone) match; "
            f"{FEW_POOLS} or more make a start likely: widen {setting}, or add zones"
        )
        findings.append(Finding(Level.WARNING, "few-spot-pools", message, where))
    # The preview cannot weigh prices: see aws/pools.py.
    before = "" if declared.instance_types else " before price protection"
    return f"matches{before} {found}"


def _judged(
    row: Change, notes: Mapping[Key, str], refused: Mapping[tuple[str, str], _Refusal]
) -> Change:
    """A row with its verdict; removals go on."""
    refusal = refused.get((row.key.region, row.workstation))
    if refusal and row.outcome is Outcome.PLANNED and row.op is not Op.DELETE:
        return replace(row, outcome=Outcome.BLOCKED, reason=refusal.reason, error=refusal.error)
    return replace(row, notes=(*row.notes, notes[row.key])) if row.key in notes else row


def _recreations(plan: Plan, approve: str, findings: list[Finding]) -> Plan:
    """Data that was there and is gone is not made anew, empty, in silence."""
    changes = list(plan.changes)
    for index, row in enumerate(changes):
        if row.op is not Op.CREATE or row.impact is not Impact.DATA:
            continue
        token = approval([row])
        if approve == token or row.outcome is not Outcome.PLANNED:
            continue
        reason = (
            f"{row.key} was in use and is gone; restore it from a backup, or accept a new, "
            f"empty one with --approve {token}"
        )
        findings.append(Finding(Level.ERROR, "data-missing", reason, row.where))
        changes[index] = replace(row, outcome=Outcome.BLOCKED, reason=reason, error="data-missing")
    return replace(plan, changes=tuple(changes))


def _zones(plan: Plan, workstations: Iterable[ResolvedWorkstation]) -> Iterable[Finding]:
    """Lustre in one zone, instances in several: AWS bills the traffic between."""
    changing = {(change.key.region, change.workstation) for change in plan.changes}
    for each in workstations:
        declared = each.declared
        if (declared.region, declared.name) not in changing:
            continue
        zones = {subnet.availability_zone for subnet in each.subnets}
        lustre = bool(declared.mounts) or isinstance(declared.home, LustreFileSystem)
        if lustre and len(zones) > 1:
            yield Finding(
                Level.INFO,
                "cross-zone-traffic",
                f"{declared.name}: Lustre stands in one zone, instances may start in "
                f"{len(zones)}; traffic between zones costs about $0.01 per GB each way",
                declared.places["availability_zones"],
            )


def _kept(plan: Plan) -> Iterable[Finding]:
    for live in plan.kept:
        cost = f", {live.monthly_cost}" if live.monthly_cost else ""
        yield Finding(
            Level.WARNING,
            "data-kept",
            f"{live.key} ({live.attrs['id']}) is declared nowhere; its data stays{cost}",
        )


def _limits(
    plan: Plan, declared: Collection[tuple[str, str]], live_workstations: int, approve: str
) -> Iterable[Finding]:
    """More than max(1, 10 %) of the workstations removed or disturbed at once.

    One that is still declared here (region, name) is not removed, though a schedule of it may be.
    """
    limit = max(1, live_workstations // 10)
    planned = [change for change in plan.changes if change.outcome is Outcome.PLANNED]
    removed = [
        change
        for change in planned
        if change.op is Op.DELETE and (change.key.region, change.workstation) not in declared
    ]
    disturbed = [change for change in planned if change.impact is Impact.DISRUPTIVE]
    for code, what, rows in (
        ("many-removals", "removed", removed),
        ("many-disruptions", "disturbed", disturbed),
    ):
        touched = sorted({(row.key.region, row.workstation or row.key.name) for row in rows})
        if len(touched) <= limit:
            continue
        token = approval(removed + disturbed)
        if approve == token:
            continue
        names = ", ".join(name for _, name in touched[:5]) + (", …" if len(touched) > 5 else "")
        stale = f" (the token {approve} is of another plan)" if approve else ""
        yield Finding(
            Level.ERROR,
            code,
            f"{len(touched)} of {live_workstations} workstations would be {what} at once "
            f"({names}), more than {limit}: nothing is done. If that is meant, run again with "
            f"--approve {token}{stale}",
            stops_run=True,
        )


def approval(rows: Iterable[Change]) -> str:
    """The token of exactly these rows."""
    lines = sorted(
        f"{row.op} {row.key.region} {row.key} {row.fields} {row.instead_of}" for row in rows
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]
