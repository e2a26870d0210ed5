"""`home: {efs: …}` and shared file systems of `type: efs`: Amazon EFS, encrypted in any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reconciler.declare.fleet import Subnets
from reconciler.declare.homes.questions import Context
from reconciler.declare.tree import Map, SourceSpan
from reconciler.errors import Problem, Where

BUILT_IN: Mapping[str, Any] = {"transition_to_ia": "AFTER_30_DAYS", "uid": 1000, "gid": 1000}
SETTINGS = frozenset({*BUILT_IN, "availability_zone", "kms_key_id"})


@dataclass(frozen=True, slots=True)
class EfsFileSystem:
    """An EFS file system, a workstation's own home or shared by a fleet."""

    name: str  # "home" for a workstation's own, otherwise its key under file_systems
    fleet: str
    workstation: str  # "" when the fleet shares it
    owner: str
    region: str
    subnets: Subnets
    availability_zone: str | None  # of One Zone storage; None: regional, in every zone
    zones: tuple[str, ...]  # the zones to choose from; () means any
    transition_to_ia: str  # AWS's value, or "NONE"
    uid: int  # of every file, whoever writes it
    gid: int
    kms_key_id: str | None
    tags: Mapping[str, str]
    where: Where

    type: ClassVar[str] = "efs"
    label: ClassVar[str] = "EFS"
    ties_to_zone: ClassVar[bool] = False

    @property
    def crosses_zones(self) -> bool:
        """Whether it stands in one zone: instances of the others reach it there."""
        return self.availability_zone is not None

    @property
    def file_system(self) -> EfsFileSystem:
        """The file system itself: instances mount it over the network."""
        return self

    @property
    def forced_uid(self) -> int:
        """The user id of its access points."""
        return self.uid


def built_in(own: Map) -> Mapping[str, Any]:
    """Return the built-in values: files that nobody reads for 30 days get cheaper."""
    return BUILT_IN


def shared_built_in(own: Map) -> Mapping[str, Any]:
    """Return the built-in values of a shared file system, which are those of a home."""
    return BUILT_IN


def check(own: Map, holder: SourceSpan) -> Iterator[Problem]:
    """Report nothing: the schema says all that AWS refuses."""
    return iter(())


def check_shared(own: Map, holder: SourceSpan) -> Iterator[Problem]:
    """Report nothing, as of a home."""
    return check(own, holder)


def build(own: Map, context: Context) -> EfsFileSystem:
    """Build the file system, of a home or of a shared one."""
    return EfsFileSystem(
        name=context.name,
        fleet=context.fleet,
        workstation=context.workstation,
        owner=context.owner,
        region=context.region,
        subnets=context.subnets,
        availability_zone=own.get("availability_zone"),
        zones=context.zones,
        transition_to_ia=own["transition_to_ia"],
        uid=own["uid"],
        gid=own["gid"],
        kms_key_id=own.get("kms_key_id"),
        tags=context.tags,
        where=context.where,
    )
