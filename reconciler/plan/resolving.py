"""Resolve a site: add AWS's images, subnets, roles and keys to the declaration. Pure.

A workstation whose image, subnet or role is missing is blocked with the reason; the others
go on (promise 9). Of one that stands already that one field stays as it is (promise 16).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeAlias, TypeVar

from reconciler.declare.fleet import FileSystem, Home, Site, Subnets, Workstation
from reconciler.errors import Where
from reconciler.plan.image_fit import MISMATCH, mismatch
from reconciler.plan.model import Finding, Level
from reconciler.plan.names import group_name
from reconciler.plan.resolve import (
    Blocked,
    Facts,
    ImageFacts,
    Missing,
    Pin,
    ResolvedFileSystem,
    ResolvedSite,
    ResolvedWorkstation,
    Subnet,
    unfilled,
)

T = TypeVar("T")

Place: TypeAlias = tuple[str, str]
"""Region and workstation."""

NO_PINS: Mapping[Place, Pin] = {}

Stands: TypeAlias = Mapping[Place, tuple[str, ...]]
"""The subnets of the groups that are ours already."""


def resolve(
    site: Site,
    facts: Mapping[str, Facts],
    now: datetime,
    home_zones: Mapping[Place, str],
    stands: Callable[[], Stands] = dict,
    pins: Mapping[Place, Pin] = NO_PINS,
) -> ResolvedSite:
    """Add the answers of lookups to each declared resource; block those that lack something.

    `home_zones` is where the volumes stand that are homes already; `stands` is asked only where a
    lookup failed, or gave too much; `pins` is what is kept whatever the lookups say.
    """
    workstations: list[ResolvedWorkstation] = []
    file_systems: list[ResolvedFileSystem] = []
    blocked: list[Blocked] = []
    findings: list[tuple[str, Finding]] = []
    for each in site.workstations:
        name, place = group_name(site.name, each.name), (each.region, each.name)
        here, pin = facts[each.region], pins.get(place, Pin())
        search = _Search(each, here, partial(_stands, stands, place), findings, pin)
        try:
            found = search.found(site.name, home_zones.get(place, ""))
        except _Lack as lack:
            where = each.places[lack.path]
            blocked.append(_blocked(each.fleet, each.name, name, each.region, lack, where))
            continue
        workstations.append(found)
        blocked += search.blocked(name)
        if own := each.own_file_system:
            subnets = _standing(own, found.subnets)
            file_systems.append(ResolvedFileSystem(own, subnets, found.home_key_arn))
    for shared in site.file_systems:
        try:
            here = facts[shared.region]
            file_systems.append(_file_system(shared, here, partial(_vpcs, here, stands)))
        except _Lack as lack:
            name = f"{site.name}-{shared.fleet}/{shared.name}"
            blocked.append(_blocked(shared.fleet, "", name, shared.region, lack, shared.where))
    return ResolvedSite(
        site, tuple(workstations), tuple(file_systems), tuple(blocked), now, tuple(findings)
    )


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


_NO_IMAGE = ImageFacts("", "", "", "", 0)


@dataclass
class _Search:
    """One workstation and what was found for it; what failed where it stands is in `lacks`."""

    each: Workstation
    facts: Facts
    stands: Callable[[], tuple[str, ...] | None]  # the subnets of its group; None: it has none
    findings: list[tuple[str, Finding]]
    pin: Pin
    lacks: list[_Lack] = field(default_factory=list)

    def found(self, site: str, home_zone: str) -> ResolvedWorkstation:
        """Resolve it. Raises: _Lack for what it needs, and for what it kept and has lost."""
        each, facts = self.each, self.facts
        _have("image", self.pin.image)
        _have("network.subnets", self.pin.subnets)
        image = self._have(*_image(each, self.pin.image or facts.images[str(each.image)]))
        if each.root.kms_key_id:
            self._have("storage.root.kms_key_id", facts.keys[each.root.kms_key_id])
        subnets = self._subnets(home_zone)
        self._have("instance_profile", facts.instance_profiles[each.instance_profile])
        role = self._have("scheduler_role", facts.roles[each.scheduler_role])
        key_id = each.home.kms_key_id if each.home else None
        key = self._have("storage.home", facts.keys[key_id]) if key_id else None
        return ResolvedWorkstation(
            each,
            _NO_IMAGE if isinstance(image, Missing) else image,
            subnets,
            "" if isinstance(role, Missing) else role,
            unfilled(site, each, "storage.home") if isinstance(key, Missing) else key,
            frozenset(lack.path for lack in self.lacks)
            | ({"image"} if isinstance(image, Missing) else set()),
        )

    def blocked(self, name: str) -> list[Blocked]:
        """Block the row, and name the live resources that stay as they are, if any."""
        if not self.lacks:
            return []
        each, first = self.each, self.lacks[0]
        reason = "; ".join(dict.fromkeys(lack.missing.reason for lack in self.lacks))
        lack = _Lack(first.path, Missing(reason, first.missing.error))
        row = _blocked(each.fleet, each.name, name, each.region, lack, each.places[first.path])
        # Without the role nobody knows which schedules are wanted.
        return [replace(row, spares=any(lack.path == "scheduler_role" for lack in self.lacks))]

    def _have(self, path: str, value: T | Missing) -> T | Missing:
        if isinstance(value, Missing):
            if self.stands() is None:
                raise _Lack(path, value)
            self.lacks.append(_Lack(path, value))
        return value

    def _subnets(self, home_zone: str) -> tuple[Subnet, ...]:
        try:
            return self._placed(home_zone)
        except _Lack as lack:
            kept = _subnets_in_one_vpc(self.facts, self.stands() or ())
            if not kept:
                raise
            self.lacks.append(lack)
            return kept

    def _placed(self, home_zone: str) -> tuple[Subnet, ...]:
        each = self.each
        tied = each.home if each.home and each.home.ties_to_zone else None
        zones = (tied.availability_zone,) if tied and tied.availability_zone else each.zones
        choice = self.pin.subnets or _subnets(each.subnets, zones, self.facts, self._vpcs)
        subnets = _have("network.subnets", choice)
        if tied:
            subnets = _beside_home(tied, subnets, home_zone)
        _private(each, subnets)
        return subnets

    def _vpcs(self) -> set[str]:
        """The VPC that it stands in, though another one has subnets that are tagged alike."""
        found = {subnet.vpc_id for subnet in _subnets_in_one_vpc(self.facts, self.stands() or ())}
        if found:
            each, vpc = self.each, ", ".join(found)
            message = (
                f"{each.name}: subnets ({each.subnets}) are in several VPCs: it stays in {vpc}, "
                f"where it is; write network: {{vpc: {vpc}}}, or remove the tags of the subnets "
                "of the other VPC"
            )
            where = each.places["network.subnets"]
            finding = Finding(Level.WARNING, "several-vpcs", message, where)
            self.findings.append((each.region, finding))
        return found


def _subnets_in_one_vpc(facts: Facts, ids: tuple[str, ...]) -> tuple[Subnet, ...]:
    """The subnets of these ids whose VPC is known, where they are all in one; else none."""
    if isinstance(facts.subnets, Missing):
        return ()
    found = tuple(each for each in facts.subnets if each.id in ids and each.vpc_id)
    return found if len({each.vpc_id for each in found}) == 1 else ()


def _stands(stands: Callable[[], Stands], place: Place) -> tuple[str, ...] | None:
    return stands().get(place)


def _vpcs(facts: Facts, stands: Callable[[], Stands]) -> set[str]:
    """The VPCs that workstations of ours stand in."""
    return {
        subnet.vpc_id for ids in stands().values() for subnet in _subnets_in_one_vpc(facts, ids)
    }


def _image(each: Workstation, image: ImageFacts | Missing) -> tuple[str, ImageFacts | Missing]:
    """Its image, or which setting is to be corrected and why."""
    if isinstance(image, ImageFacts) and image.root_size > each.root.size:
        reason = (
            f"the root volume ({each.root.size} GiB) is smaller than the snapshot of {image.id} "
            f"({image.root_size} GiB): set storage.root.size to at least {image.root_size}GiB"
        )
        return "storage.root.size", Missing(reason, "root-too-small")
    mismatches = mismatch(image, each.instance_types) if isinstance(image, ImageFacts) else ""
    if mismatches:
        reason = f"{mismatches}: name an image for them, or take them out of `instance_types`"
        return "image", Missing(reason, MISMATCH)
    return "image", image


def _private(each: Workstation, subnets: tuple[Subnet, ...]) -> None:
    """A public address is for who asks for it: a subnet gives it silently."""
    public = ", ".join(subnet.id for subnet in subnets if subnet.public)
    if public and not each.public_addresses:
        reason = (
            f"{public} would give it a public address: choose private subnets, or set "
            "network.public_addresses: true"
        )
        raise _Lack("network.subnets", Missing(reason, "public-subnet"))


def _beside_home(home: Home, subnets: tuple[Subnet, ...], zone: str) -> tuple[Subnet, ...]:
    """The subnets in the zone of a home: where it stands, or where it will be created."""
    wanted = zone or subnets[0].availability_zone
    found = tuple(each for each in subnets if each.availability_zone == wanted)
    if found:
        return found
    if home.availability_zone:
        setting = f"storage.home.{home.type}.availability_zone"
        path, change = "storage.home", f"set {setting} to {zone}"
    else:
        path, change = "availability_zones", f"add {zone} to availability_zones"
    reason = f"its home is in {zone}, and a volume cannot leave its zone: {change}"
    raise _Lack(path, Missing(reason, "home-elsewhere"))


def _file_system(
    shared: FileSystem, facts: Facts, vpcs: Callable[[], set[str]]
) -> ResolvedFileSystem:
    zones = (shared.availability_zone,) if shared.availability_zone else shared.zones
    subnets = _have("network.subnets", _subnets(shared.subnets, zones, facts, vpcs))
    key_id = shared.kms_key_id
    key_arn = _have("kms_key_id", facts.keys[key_id]) if key_id else None
    return ResolvedFileSystem(shared, _standing(shared, subnets), key_arn)


def _standing(declared: FileSystem, subnets: tuple[Subnet, ...]) -> tuple[Subnet, ...]:
    """The subnets of a file system: of one that stands in one zone, the first there, or the first
    of all where no zone is declared."""
    if not declared.crosses_zones:
        return subnets
    zone = declared.availability_zone
    return (next((each for each in subnets if each.availability_zone == zone), subnets[0]),)


def _subnets(
    wanted: Subnets, zones: tuple[str, ...], facts: Facts, standing: Callable[[], set[str]]
) -> tuple[Subnet, ...] | Missing:
    """The subnets a declaration selects, in a stable order, or what is wrong with them.

    `standing`: the VPCs of what stands, which decide where the selection leaves several.
    """
    if isinstance(facts.subnets, Missing):
        return facts.subnets
    chosen = [each for each in facts.subnets if _selected(wanted, each)]
    lack = _unusable(wanted, chosen)
    if lack:
        return lack
    vpcs = {each.vpc_id for each in chosen if not zones or each.availability_zone in zones}
    if len(vpcs) > 1:
        kept = vpcs & standing()
        if len(kept) != 1:
            return Missing(
                f"subnets ({wanted}) are in {len(vpcs)} VPCs ({', '.join(sorted(vpcs))}); name one "
                "in network: {vpc: ...}"
            )
        chosen = [each for each in chosen if each.vpc_id in kept]
    bare = set(zones) - {each.availability_zone for each in chosen}
    if bare:
        return Missing(
            f"no subnet ({wanted}) in {', '.join(sorted(bare))}; add one, or take the zone out"
        )
    placed = [each for each in chosen if not zones or each.availability_zone in zones]
    order = {zone: index for index, zone in enumerate(zones)}
    placed.sort(key=lambda s: (order.get(s.availability_zone, 0), s.availability_zone, s.id))
    return tuple(placed)


def _unusable(wanted: Subnets, chosen: list[Subnet]) -> Missing | None:
    broken = next((each.broken for each in chosen if each.broken), "")
    if broken:
        return Missing(broken, "unreadable")
    there = f"in {wanted.vpc}" if wanted.vpc else "in this region"
    absent = set(wanted.ids) - {each.id for each in chosen}
    if absent:
        return Missing(f"no subnet {', '.join(sorted(absent))} {there}")
    if not chosen:
        return Missing(
            f"no subnet is tagged {wanted} {there}; tag some, or list ids: the tags of a "
            "subnet that another account shares are not shown to this one"
        )
    return None


def _selected(wanted: Subnets, subnet: Subnet) -> bool:
    if wanted.vpc and subnet.vpc_id and subnet.vpc_id != wanted.vpc:
        return False
    if wanted.ids:
        return subnet.id in wanted.ids
    if subnet.tags is None:  # it may be one of them
        return True
    return all(subnet.tags.get(key) == value for key, value in wanted.tags)
