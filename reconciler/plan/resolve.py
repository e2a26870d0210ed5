"""Join the declaration with what AWS says of images, subnets and roles. Pure.

A workstation whose image, subnet or role is missing is blocked with the reason; the others
go on (promise 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.declare.fleet import LustreFileSystem, Site, Where, Workstation


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
