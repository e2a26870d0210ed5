"""Join the declaration with what AWS says of images, subnets and roles. Pure.

A workstation whose image, subnet or role is missing is blocked with the reason; the others
go on (promise 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.declare.fleet import (
    HomeVolume,
    LustreFileSystem,
    Site,
    Subnets,
    Where,
    Workstation,
)


@dataclass(frozen=True)
class Subnet:
    """One subnet, as far as placing needs it."""

    id: str
    vpc_id: str
    availability_zone: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ImageFacts:
    """One machine image."""

    id: str
    name: str
    architecture: str
    root_device: str
    root_size: int  # GiB of its snapshot: a root volume cannot be smaller


@dataclass(frozen=True)
class Missing:
    """A lookup without a usable answer, and what to do about it."""

    reason: str
    error: str = "not-found"


@dataclass(frozen=True)
class Facts:
    """What AWS said about the things a declaration names, for one region."""

    subnets: tuple[Subnet, ...] | Missing
    images: Mapping[str, ImageFacts | Missing]  # by str(Image)
    instance_profiles: Mapping[str, str | Missing]  # name → ARN
    roles: Mapping[str, str | Missing]  # name → ARN


@dataclass(frozen=True)
class ResolvedFileSystem:
    """A file system with the subnet it would be created in."""

    declared: LustreFileSystem
    subnet: Subnet


@dataclass(frozen=True)
class ResolvedWorkstation:
    """A workstation with everything AWS had to add."""

    declared: Workstation
    image: ImageFacts
    subnets: tuple[Subnet, ...]
    instance_profile_arn: str
    scheduler_role_arn: str

    @property
    def vpc_id(self) -> str:
        """The VPC of its subnets: one, or it would have been blocked."""
        return self.subnets[0].vpc_id


@dataclass(frozen=True)
class Blocked:
    """A declared thing that cannot be planned, and why."""

    fleet: str
    workstation: str  # "" for a shared file system
    name: str
    region: str
    reason: str
    where: Where | None
    error: str = ""


@dataclass(frozen=True)
class ResolvedSite:
    """What the kinds build from."""

    declared: Site
    workstations: tuple[ResolvedWorkstation, ...]
    file_systems: tuple[ResolvedFileSystem, ...]  # own homes and shared ones
    blocked: tuple[Blocked, ...]

    @property
    def name(self) -> str:
        """The site's name, which prefixes everything."""
        return self.declared.name


def resolve(site: Site, facts: Mapping[str, Facts]) -> ResolvedSite:
    """Give every declared thing what AWS had to add; block those that lack something."""
    workstations: list[ResolvedWorkstation] = []
    file_systems: list[ResolvedFileSystem] = []
    blocked: list[Blocked] = []
    for each in site.workstations:
        found = _workstation(each, facts[each.region])
        if isinstance(found, _Lack):
            blocked.append(
                Blocked(
                    each.fleet,
                    each.name,
                    f"{site.name}-{each.name}",
                    each.region,
                    found.missing.reason,
                    each.where_of(found.path),
                    found.missing.error,
                )
            )
            continue
        workstations.append(found)
        if isinstance(each.home, LustreFileSystem):
            subnet = _home_subnet(each.home, found.subnets)
            file_systems.append(ResolvedFileSystem(each.home, subnet))
    for shared in site.file_systems:
        places = _subnets(shared.subnets, _zones(shared), facts[shared.region])
        if isinstance(places, Missing):
            name = f"{site.name}-{shared.fleet}/{shared.name}"
            blocked.append(
                Blocked(
                    shared.fleet, "", name, shared.region, places.reason, shared.where, places.error
                )
            )
        else:
            file_systems.append(ResolvedFileSystem(shared, places[0]))
    return ResolvedSite(site, tuple(workstations), tuple(file_systems), tuple(blocked))


@dataclass(frozen=True)
class _Lack:
    path: str  # the setting to correct
    missing: Missing


def _workstation(each: Workstation, facts: Facts) -> ResolvedWorkstation | _Lack:
    image = facts.images[str(each.image)]
    if isinstance(image, Missing):
        return _Lack("image", image)
    if image.root_size > each.root.size:
        reason = (
            f"the root volume ({each.root.size} GiB) is smaller than the snapshot of {image.id} "
            f"({image.root_size} GiB): set storage.root.size to at least {image.root_size}GiB"
        )
        return _Lack("storage.root.size", Missing(reason, "root-too-small"))
    subnets = _subnets(each.subnets, _zones(each), facts)
    if isinstance(subnets, Missing):
        return _Lack("network.subnets", subnets)
    if isinstance(each.home, HomeVolume):  # a volume ties its workstation to one zone
        subnets = tuple(s for s in subnets if s.availability_zone == subnets[0].availability_zone)
    profile = facts.instance_profiles[each.instance_profile]
    if isinstance(profile, Missing):
        return _Lack("instance_profile", profile)
    role = facts.roles[each.scheduler_role]
    if isinstance(role, Missing):
        return _Lack("scheduler_role", role)
    return ResolvedWorkstation(each, image, subnets, profile, role)


def _zones(each: Workstation | LustreFileSystem) -> tuple[str, ...]:
    """The zones a thing may be in, the preferred one first."""
    if isinstance(each, LustreFileSystem):
        return (each.availability_zone,) if each.availability_zone else each.zones
    if isinstance(each.home, HomeVolume) and each.home.availability_zone:
        return (each.home.availability_zone,)
    return each.zones


def _subnets(wanted: Subnets, zones: tuple[str, ...], facts: Facts) -> tuple[Subnet, ...] | Missing:
    """The subnets a declaration selects, in a stable order, or what is wrong with them."""
    if isinstance(facts.subnets, Missing):
        return facts.subnets
    chosen = [each for each in facts.subnets if _selected(wanted, each)]
    absent = set(wanted.ids) - {each.id for each in chosen}
    if absent:
        return Missing(f"no subnet {', '.join(sorted(absent))} in this region")
    if not chosen:
        return Missing(f"no subnet is tagged {wanted} in this region; tag some, or list ids")
    bare = set(zones) - {each.availability_zone for each in chosen}
    if bare:
        return Missing(
            f"no subnet ({wanted}) in {', '.join(sorted(bare))}; add one, or take the zone out"
        )
    placed = [each for each in chosen if not zones or each.availability_zone in zones]
    vpcs = sorted({each.vpc_id for each in placed})
    if len(vpcs) > 1:
        return Missing(
            f"subnets ({wanted}) are in {len(vpcs)} VPCs ({', '.join(vpcs)}); list ids of one"
        )
    order = {zone: index for index, zone in enumerate(zones)}
    placed.sort(key=lambda s: (order.get(s.availability_zone, 0), s.availability_zone, s.id))
    return tuple(placed)


def _selected(wanted: Subnets, subnet: Subnet) -> bool:
    if wanted.ids:
        return subnet.id in wanted.ids
    return all(subnet.tags.get(key) == value for key, value in wanted.tags)


def _home_subnet(home: LustreFileSystem, subnets: tuple[Subnet, ...]) -> Subnet:
    """Lustre is in one zone: the one asked for, else the first the workstation may use."""
    return next((s for s in subnets if s.availability_zone == home.availability_zone), subnets[0])
