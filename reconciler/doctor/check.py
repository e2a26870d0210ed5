"""What a check is handed, and what it finds.

A check is a function of a `View` that yields what it `Found`; it lets a failed read of AWS fly:
whoever runs it makes "unknown" of that, never "fine".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.aws_api import Aws
from reconciler.declare.fleet import FileSystem, Site, Workstation
from reconciler.errors import AwsError, Denied, RegionRefused, Throttled, Unreachable, Where
from reconciler.plan.lookups import Lookups
from reconciler.plan.model import Finding
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import Blocked, Missing, ResolvedWorkstation

READ_FAILED = frozenset(
    kind.code for kind in (AwsError, Denied, RegionRefused, Throttled, Unreachable)
)
"""Codes of what could not be read, beside what was read and is not there."""

POLICY = "`reconcile iam --role plan` prints the whole policy"


class Level(StrEnum):
    """The level of a finding."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """One finding: its level, and what to do about it. The examiner adds the rest."""

    level: Level
    message: str
    fix: str = ""
    workstations: tuple[str, ...] = ()  # those it holds back; () when it is nobody's in particular
    where: Where | None = None
    check: str = ""
    region: str = ""  # "" for the account as a whole


@dataclass(frozen=True)
class TypeFacts:
    """One instance type, as far as quotas and images go."""

    vcpus: int
    architectures: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """A region as the checks see it; for the account as a whole, all regions with one client."""

    site: Site
    aws: Aws
    lookups: Lookups
    workstations: tuple[Workstation, ...]
    file_systems: tuple[FileSystem, ...]  # shared ones and homes
    resolved: tuple[ResolvedWorkstation, ...]
    blocked: tuple[Blocked, ...]
    findings: tuple[Finding, ...]  # what was found out on the way, and holds up nobody
    pools: Mapping[str, Pools | Missing]  # by workstation
    types: Mapping[str, TypeFacts] | Missing  # every type of `pools`
    now: datetime  # by AWS's clock
    ahead: timedelta  # AWS's clock before ours

    def matching(self, name: str) -> tuple[str, ...]:
        """List the instance types that a workstation may start as; none when they could not be
        read."""
        pools = self.pools.get(name)
        if not isinstance(pools, Pools):
            return ()
        return tuple(sorted({type_name for types in pools.by_zone.values() for type_name in types}))


Check = Callable[[View], Iterator[Found]]


def lacking(
    missing: Missing, fix: str, workstations: Iterable[str] = (), where: Where | None = None
) -> Found:
    """Report a failed lookup: an error for a thing that is missing, unknown for one that could
    not be read."""
    problem, _, advice = missing.reason.partition("; ")
    if missing.error in READ_FAILED:
        return Found(Level.UNKNOWN, missing.reason, POLICY, tuple(workstations), where)
    return Found(Level.ERROR, problem, advice or fix, tuple(workstations), where)


def unread(error: AwsError, subject: str = "") -> Found:
    """Report a failed read, with the right to ask for where that right is missing."""
    if isinstance(error, Denied) and not error.advice:
        fix = f"allow {error.action} on {error.resource}: {POLICY}"
    else:
        fix = "run it again; if it stays, look at the network, and at what else calls this account"
    return Found(Level.UNKNOWN, f"{subject} could not be read: {error}".lstrip(), fix)


def names(items: Iterable[str], most: int = 5) -> str:
    """Join names as `alice, bob and 3 more`."""
    listed = list(items)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
