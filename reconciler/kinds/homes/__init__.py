"""The types of homes in AWS, by the keys of `reconciler/declare/homes`; one module each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reconciler.declare.fleet import Workstation
from reconciler.kinds.home_kind import FileSystemKind, HomeKind
from reconciler.kinds.homes import ebs, efs, fsx_lustre
from reconciler.machine.instance_file import home_path
from reconciler.plan.kind import Kind
from reconciler.plan.model import Key
from reconciler.plan.resolve import ResolvedWorkstation

FILE_SYSTEMS: Mapping[str, FileSystemKind] = {"fsx_lustre": fsx_lustre, "efs": efs}
"""The types that are reached over the network, and that a fleet can share."""

HOMES: Mapping[str, HomeKind] = {"ebs": ebs, **FILE_SYSTEMS}

KINDS: tuple[Kind, ...] = (*fsx_lustre.KINDS, *efs.KINDS, *ebs.KINDS)
"""All kinds of resources that homes take, in apply order."""


class Mounted(NamedTuple):
    """Data that the instances of a workstation mount: its type, its key, the path."""

    kind: HomeKind
    key: Key
    at: str


def home_of(site: str, user: Workstation) -> Mounted | None:
    """Return the home of a workstation; None without one."""
    if user.home is None:
        return None
    kind = HOMES[user.home.type]
    return Mounted(kind, kind.home_key(site, user), home_path(user.name))


def shared_with(site: str, user: Workstation) -> tuple[Mounted, ...]:
    """Return the shared file systems that a workstation mounts."""
    found = ((FILE_SYSTEMS[each.file_system.type], each) for each in user.mounts)
    return tuple(
        Mounted(kind, kind.shared_key(site, each.file_system), each.at) for kind, each in found
    )


def before_instances(site: str, user: ResolvedWorkstation) -> tuple[Key, ...]:
    """Return what has to stand before the group of a workstation: its home, what it mounts."""
    home, shared = home_of(site, user.declared), shared_with(site, user.declared)
    return tuple(
        key
        for data in (home, *shared)
        if data
        for key in data.kind.before_instances(data.key, user)
    )
