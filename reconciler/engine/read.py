"""Read a snapshot in parallel: the lookups of the declaration, and the live resources.

The reads of all regions, services and kinds overlap. A task waits only for tasks submitted
before it, so any executor will do, of any number of threads or none: the declaration's own side
waits for the lookups, and the kind whose names prove their content, through `Scope.expected`,
for that side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import cache, partial

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Image, Site
from reconciler.engine.environment import Environment
from reconciler.errors import AwsError
from reconciler.plan.kind import Kind, LooksUp, Scope
from reconciler.plan.live import Reading, index
from reconciler.plan.lookups import Lookups
from reconciler.plan.model import SUBNETS, Desired, Key, Live, Op, Outcome, Plan, Unknown
from reconciler.plan.pinning import Pinned, pin
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import (
    Facts,
    ImageFacts,
    Missing,
    ResolvedSite,
    keys_of,
)
from reconciler.plan.resolving import Stands, resolve
from reconciler.plan.snapshot import Snapshot

READERS = 24
"""Threads that read: a region has some fifteen reads to make, and two regions are common."""


def read(
    site: Site,
    environment: Environment,
    clients: Mapping[str, Aws],
    *,
    drift_only: bool = False,
) -> Snapshot:
    """Read both sides in all regions. `clients` are by region.

    `drift_only` pins what AWS decides (images, subnets) to what the live resources have, where
    the declaration is unchanged (plan/pinning.py).

    Raises: UsageError when the credentials end; a failed read of AWS is an `Unknown` instead.
    """
    with environment.pool(READERS) as pool:
        lookups = _Asked(site, environment.lookups, clients, pool)
        bare = Scope(site.name, environment.now(), site.ignore_tags)
        placing = {
            (kind.NAME, region): pool.submit(_find, kind, client, bare)
            for kind in environment.kinds
            if _is_first(kind, environment, drift_only)
            for region, client in clients.items()
        }

        def resolved_with_desired() -> tuple[Pinned, ResolvedSite, tuple[Desired, ...]]:
            homes = {
                key: found.result() for key, found in placing.items() if key[0] in environment.homes
            }
            facts, stands = lookups.facts(), cache(lambda: _stands(placing))
            join = partial(resolve, site, facts, environment.now(), index(homes).zones, stands)
            resolved, pinned = join(), Pinned({})
            if drift_only:
                first = {key: found.result() for key, found in placing.items()}
                pinned = pin(resolved, facts, first, environment.kinds, images, earlier)
                resolved = join(pinned.pins)
            return pinned, *_wanted(resolved, environment.kinds, bare)

        def images(region: str, wanted: Iterable[Image]) -> Mapping[str, ImageFacts | Missing]:
            return environment.lookups.images(clients[region], wanted)

        def earlier(live: Live, version: str) -> str | Missing:
            return environment.lookups.template_image(
                clients[live.key.region], live.attrs["id"], version
            )

        wanted = pool.submit(resolved_with_desired)
        scope = replace(
            bare,
            expected=lambda: frozenset(
                each.hashed_name for each in wanted.result()[2] if each.hashed_name
            ),
        )
        finds = {
            (kind.NAME, region): pool.submit(_find, kind, client, scope)
            for kind in environment.kinds
            for region, client in clients.items()
            if (kind.NAME, region) not in placing
        }
        pinned, resolved, desired = wanted.result()
        readings = {key: found.result() for key, found in (placing | finds).items()}
    return Snapshot(resolved, desired, readings, pinned.findings)


def _is_first(kind: Kind, environment: Environment, drift_only: bool) -> bool:
    """Whether the declared side may wait for this kind: for homes, and for what stands."""
    applied = drift_only and isinstance(kind, LooksUp)
    return kind.NAME in environment.homes or kind.HOLDS_INSTANCES or applied


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
    return resolved, tuple(scope.wanted(each) for kind in kinds for each in kind.desired(resolved))


class _Asked:
    """The lookups, under way."""

    def __init__(
        self, site: Site, lookups: Lookups, clients: Mapping[str, Aws], pool: Executor
    ) -> None:
        each = site.workstations
        first = clients[site.regions[0]]  # IAM is global: one region's client will do
        self._profiles = pool.submit(
            lookups.instance_profiles, first, {w.instance_profile for w in each}
        )
        self._roles = pool.submit(lookups.roles, first, {w.scheduler_role for w in each})
        self._subnets = {r: pool.submit(lookups.subnets, client) for r, client in clients.items()}
        self._images = {
            region: pool.submit(
                lookups.images, client, {w.image for w in each if w.region == region}
            )
            for region, client in clients.items()
        }
        self._keys = {
            region: pool.submit(lookups.keys, client, keys_of(site, region))
            for region, client in clients.items()
        }

    def facts(self) -> dict[str, Facts]:
        """Collect all answers, by region."""
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


def read_pools(
    plan: Plan, resolved: ResolvedSite, environment: Environment, clients: Mapping[str, Aws]
) -> dict[Key, Pools | Missing]:
    """Read the Spot pools for the rows that decide where a workstation can start."""
    holders = {kind.NAME for kind in environment.kinds if kind.HOLDS_INSTANCES}
    images = {
        (change.key.region, change.workstation)
        for change in plan.changes
        if any(f.field == IMAGE for f in change.fields)
    }
    rows = {
        (change.key.region, change.workstation): change.key
        for change in plan.changes
        if change.key.kind in holders
        and change.outcome is Outcome.PLANNED
        and (
            change.op is Op.CREATE
            or (change.key.region, change.workstation) in images
            or any(f.field in SHAPE for f in change.fields)
        )
    }
    answer: dict[Key, Pools | Missing] = {}
    for region, client in clients.items():
        asked = [
            each
            for each in resolved.workstations
            if each.declared.region == region and (region, each.declared.name) in rows
        ]
        if asked:
            found = environment.lookups.pools(client, asked)
            answer.update({rows[region, name]: pools for name, pools in found.items()})
    return answer


SHAPE = frozenset({"instance_types", "instance_requirements", "subnets"})
"""Fields that decide which instance types a workstation can start on, and where."""

IMAGE = "image_id"
"""The field of a template that decides which of them have a driver."""
