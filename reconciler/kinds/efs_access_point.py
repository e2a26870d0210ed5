"""EFS access points: one for each workstation and file system that it mounts. Never deleted.

Through an access point every file is written and read as one user, whoever the client says it is,
root included, and no directory above its own can be seen (EFS user guide, "Enforcing a user
identity using an access point"). Nothing but its tags ever changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Workstation, of_type
from reconciler.declare.homes.efs import EfsFileSystem
from reconciler.kinds import efs_file_system
from reconciler.kinds.tagging import tag_resource
from reconciler.plan.kind import Scope, Word
from reconciler.plan.model import Create, Desired, Key, Live, Ref, Update
from reconciler.plan.ownership import (
    FLEET,
    OWNER,
    WORKSTATION,
    ownership,
    read_tags,
    write_tags,
)
from reconciler.plan.projection import number, projected, text
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import IN_PLACE, fixed

NAME = "efs_access_point"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

HOME, SHARED = "/home", "/shared"
"""The directory that a home, or a shared file system, has everything in."""

PERMISSIONS = {HOME: "0750", SHARED: "0770"}
"""Of that directory when EFS makes it. A home is mounted as the home directory of one person."""


@dataclass(frozen=True, slots=True)
class EfsAccessPoint:
    """An EFS access point."""

    file_system_id: str | Ref
    uid: int
    gid: int
    path: str
    tags: Mapping[str, str]


_FOR_LIFE = (
    "{} of an access point cannot change: put the one in use back into the YAML, or delete the "
    "access point by hand, which leaves all files as they are"
)

UPDATE_POLICY = {
    "file_system_id": fixed(_FOR_LIFE.format("the file system")),
    "uid": fixed(_FOR_LIFE.format("the user id")),
    "gid": fixed(_FOR_LIFE.format("the group id")),
    "path": fixed(_FOR_LIFE.format("the directory")),
    "tags": IN_PLACE,
}

SENSITIVE = {f"tags.{OWNER}": Word("owner", personal=True)}


def key(file_system: Key, workstation: str) -> Key:
    """Return `acme-alice/home (alice)`, or `acme-vision/datasets (alice)` for what is shared."""
    return Key(file_system.region, NAME, f"{file_system.name} ({workstation})")


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield an access point for each EFS file system that a workstation mounts."""
    for each in site.workstations:
        declared = each.declared
        for file_system in of_type(EfsFileSystem, declared.storage):
            yield _desired(site.name, declared, file_system)


def _desired(site: str, declared: Workstation, file_system: EfsFileSystem) -> Desired:
    data = efs_file_system.key_of(site, file_system)
    target = key(data, declared.name)
    owners = ownership(
        site, declared.fleet, declared.name, declared.owner, file_system=file_system.name
    )
    spec = EfsAccessPoint(
        file_system_id=Ref(data, "id"),
        uid=file_system.uid,
        gid=file_system.gid,
        path=HOME if file_system.workstation else SHARED,
        tags={"Name": target.name, **declared.tags, **owners},
    )
    return Desired(
        target,
        spec,
        where=file_system.where,
        fleet=declared.fleet,
        workstation=declared.name,
    )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield every access point with our tags to a file system of ours; without such, read none."""
    yield from efs_file_system.unreadable(aws, scope, NAME)
    file_systems = efs_file_system.owned(aws, scope)
    if not file_systems:
        return
    identify = partial(_identity, aws.region, scope, file_systems)
    points = aws.pages("efs", "describe_access_points", "AccessPoints", 100)
    for item in sorted(points, key=lambda item: str(item.get("AccessPointId"))):
        if item.get("LifeCycleState") not in ("deleting", "deleted"):
            yield from projected(NAME, aws.region, item, identify, partial(_live, scope))


def _identity(
    region: str, scope: Scope, file_systems: Mapping[str, Live], item: Mapping[str, Any]
) -> Live | None:
    tags = read_tags(item.get("Tags", ()))
    parent = file_systems.get(item["FileSystemId"])
    if not scope.owns(tags) or parent is None:
        return None
    access_point_id, workstation = text(item, "AccessPointId"), tags.get(WORKSTATION, "")
    return Live(
        key(parent.key, workstation or access_point_id),
        None,
        owned=True,
        attrs={"id": access_point_id},
        fleet=tags.get(FLEET, ""),
        workstation=workstation,
        owner=tags.get(OWNER, ""),
    )


def _live(scope: Scope, item: Mapping[str, Any], named: Live) -> Live:
    user, state = item["PosixUser"], item["LifeCycleState"]
    spec = EfsAccessPoint(
        file_system_id=item["FileSystemId"],
        uid=number(user, "Uid"),
        gid=number(user, "Gid"),
        path=item["RootDirectory"]["Path"],
        tags=scope.managed(read_tags(item["Tags"])),
    )
    healthy = state in ("creating", "updating", "available")
    access_point_id = named.attrs["id"]
    return replace(
        named,
        spec=spec,
        ready=healthy,
        broken="" if healthy else f"{access_point_id} is in state {state}: see the EFS console",
    )


def create(aws: Aws, change: Create) -> Live:
    """Create the access point. EFS makes its directory when it is mounted first."""
    target, spec = change.desired.key, change.desired.spec
    answer = aws.call(
        "efs",
        "create_access_point",
        ClientToken=_token(aws, target, spec),
        FileSystemId=spec.file_system_id,
        PosixUser={"Uid": spec.uid, "Gid": spec.gid},
        RootDirectory={
            "Path": spec.path,
            "CreationInfo": {
                "OwnerUid": spec.uid,
                "OwnerGid": spec.gid,
                "Permissions": PERMISSIONS[spec.path],
            },
        },
        Tags=write_tags(spec.tags),
    )
    # The id holds from the create on, and a template only contains it.
    return Live(target, spec, owned=True, attrs={"id": answer["AccessPointId"]})


def _token(aws: Aws, target: Key, spec: EfsAccessPoint) -> str:
    """A token is of a region, not of a file system: of another file system it is another one."""
    identity = (aws.account, target.region, target.kind, target.name, str(spec.file_system_id))
    return hashlib.sha256("|".join(identity).encode()).hexdigest()[:40]


def update(aws: Aws, change: Update) -> Live:
    """Write its tags; AWS changes nothing else of an access point."""
    live, spec = change.live, change.desired.spec
    tag_resource(aws, "efs", {"ResourceId": live.attrs["id"]}, live.spec.tags, spec.tags)
    return Live(live.key, spec, owned=True, attrs=live.attrs)


def summary(spec: EfsAccessPoint) -> str:
    """Say `/home as user 1000:1000`."""
    return f"{spec.path} as user {spec.uid}:{spec.gid}"
