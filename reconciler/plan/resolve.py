"""Join the declaration with what AWS says of images, subnets and roles. Pure.

A workstation whose image, subnet or role is missing is blocked with the reason; the others
go on (promise 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from reconciler.declare.fleet import HomeVolume, LustreFileSystem, Site, Subnets, Workstation
from reconciler.errors import Where

T = TypeVar("T")


@dataclass(frozen=True)
class Subnet:
    """One subnet, as far as placing needs it."""

    id: str
    vpc_id: str
    availability_zone: str
    tags: Mapping[str, str] | None  # None: they could not be read
    broken: str = ""  # why it cannot be read
    public: bool = False  # it gives each instance a public address
    blocks: tuple[str, ...] = ()  # its addresses, as CIDR blocks


@dataclass(frozen=True)
class ImageFacts:
    """One machine image."""

    id: str
    name: str
    architecture: str
    root_device: str
    root_size: int  # GiB of its snapshot: a root volume cannot be smaller
    owner: str = ""  # the account that owns it
    owner_alias: str = ""  # `amazon` or `aws-marketplace` where that account is AWS's or a vendor's


@dataclass(frozen=True)
class Missing:
    """A lookup without a usable answer, and what to do about it."""

    reason: str
    error: str = "not-found"


@dataclass(frozen=True)
class Pin:
    """What a workstation keeps in place of today's answer of a lookup; None keeps nothing."""

    image: ImageFacts | Missing | None = None
    subnets: tuple[Subnet, ...] | Missing | None = None


@dataclass(frozen=True)
class Facts:
    """What AWS said about the things a declaration names, for one region."""

    subnets: tuple[Subnet, ...] | Missing
    images: Mapping[str, ImageFacts | Missing]  # by str(Image)
    instance_profiles: Mapping[str, str | Missing]  # name → ARN
    roles: Mapping[str, str | Missing]  # name → ARN
    keys: Mapping[str, str | Missing] = field(default_factory=dict)  # as declared → ARN


@dataclass(frozen=True, slots=True)
class ResolvedFileSystem:
    """A file system with the subnet it would be created in, and its key."""

    declared: LustreFileSystem
    subnet: Subnet
    key_arn: str | None = None


@dataclass(frozen=True, slots=True)
class ResolvedWorkstation:
    """A workstation with everything AWS had to add."""

    declared: Workstation
    image: ImageFacts
    subnets: tuple[Subnet, ...]
    instance_profile_arn: str
    scheduler_role_arn: str
    home_key_arn: str | None = None

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
    now: datetime  # UTC: what holidays and clock changes ahead are counted from

    @property
    def name(self) -> str:
        """The site's name, which prefixes everything."""
        return self.declared.name


NO_PINS: Mapping[tuple[str, str], Pin] = {}


def resolve(
    site: Site,
    facts: Mapping[str, Facts],
    now: datetime,
    home_zones: Mapping[tuple[str, str], str],
    pins: Mapping[tuple[str, str], Pin] = NO_PINS,
) -> ResolvedSite:
    """Give every declared thing what AWS had to add; block those that lack something.

    `home_zones`, by (region, workstation), is where the volumes stand that are homes already, and
    `pins` what is kept whatever the lookups say.
    """
    workstations: list[ResolvedWorkstation] = []
    file_systems: list[ResolvedFileSystem] = []
    blocked: list[Blocked] = []
    for each in site.workstations:
        name = f"{site.name}-{each.name}"
        try:
            zone = home_zones.get((each.region, each.name), "")
            pin = pins.get((each.region, each.name), Pin())
            found = _workstation(each, facts[each.region], zone, pin)
        except _Lack as lack:
            where = each.places[lack.path]
            blocked.append(_blocked(each.fleet, each.name, name, each.region, lack, where))
            continue
        workstations.append(found)
        if isinstance(each.home, LustreFileSystem):
            subnet = _home_subnet(each.home, found.subnets)
            file_systems.append(ResolvedFileSystem(each.home, subnet, found.home_key_arn))
    for shared in site.file_systems:
        try:
            file_systems.append(_file_system(shared, facts[shared.region]))
        except _Lack as lack:
            name = f"{site.name}-{shared.fleet}/{shared.name}"
            blocked.append(_blocked(shared.fleet, "", name, shared.region, lack, shared.where))
    return ResolvedSite(site, tuple(workstations), tuple(file_systems), tuple(blocked), now)


class _Lack(Exception):
    """A lookup that a declared thing cannot do without; `path` is the setting to correct."""

    def __init__(self, path: str, missing: Missing) -> None:
        self.path = path
        self.missing = missing
        super().__init__(missing.reason)


def _have(path: str, value: T | Missing) -> T:
    if isinstance(value, Missing):
        raise _Lack(path, value)
    return value


def _blocked(
    fleet: str, workstation: str, name: str, region: str, lack: _Lack, where: Where
) -> Blocked:
    missing = lack.missing
    return Blocked(fleet, workstation, name, region, missing.reason, where, missing.error)


def _workstation(each: Workstation, facts: Facts, home_zone: str, pin: Pin) -> ResolvedWorkstation:
    image = _have("image", pin.image or facts.images[str(each.image)])
    if image.root_size > each.root.size:
        reason = (
            f"the root volume ({each.root.size} GiB) is smaller than the snapshot of {image.id} "
            f"({image.root_size} GiB): set storage.root.size to at least {image.root_size}GiB"
        )
        raise _Lack("storage.root.size", Missing(reason, "root-too-small"))
    if each.root.kms_key_id:
        _have("storage.root.kms_key_id", facts.keys[each.root.kms_key_id])
    subnets = _have("network.subnets", pin.subnets or _subnets(each.subnets, _zones(each), facts))
    if isinstance(each.home, HomeVolume):  # a volume ties its workstation to one zone
        subnets = _beside_home(each.home, subnets, home_zone)
    _private(each, subnets)
    key_id = each.home.kms_key_id if each.home else None
    return ResolvedWorkstation(
        each,
        image,
        subnets,
        _have("instance_profile", facts.instance_profiles[each.instance_profile]),
        _have("scheduler_role", facts.roles[each.scheduler_role]),
        _have("storage.home", facts.keys[key_id]) if key_id else None,
    )


def _private(each: Workstation, subnets: tuple[Subnet, ...]) -> None:
    """A public address is for who asks for it: a subnet gives it without a word."""
    public = ", ".join(subnet.id for subnet in subnets if subnet.public)
    if public and not each.public_addresses:
        reason = (
            f"{public} would give it a public address: choose private subnets, or set "
            "network.public_addresses: true"
        )
        raise _Lack("network.subnets", Missing(reason, "public-subnet"))


def _beside_home(home: HomeVolume, subnets: tuple[Subnet, ...], zone: str) -> tuple[Subnet, ...]:
    """The subnets in the zone of a home: where it stands, or where it will be created."""
    wanted = zone or subnets[0].availability_zone
    found = tuple(each for each in subnets if each.availability_zone == wanted)
    if found:
        return found
    if home.availability_zone:
        path, change = "storage.home", f"set storage.home.ebs.availability_zone to {zone}"
    else:
        path, change = "availability_zones", f"add {zone} to availability_zones"
    reason = f"its home stands in {zone}, and a volume cannot leave its zone: {change}"
    raise _Lack(path, Missing(reason, "home-elsewhere"))


def _file_system(shared: LustreFileSystem, facts: Facts) -> ResolvedFileSystem:
    subnets = _have("network.subnets", _subnets(shared.subnets, _zones(shared), facts))
    key_id = shared.kms_key_id
    key_arn = _have("kms_key_id", facts.keys[key_id]) if key_id else None
    return ResolvedFileSystem(shared, subnets[0], key_arn)


def keys_of(site: Site, region: str) -> set[str]:
    """The KMS keys that disks, homes and file systems of a region are declared with."""
    here = [each for each in site.workstations if each.region == region]
    disks = (disk for each in here for disk in (each.root, each.home))
    shared = (each for each in site.file_systems if each.region == region)
    return {each.kms_key_id for each in (*disks, *shared) if each and each.kms_key_id}


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
    lack = _unusable(wanted, chosen)
    if lack:
        return lack
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


def _unusable(wanted: Subnets, chosen: list[Subnet]) -> Missing | None:
    broken = next((each.broken for each in chosen if each.broken), "")
    if broken:
        return Missing(broken, "unreadable")
    absent = set(wanted.ids) - {each.id for each in chosen}
    if absent:
        return Missing(f"no subnet {', '.join(sorted(absent))} in this region")
    if not chosen:
        return Missing(
            f"no subnet is tagged {wanted} in this region; tag some, or list ids: the tags of a "
            "subnet that another account shares are not shown to this one"
        )
    return None


def _selected(wanted: Subnets, subnet: Subnet) -> bool:
    if wanted.ids:
        return subnet.id in wanted.ids
    if subnet.tags is None:  # it may be one of them
        return True
    return all(subnet.tags.get(key) == value for key, value in wanted.tags)


def _home_subnet(home: LustreFileSystem, subnets: tuple[Subnet, ...]) -> Subnet:
    """Lustre is in one zone: the one asked for, else the first the workstation may use."""
    return next((s for s in subnets if s.availability_zone == home.availability_zone), subnets[0])
