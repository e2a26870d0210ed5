"""EFS file systems: a workstation's own home, or shared by a fleet. Never deleted by a run.

File systems have no unique name: the tags are the identity, and the creation token is computed from
it. Unlike FSx, EFS refuses a token that it has seen, and the run then finds what has it (EFS API,
CreateFileSystem). What needs a file system that is available is in kinds of its own: mount targets
and access points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import FileSystem as Declared
from reconciler.declare.homes.efs import EfsFileSystem as DeclaredEfs
from reconciler.errors import NotFound, NotReady
from reconciler.kinds.tagging import client_token, tag_resource
from reconciler.money.efs import efs_month
from reconciler.plan.kind import Scope, Word
from reconciler.plan.model import SUMMARY, Create, DeletionPolicy, Desired, Key, Live, Ref, Update
from reconciler.plan.ownership import (
    FILE_SYSTEM,
    FLEET,
    OWNER,
    REPLACES,
    WORKSTATION,
    ownership,
    read_tags,
    write_tags,
)
from reconciler.plan.projection import Unreadable, projected
from reconciler.plan.resolve import ResolvedFileSystem, ResolvedSite
from reconciler.plan.update_policy import IN_PLACE, fixed

NAME = "efs_file_system"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False
SHARED_LISTS = frozenset({"describe_file_systems"})

THROUGHPUT_MODE = "elastic"
"""It follows what is read and written, with nothing to reserve, and takes cold files."""

NO_TRANSITION = "NONE"
"""What the YAML says where files stay in the primary storage class."""


@dataclass(frozen=True, slots=True)
class EfsFileSystem:
    """An EFS file system. None: not declared, so not compared."""

    availability_zone: str | None  # of One Zone storage; None: regional
    encrypted: bool
    kms_key_id: str | Ref | None
    throughput_mode: str
    lifecycle: Mapping[str, str]  # transition → when, in AWS's words
    tags: Mapping[str, str]


_FOR_LIFE = (
    "{} cannot change: put what is in use back into the YAML. For another, declare a file system "
    "under another name (of a home: take the tag reconciler:site off this one, and approve a new, "
    "empty home), and copy the data by hand"
)

UPDATE_POLICY = {
    "availability_zone": fixed(_FOR_LIFE.format("the zone of One Zone storage")),
    "encrypted": fixed(_FOR_LIFE.format("encryption")),
    "kms_key_id": fixed(_FOR_LIFE.format("the KMS key")),
    "throughput_mode": IN_PLACE,
    "lifecycle": IN_PLACE,
    "tags": IN_PLACE,
}

SENSITIVE = {
    SUMMARY: Word("EFS"),
    "kms_key_id": Word("key of the file system"),
    f"tags.{OWNER}": Word("owner", personal=True),
}


def key(site: str, region: str, of: str, name: str) -> Key:
    """Return `acme-alice/home` or `acme-vision/datasets`, as for Lustre."""
    return Key(region, NAME, f"{site}-{of}/{name}")


def key_of(site: str, each: Declared) -> Key:
    """Return the key of a declared file system."""
    return key(site, each.region, each.workstation or each.fleet, each.name)


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield every declared file system: homes and shared ones."""
    for each, declared in site.file_systems_of(DeclaredEfs):
        target = key_of(site.name, declared)
        yield Desired(
            target,
            _spec(site.name, target, each, declared),
            where=declared.where,
            fleet=declared.fleet,
            workstation=declared.workstation,
        )


def _spec(site: str, target: Key, each: ResolvedFileSystem, declared: DeclaredEfs) -> EfsFileSystem:
    owners = ownership(
        site, declared.fleet, declared.workstation, declared.owner, file_system=declared.name
    )
    when = declared.transition_to_ia
    return EfsFileSystem(
        availability_zone=declared.availability_zone,
        encrypted=True,
        kms_key_id=each.key_arn,
        throughput_mode=THROUGHPUT_MODE,
        lifecycle={} if when == NO_TRANSITION else {"TransitionToIA": when},
        tags={"Name": target.name, **declared.tags, **owners},
    )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield every file system with our tags, the oldest first.

    Two may bear the same tags, a restored backup: plan/live.py says which one is meant.
    """
    identify = partial(_identity, aws.region, scope)
    for item in listed(aws):
        yield from projected(NAME, aws.region, item, identify, partial(_live, aws, scope))


def listed(aws: Aws) -> list[dict[str, Any]]:
    """List all file systems of the region as AWS shows them, the oldest first."""
    found = aws.pages("efs", "describe_file_systems", "FileSystems", 100)
    return sorted(
        (item for item in found if item.get("LifeCycleState") not in ("deleting", "deleted")),
        key=lambda item: (str(item.get("CreationTime")), str(item.get("FileSystemId"))),
    )


def _identity(region: str, scope: Scope, item: Mapping[str, Any]) -> Live | None:
    tags = read_tags(item.get("Tags", ()))
    if not scope.owns(tags):
        return None
    file_system_id = item["FileSystemId"]
    of = tags.get(WORKSTATION) or tags.get(FLEET, "")
    return Live(
        key(scope.site, region, of, tags.get(FILE_SYSTEM, file_system_id)),
        None,
        owned=True,
        attrs={"id": file_system_id},
        fleet=tags.get(FLEET, ""),
        workstation=tags.get(WORKSTATION, ""),
        owner=tags.get(OWNER, ""),
        removal=DeletionPolicy.RETAIN_DATA,
    )


def owned(aws: Aws, scope: Scope) -> dict[str, Live]:
    """Find our file systems by their ids, as far as their tags can be read; only whose each is.

    Of two with the same tags the younger has its id in its key, so that what belongs to both does
    not claim one name.
    """
    identify = partial(_identity, aws.region, scope)
    found: dict[str, Live] = {}
    taken: set[Key] = set()
    for item in listed(aws):
        for live in projected(NAME, aws.region, item, identify, lambda _item, named: named):
            if live.owned:
                file_system_id = live.attrs["id"]
                other = replace(live.key, name=f"{live.key.name} ({file_system_id})")
                found[file_system_id] = replace(live, key=other) if live.key in taken else live
                taken.add(live.key)
    return found


def unreadable(aws: Aws, scope: Scope, kind: str) -> Iterator[Live]:
    """Yield each file system whose tags cannot be read, as a thing of another kind.

    What belongs to it may be what is declared, so nothing of that kind may be created.
    """
    identify = partial(_identity, aws.region, scope)
    for item in listed(aws):
        for live in projected(NAME, aws.region, item, identify, lambda _item, named: named):
            if live.unidentified:
                yield replace(live, key=replace(live.key, kind=kind))


def _live(aws: Aws, scope: Scope, item: Mapping[str, Any], named: Live) -> Live:
    tags = read_tags(item["Tags"])
    file_system_id, state = item["FileSystemId"], item["LifeCycleState"]
    spec = EfsFileSystem(
        availability_zone=item.get("AvailabilityZoneName"),
        encrypted=item.get("Encrypted", False),
        kms_key_id=item.get("KmsKeyId"),
        throughput_mode=item.get("ThroughputMode", ""),
        lifecycle=_lifecycle(aws, file_system_id),
        tags=scope.managed(tags),
    )
    busy = {"creating": "created", "updating": "updated"}.get(state, "")
    healthy = state in ("creating", "updating", "available")
    replaces = {"replaces": tags[REPLACES]} if REPLACES in tags else {}
    return replace(
        named,
        spec=spec,
        attrs={**named.attrs, **replaces},
        ready=state in ("updating", "available"),
        busy=f"{file_system_id} is being {busy}" if busy else "",
        broken="" if healthy else f"{file_system_id} is in state {state}: see the EFS console",
        monthly_cost=efs_month(
            item["SizeInBytes"], named.key.region, one_zone=spec.availability_zone is not None
        ),
    )


def _lifecycle(aws: Aws, file_system_id: str) -> dict[str, str]:
    """Read when files move to other storage classes; EFS tells it of one file system at a time."""
    try:
        answer = aws.call("efs", "describe_lifecycle_configuration", FileSystemId=file_system_id)
    except NotFound as error:
        raise Unreadable("it was deleted while it was read") from error
    return {name: when for each in answer["LifecyclePolicies"] for name, when in each.items()}


def create(aws: Aws, change: Create) -> Live:
    """Create the file system and put its lifecycle.

    Raises: NotReady while it is being created, as AWS takes no lifecycle before it is available: a
    later run finds it, and puts what differs.
    """
    spec: EfsFileSystem = change.desired.spec
    answer = aws.call(
        "efs",
        "create_file_system",
        CreationToken=client_token(aws, change),
        PerformanceMode="generalPurpose",
        ThroughputMode=spec.throughput_mode,
        Encrypted=spec.encrypted,
        Tags=write_tags(spec.tags),
        **({"KmsKeyId": spec.kms_key_id} if spec.kms_key_id else {}),
        **({"AvailabilityZoneName": spec.availability_zone} if spec.availability_zone else {}),
    )
    file_system_id, ready = answer["FileSystemId"], answer["LifeCycleState"] == "available"
    if spec.lifecycle:
        _put_lifecycle(aws, file_system_id, spec)
    return Live(
        change.desired.key,
        spec,
        owned=True,
        attrs={"id": file_system_id},
        ready=ready,
        busy="" if ready else f"{file_system_id} is being created",
    )


def _put_lifecycle(aws: Aws, file_system_id: str, spec: EfsFileSystem) -> None:
    """Write the lifecycle. Raises: NotReady too where a new file system is not visible yet."""
    policies = [{name: when} for name, when in sorted(spec.lifecycle.items())]
    try:
        aws.call(
            "efs",
            "put_lifecycle_configuration",
            FileSystemId=file_system_id,
            LifecyclePolicies=policies,
        )
    except NotFound as error:
        reason = f"{file_system_id} is not visible everywhere yet"
        raise NotReady(error.operation, error.aws_code, reason, error.region) from error


def update(aws: Aws, change: Update) -> Live:
    """Write what differs. The throughput mode comes last: AWS takes one change in 24 hours."""
    live, spec = change.live, change.desired.spec
    fields = {each.field for each in change.fields}
    file_system_id = live.attrs["id"]
    if "lifecycle" in fields:
        _put_lifecycle(aws, file_system_id, spec)
    if "tags" in fields:
        tag_resource(aws, "efs", {"ResourceId": file_system_id}, live.spec.tags, spec.tags)
    if "throughput_mode" in fields:
        mode = spec.throughput_mode
        aws.call("efs", "update_file_system", FileSystemId=file_system_id, ThroughputMode=mode)
    return Live(live.key, spec, owned=True, attrs=live.attrs)


def summary(spec: EfsFileSystem) -> str:
    """Say `regional, elastic throughput` or `One Zone in us-east-1a, elastic throughput`."""
    where = f"One Zone in {spec.availability_zone}" if spec.availability_zone else "regional"
    return f"{where}, {spec.throughput_mode} throughput"
