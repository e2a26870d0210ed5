"""Read everything a plan needs, side by side: what the declaration names, and what is there.

The reads of all regions, services and kinds overlap. A task waits only for tasks submitted
before it, so any executor will do, of any number of threads or none: the declaration's own side
waits for the lookups, and the kind whose names prove their content, through `Scope.expected`,
for that side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Protocol

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Image, Site
from reconciler.errors import AwsError
from reconciler.plan.kind import Kind, LooksUp, Scope
from reconciler.plan.live import Reading, Readings, index
from reconciler.plan.model import SUBNETS, Desired, Finding, Live, Unknown
from reconciler.plan.pinning import Pinned, pin
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import (
    Facts,
    ImageFacts,
    Missing,
    ResolvedSite,
    ResolvedWorkstation,
    Subnet,
    keys_of,
)
from reconciler.plan.resolving import Stands, resolve

READERS = 24
"""Threads that read: a region has some fifteen reads to make, and two regions are common."""


class Lookups(Protocol):
    """Reads of what a declaration names; `reconciler.aws.lookup` is one."""

    def subnets(self, aws: Aws) -> tuple[Subnet, ...] | Missing:
        """Every subnet of a region."""

    def images(self, aws: Aws, wanted: Iterable[Image]) -> Mapping[str, ImageFacts | Missing]:
        """Each image, by `str(image)`."""

    def template_image(self, aws: Aws, template_id: str, version: str) -> str | Missing:
        """What a version of a launch template boots."""

    def instance_profiles(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """ARNs by name."""

    def roles(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """ARNs by name."""

    def keys(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """ARNs of KMS keys, by what they are declared as."""

    def pools(
        self, aws: Aws, workstations: Iterable[ResolvedWorkstation]
    ) -> Mapping[str, Pools | Missing]:
        """Spot pools of one region, by workstation name."""


class Ruling(Protocol):
    """What runtime makes of the declared shape; `reconciler.power.ruling` is one."""

    def __call__(
        self,
        seen: Seen,
        doors: Mapping[str, Aws],
        now: datetime,
        pool: Callable[[int], Executor],
        /,
    ) -> Ruled:
        """Reads where there is a question; never raises an AwsError."""


def as_declared(
    seen: Seen,
    _doors: Mapping[str, Aws],
    _now: datetime,
    _pool: Callable[[int], Executor],
    /,
) -> Ruled:
    """No runtime: what is declared is what is wanted."""
    return Ruled(seen.desired)


@dataclass(frozen=True)
class Cloud:
    """Everything a run is handed: who we are, the doors, what to read, the kinds, the count.

    `pool` makes the executor for so many tasks at once; `now` is AWS's clock, in UTC.
    """

    account: str
    reader: Callable[[str], Aws]  # by region; answers a repeated read of one run from memory
    writer: Callable[[str], Aws]  # by region
    lookups: Lookups
    kinds: tuple[Kind, ...]
    calls: Callable[[], Mapping[str, int]]
    pool: Callable[[int], Executor] = ThreadPoolExecutor
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    rule: Ruling = as_declared
    homes: tuple[str, ...] = ()  # kinds that tell where homes stand, which places workstations
    drift_only: bool = False  # what is new behind an unchanged declaration is left as it is


@dataclass(frozen=True)
class Seen:
    """Both sides, ready to be compared."""

    resolved: ResolvedSite
    desired: tuple[Desired, ...]
    readings: Readings
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Ruled:
    """The wanted side as runtime has it now, and what to tell of that."""

    desired: tuple[Desired, ...]
    findings: tuple[Finding, ...] = ()


def read(site: Site, cloud: Cloud, doors: Mapping[str, Aws]) -> Seen:
    """Read both sides in all regions. `doors` are by region.

    Raises: UsageError when the credentials end; a failed read of AWS is an `Unknown` instead.
    """
    with cloud.pool(READERS) as pool:
        lookups = _Asked(site, cloud.lookups, doors, pool)
        bare = Scope(site.name, cloud.now(), site.ignore_tags)
        placing = {
            (kind.NAME, region): pool.submit(_find, kind, door, bare)
            for kind in cloud.kinds
            if _is_first(kind, cloud)
            for region, door in doors.items()
        }

        def resolved_with_desired() -> tuple[Pinned, ResolvedSite, tuple[Desired, ...]]:
            homes = {key: it.result() for key, it in placing.items() if key[0] in cloud.homes}
            facts, stands = lookups.facts(), cache(lambda: _stands(placing))
            join = partial(resolve, site, facts, cloud.now(), index(homes).zones, stands)
            resolved, pinned = join(), Pinned({})
            if cloud.drift_only:
                first = {key: it.result() for key, it in placing.items()}
                pinned = pin(resolved, facts, first, cloud.kinds, images, earlier)
                resolved = join(pinned.pins)
            return pinned, *_wanted(resolved, cloud.kinds, bare)

        def images(region: str, wanted: Iterable[Image]) -> Mapping[str, ImageFacts | Missing]:
            return cloud.lookups.images(doors[region], wanted)

        def earlier(live: Live, version: str) -> str | Missing:
            return cloud.lookups.template_image(doors[live.key.region], live.attrs["id"], version)

        wanted = pool.submit(resolved_with_desired)
        scope = replace(
            bare, expected=lambda: frozenset(it.proof for it in wanted.result()[2] if it.proof)
        )
        finds = {
            (kind.NAME, region): pool.submit(_find, kind, door, scope)
            for kind in cloud.kinds
            for region, door in doors.items()
            if (kind.NAME, region) not in placing
        }
        pinned, resolved, desired = wanted.result()
        readings = {key: found.result() for key, found in (placing | finds).items()}
    return Seen(resolved, desired, readings, pinned.findings)


def _is_first(kind: Kind, cloud: Cloud) -> bool:
    """Whether the declared side may wait for this kind: for homes, and for what stands."""
    applied = cloud.drift_only and isinstance(kind, LooksUp)
    return kind.NAME in cloud.homes or kind.HOLDS_INSTANCES or applied


def _stands(found: Mapping[tuple[str, str], Future[Reading]]) -> Stands:
    """Where each workstation stands that has something an instance runs in."""
    return {
        (live.key.region, live.workstation): tuple(filter(None, subnets.split(",")))
        for each in found.values()
        if not isinstance(reading := each.result(), Unknown)
        for live in reading
        if live.owned and (subnets := live.attrs.get(SUBNETS)) is not None
    }


def _wanted(
    resolved: ResolvedSite, kinds: Iterable[Kind], scope: Scope
) -> tuple[ResolvedSite, tuple[Desired, ...]]:
    return resolved, tuple(scope.wanted(it) for kind in kinds for it in kind.desired(resolved))


class _Asked:
    """The lookups, under way."""

    def __init__(
        self, site: Site, lookups: Lookups, doors: Mapping[str, Aws], pool: Executor
    ) -> None:
        each = site.workstations
        first = doors[site.regions[0]]  # IAM is global: one region's door will do
        self._profiles = pool.submit(
            lookups.instance_profiles, first, {w.instance_profile for w in each}
        )
        self._roles = pool.submit(lookups.roles, first, {w.scheduler_role for w in each})
        self._subnets = {r: pool.submit(lookups.subnets, door) for r, door in doors.items()}
        self._images = {
            region: pool.submit(lookups.images, door, {w.image for w in each if w.region == region})
            for region, door in doors.items()
        }
        self._keys = {
            region: pool.submit(lookups.keys, door, keys_of(site, region))
            for region, door in doors.items()
        }

    def facts(self) -> dict[str, Facts]:
        """All answers, by region."""
        profiles, roles = self._profiles.result(), self._roles.result()
        return {
            region: Facts(
                subnets.result(),
                self._images[region].result(),
                profiles,
                roles,
                self._keys[region].result(),
            )
            for region, subnets in self._subnets.items()
        }


def _find(kind: Kind, aws: Aws, scope: Scope) -> Reading:
    """All of it, or unknown: never part of a list (promise 4)."""
    try:
        return tuple(kind.find(aws, scope))
    except AwsError as error:
        return Unknown(kind.NAME, aws.region, str(error), error.code)
