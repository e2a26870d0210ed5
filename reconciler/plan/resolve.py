"""The types of a resolved site: the declaration with AWS's images, subnets, roles and keys.

plan/resolving.py joins them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from reconciler.declare.fleet import FileSystem, Home, Site, Workstation, of_type
from reconciler.errors import Where
from reconciler.plan.model import Finding, Key, Ref
from reconciler.plan.names import group_name

T = TypeVar("T")
H = TypeVar("H", bound=Home)
F = TypeVar("F", bound=FileSystem)


@dataclass(frozen=True)
class Subnet:
    """A subnet, as far as placement needs it."""

    id: str
    vpc_id: str
    availability_zone: str
    tags: Mapping[str, str] | None  # None: they could not be read
    broken: str = ""  # why it cannot be read
    public: bool = False  # it gives each instance a public address
    blocks: tuple[str, ...] = ()  # its addresses, as CIDR blocks


@dataclass(frozen=True)
class ImageFacts:
    """A machine image."""

    id: str
    name: str
    architecture: str
    root_device: str
    root_size: int  # GiB of its snapshot: a root volume cannot be smaller
    owner: str = ""  # the account that owns it
    owner_alias: str = ""  # `amazon` or `aws-marketplace` where that account is AWS's or a vendor's
    created: str = ""  # when, as EC2 writes it: `2026-11-15T08:30:00.000Z`
    flavour: str = ""  # of its NVIDIA driver: declare/drivers.py; "" where no tag says it
    driver: str = ""  # version of that driver, from a tag too
    agent: str = ""  # the version of the agent in it, by its tag; "" where it has none


@dataclass(frozen=True)
class Missing:
    """A lookup without a usable answer, and what to do about it."""

    reason: str
    error: str = "not-found"


@dataclass(frozen=True)
class Pin:
    """The values that a workstation keeps in place of new lookup answers; None keeps nothing."""

    image: ImageFacts | Missing | None = None
    subnets: tuple[Subnet, ...] | Missing | None = None


@dataclass(frozen=True)
class Facts:
    """AWS's answers about the resources that a declaration names, for one region."""

    subnets: tuple[Subnet, ...] | Missing
    images: Mapping[str, ImageFacts | Missing]  # by str(Image)
    instance_profiles: Mapping[str, str | Missing]  # name → ARN
    roles: Mapping[str, str | Missing]  # name → ARN
    keys: Mapping[str, str | Missing] = field(default_factory=dict)  # as declared → ARN


@dataclass(frozen=True, slots=True)
class ResolvedFileSystem:
    """A file system with the subnets it would be created in, and its key.

    One subnet where it stands in one zone; otherwise all that it may stand in.
    """

    declared: FileSystem
    subnets: tuple[Subnet, ...]
    key_arn: str | Ref | None = None

    @property
    def subnet(self) -> Subnet:
        """The first of its subnets; the others are in the same VPC."""
        return self.subnets[0]


@dataclass(frozen=True, slots=True)
class ResolvedWorkstation:
    """A workstation with all answers of lookups."""

    declared: Workstation
    image: ImageFacts
    subnets: tuple[Subnet, ...]
    scheduler_role_arn: str
    home_key_arn: str | Ref | None = None
    lacks: frozenset[str] = frozenset()  # settings whose lookup failed: what they decide stays

    @property
    def vpc_id(self) -> str:
        """The VPC of its subnets; a workstation with several VPCs is blocked before."""
        return self.subnets[0].vpc_id

    def unless(self, setting: str, value: T, site: str) -> T | Ref:
        """Return the value; for a setting that is among `lacks`, a Ref that nothing fills.

        A live resource then keeps its own value, and none is created.
        """
        if setting not in self.lacks:
            return value
        return unfilled(site, self.declared, setting)


def unfilled(site: str, each: Workstation, setting: str) -> Ref:
    """Make a Ref that nothing fills, for a setting whose lookup failed."""
    return Ref(Key(each.region, setting, group_name(site, each.name)), "lookup")


@dataclass(frozen=True)
class Blocked:
    """A declared resource that cannot be planned, and the reason."""

    fleet: str
    workstation: str  # "" for a shared file system
    name: str
    region: str
    reason: str
    where: Where | None
    error: str = ""
    spares: bool = True  # nothing of it is removed, though it is not among what is wanted


@dataclass(frozen=True)
class ResolvedSite:
    """A site with all answers of lookups: the kinds build the desired resources from it."""

    declared: Site
    workstations: tuple[ResolvedWorkstation, ...]
    file_systems: tuple[ResolvedFileSystem, ...]  # own homes and shared ones
    blocked: tuple[Blocked, ...]
    now: datetime  # UTC: what holidays and clock changes ahead are counted from
    findings: tuple[tuple[str, Finding], ...] = ()  # with their region

    @property
    def name(self) -> str:
        """The name of the site, a prefix of most names in AWS."""
        return self.declared.name

    def homes_of(self, wanted: type[H]) -> Iterator[tuple[ResolvedWorkstation, H]]:
        """Yield each workstation whose home is of one type, with that home."""
        for each in self.workstations:
            for home in of_type(wanted, (each.declared.home,)):
                yield each, home

    def file_systems_of(self, wanted: type[F]) -> Iterator[tuple[ResolvedFileSystem, F]]:
        """Yield each file system of one type, homes and shared ones, as resolved and declared."""
        for each in self.file_systems:
            for declared in of_type(wanted, (each.declared,)):
                yield each, declared


def keys_of(site: Site, region: str) -> set[str]:
    """List the KMS keys that disks, homes and file systems of a region are declared with."""
    here = [each for each in site.workstations if each.region == region]
    disks = (disk for each in here for disk in (each.root, each.home))
    shared = (each for each in site.file_systems if each.region == region)
    return {each.kms_key_id for each in (*disks, *shared) if each and each.kms_key_id}
