"""All checks, in the order of the report, and their run over account and regions in parallel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import timedelta

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Site
from reconciler.doctor import delivery, homes, placing, quotas, rights, stop_hooks
from reconciler.doctor.check import Check, Found, Level, TypeFacts, View, unread
from reconciler.engine.environment import Environment
from reconciler.engine.read import READERS, read
from reconciler.errors import AwsError, UsageError
from reconciler.plan.batches import batches
from reconciler.plan.pools import Pools
from reconciler.plan.projection import ODD, explain
from reconciler.plan.resolve import Missing, ResolvedSite
from reconciler.plan.selection import Selection

ACCOUNT: tuple[tuple[str, Check], ...] = (
    ("clock", rights.clock),
    ("zone-data", rights.zone_data),
    ("instance-profile", rights.profiles),
    ("homes-are-shared", homes.roles),
    ("scheduler-role", rights.scheduler_roles),
    ("scheduler-right", rights.scheduler_rights),
    ("service-role", rights.service_roles),
)
REGION: tuple[tuple[str, Check], ...] = (
    ("declared", placing.declared),
    ("image", placing.images),
    ("architecture", placing.architectures),
    ("offering", placing.offerings),
    ("address", placing.addresses),
    ("vcpu-quota", quotas.vcpus),
    ("group-quota", quotas.groups),
    ("lustre-quota", quotas.lustre),
    ("key", rights.keys),
    ("homes-are-shared", homes.groups),
    ("stop-hook", stop_hooks.hooks),
    ("events", delivery.events),
    ("schedules", delivery.schedules),
    ("dead-letters", delivery.dead_letters),
    ("notices", delivery.notices),
)


@dataclass(frozen=True)
class Diagnosis:
    """Everything found, the account first, then region by region."""

    site: str
    account: str
    found: tuple[Found, ...]
    calls: Mapping[str, int]

    def summary(self) -> dict[str, int]:
        """Count the findings of each level."""
        counts = Counter(finding.level for finding in self.found)
        return {level.value: counts[level] for level in Level}


def examine(
    site: Site, environment: Environment, only: tuple[str, ...], ahead: timedelta
) -> Diagnosis:
    """Run every check. Reads only; `ahead` is AWS's clock before ours.

    Raises: UsageError when `only` matches nothing, or the credentials end meanwhile.
    """
    site = _selected(site, only)
    doors = {region: environment.reader(region) for region in site.regions}
    placing_kinds = tuple(
        kind for kind in environment.kinds if kind.NAME in environment.homes or kind.HOLDS_INSTANCES
    )
    resolved = read(site, replace(environment, kinds=placing_kinds), doors).resolved
    with environment.pool(READERS) as pool:
        views = [
            pool.submit(_view, resolved, environment, door, ahead, region)
            for region, door in doors.items()
        ]
        whole = _bare(resolved, environment, doors[site.regions[0]], ahead)  # IAM is global
        found = [_submitted(pool, check, whole, "") for check in ACCOUNT]
        for region, view in zip(doors, views, strict=True):
            found += [_submitted(pool, check, view.result(), region) for check in REGION]
        findings = tuple(finding for some in found for finding in some.result())
    return Diagnosis(site.name, environment.account, findings, environment.calls())


def _selected(site: Site, only: tuple[str, ...]) -> Site:
    """The site with the chosen workstations, and the regions that something is in."""
    for glob in only:
        if not any(Selection((glob,)).takes(w.fleet, w.name) for w in site.workstations):
            raise UsageError(f"--only {glob} matches no workstation")
    selection = Selection(only)
    chosen = tuple(w for w in site.workstations if selection.means(site, w.fleet, w.name))
    mounted = {(w.fleet, mount.file_system.name) for w in chosen for mount in w.mounts}
    shared = tuple(
        file_system
        for file_system in site.file_systems
        if (not only and site.selects(file_system.fleet))
        or (file_system.fleet, file_system.name) in mounted
    )
    regions = tuple(
        sorted({w.region for w in chosen} | {file_system.region for file_system in shared})
    )
    if not regions:
        raise UsageError("nothing is declared, so there is nothing to examine")
    return replace(site, workstations=chosen, file_systems=shared, regions=regions)


def _bare(
    resolved: ResolvedSite, environment: Environment, door: Aws, ahead: timedelta, region: str = ""
) -> View:
    """What is known before the types are read."""
    site = resolved.declared
    here = tuple(w for w in site.workstations if region in ("", w.region))
    homes = tuple(own for w in here if (own := w.own_file_system))
    return View(
        site=site,
        aws=door,
        lookups=environment.lookups,
        workstations=here,
        file_systems=tuple(
            file_system for file_system in site.file_systems if region in ("", file_system.region)
        )
        + homes,
        resolved=tuple(w for w in resolved.workstations if region in ("", w.declared.region)),
        blocked=tuple(problem for problem in resolved.blocked if region in ("", problem.region)),
        findings=tuple(finding for at, finding in resolved.findings if region in ("", at)),
        pools={},
        types={},
        now=resolved.now,
        ahead=ahead,
    )


def _view(
    resolved: ResolvedSite, environment: Environment, door: Aws, ahead: timedelta, region: str
) -> View:
    bare = _bare(resolved, environment, door, ahead, region)
    pools = environment.lookups.pools(door, bare.resolved)
    found = {
        name
        for pool in pools.values()
        if isinstance(pool, Pools)
        for types in pool.by_zone.values()
        for name in types
    }
    return replace(bare, pools=pools, types=_types(door, sorted(found)))


def _types(aws: Aws, wanted: list[str]) -> dict[str, TypeFacts] | Missing:
    """vCPUs and architectures of instance types, by name."""
    found: dict[str, TypeFacts] = {}
    try:
        for some in batches(wanted):
            for item in aws.pages(
                "ec2",
                "describe_instance_types",
                "InstanceTypes",
                100,
                Filters=[{"Name": "instance-type", "Values": some}],
            ):
                found[item["InstanceType"]] = TypeFacts(
                    item["VCpuInfo"]["DefaultVCpus"],
                    tuple(item["ProcessorInfo"]["SupportedArchitectures"]),
                )
    except AwsError as error:
        return Missing(str(error), error.code)
    except ODD as error:
        return Missing(f"an answer of AWS cannot be read: {explain(error)}", "unreadable")
    return found


def _submitted(
    pool: Executor, check: tuple[str, Check], view: View, region: str
) -> Future[Iterable[Found]]:
    name, look = check
    return pool.submit(
        lambda: [replace(found, check=name, region=region) for found in run(look, view)]
    )


def run(look: Check, view: View) -> Iterator[Found]:
    """Run one check: its findings until a read failed, and a finding for that failure."""
    try:
        yield from look(view)
    except AwsError as error:
        yield unread(error)
    except ODD as error:  # one answer, which one check reads: the others go on
        yield Found(Level.UNKNOWN, f"an answer of AWS cannot be read: {explain(error)}")
