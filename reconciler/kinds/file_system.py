"""FSx for Lustre: a workstation's own home, or shared by a fleet. Never deleted by a run.

File systems have no unique name: the tags are the identity, and the creation token is
computed from it, so that a repeated create finds the first one (FSx API, CreateFileSystem).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.declare.fleet import LustreFileSystem
from reconciler.kinds import security_group, security_group_rules
from reconciler.kinds.identity import creation_token, tag_arn
from reconciler.money.storage import lustre_month
from reconciler.plan.diff import differing
from reconciler.plan.kind import Aws, Scope
from reconciler.plan.model import (
    IN_PLACE,
    STALLS,
    Change,
    Desired,
    FieldChange,
    Impact,
    Key,
    Live,
    Op,
    Ref,
    Removal,
    fixed,
    grow,
)
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
from reconciler.plan.resolve import ResolvedFileSystem, ResolvedSite

NAME = "file_system"
MOVES: frozenset[str] = frozenset()
HOLDS_INSTANCES = False


@dataclass(frozen=True, slots=True)
class FileSystem:
    """One Lustre file system. None: not declared, so not compared."""

    availability_zone: str | None
    subnet_id: str  # where it is made; the zone is what counts later
    security_group_id: str | Ref | None  # at creation only: AWS does not tell it back
    deployment_type: str
    storage_type: str
    storage_capacity: int  # GiB
    per_unit_storage_throughput: int | None  # MB/s per TiB
    drive_cache_type: str | None
    data_compression_type: str
    file_system_type_version: str
    automatic_backup_retention_days: int | None
    weekly_maintenance_start_time: str | None
    kms_key_id: str | None
    tags: Mapping[str, str]


_COPY = (
    "cannot change in place; declare a new file system under another name, copy the data, "
    "then drop the old one from the YAML (its data stays until it is retired)"
)

RULES = {
    "availability_zone": fixed(f"the zone {_COPY}"),
    "deployment_type": fixed(f"the deployment type {_COPY}"),
    "storage_type": fixed(f"the storage type {_COPY}"),
    "storage_capacity": grow(
        Impact.DISRUPTIVE, "FSx for Lustre only grows; put the size in use back into the YAML"
    ),
    "per_unit_storage_throughput": STALLS,
    "drive_cache_type": fixed(f"the drive cache {_COPY}"),
    "data_compression_type": IN_PLACE,
    "file_system_type_version": grow(
        Impact.DISRUPTIVE, "Lustre versions only go up; put the version in use back into the YAML"
    ),
    "automatic_backup_retention_days": IN_PLACE,
    "weekly_maintenance_start_time": IN_PLACE,
    "kms_key_id": fixed(f"the key {_COPY}"),
    "tags": IN_PLACE,
}


def key(site: str, region: str, of: str, name: str) -> Key:
    """`acme-alice/home`, `acme-vision/datasets`: a slash, since names cannot hold one."""
    return Key(region, NAME, f"{site}-{of}/{name}")


def key_of(site: str, each: LustreFileSystem) -> Key:
    """The key of a declared file system."""
    return key(site, each.region, each.workstation or each.fleet, each.name)


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Every declared file system: homes and shared ones."""
    for each in site.file_systems:
        declared = each.declared
        target = key_of(site.name, declared)
        yield Desired(
            target,
            _spec(site.name, target, each),
            where=declared.where,
            fleet=declared.fleet,
            workstation=declared.workstation,
            after=(_lustre_rules(site.name, each),),
        )


def _lustre_rules(site: str, each: ResolvedFileSystem) -> Key:
    """AWS refuses a file system whose group does not admit Lustre yet."""
    group = security_group.key(site, each.declared.region, each.subnet.vpc_id, "lustre")
    return Key(group.region, security_group_rules.NAME, group.name)


def _spec(site: str, target: Key, each: ResolvedFileSystem) -> FileSystem:
    declared = each.declared
    group = security_group.key(site, declared.region, each.subnet.vpc_id, "lustre")
    owners = ownership(
        site, declared.fleet, declared.workstation, declared.owner, file_system=declared.name
    )
    return FileSystem(
        availability_zone=declared.availability_zone,
        subnet_id=each.subnet.id,
        security_group_id=Ref(group, "id"),
        deployment_type=declared.deployment_type,
        storage_type=declared.storage_type,
        storage_capacity=declared.storage_capacity,
        per_unit_storage_throughput=declared.per_unit_storage_throughput,
        drive_cache_type=declared.drive_cache_type,
        data_compression_type=declared.data_compression_type,
        file_system_type_version=declared.file_system_type_version,
        automatic_backup_retention_days=declared.automatic_backup_retention_days,
        weekly_maintenance_start_time=declared.weekly_maintenance_start_time,
        kms_key_id=each.key_arn,
        tags={"Name": target.name, **declared.tags, **owners},
    )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Every file system with our tags, the oldest first.

    Two may bear the same tags, a restored backup: plan/live.py says which one is meant.
    """
    ours = [
        (tags, item)
        for item in aws.pages("fsx", "describe_file_systems", "FileSystems", 100)
        if item["FileSystemType"] == "LUSTRE" and item["Lifecycle"] != "DELETING"
        if scope.owns(tags := read_tags(item.get("Tags", ())))
    ]
    subnets = aws.pages("ec2", "describe_subnets", "Subnets", 1000) if ours else ()
    zones = {item["SubnetId"]: item["AvailabilityZone"] for item in subnets}
    for tags, item in sorted(ours, key=lambda o: (str(o[1]["CreationTime"]), o[1]["FileSystemId"])):
        of = tags.get(WORKSTATION) or tags.get(FLEET, "")
        target = key(scope.site, aws.region, of, tags.get(FILE_SYSTEM, item["FileSystemId"]))
        yield _live(target, item, tags, scope, zones)


def _live(
    target: Key,
    item: Mapping[str, Any],
    tags: Mapping[str, str],
    scope: Scope,
    zones: Mapping[str, str],
) -> Live:
    lustre = item["LustreConfiguration"]
    lifecycle = item["Lifecycle"]
    coming = _update_under_way(item)
    spec = FileSystem(
        availability_zone=zones[item["SubnetIds"][0]],
        subnet_id=item["SubnetIds"][0],
        security_group_id=None,
        deployment_type=lustre["DeploymentType"],
        storage_type=item["StorageType"],
        storage_capacity=coming.get("StorageCapacity", item.get("StorageCapacity", 0)),
        per_unit_storage_throughput=coming.get("LustreConfiguration", {}).get(
            "PerUnitStorageThroughput", lustre.get("PerUnitStorageThroughput")
        ),
        drive_cache_type=lustre.get("DriveCacheType"),
        data_compression_type=lustre.get("DataCompressionType", "NONE"),
        file_system_type_version=item.get("FileSystemTypeVersion", ""),
        automatic_backup_retention_days=lustre.get("AutomaticBackupRetentionDays", 0),
        weekly_maintenance_start_time=lustre.get("WeeklyMaintenanceStartTime"),
        kms_key_id=item.get("KmsKeyId"),
        tags=scope.managed(tags),
    )
    attrs = {
        "id": item["FileSystemId"],
        "arn": item["ResourceARN"],
        "dns_name": item.get("DNSName", ""),
        "mount_name": lustre.get("MountName", ""),
    }
    if REPLACES in tags:
        attrs["replaces"] = tags[REPLACES]
    busy = broken = ""
    if lifecycle == "CREATING":
        busy = f"{item['FileSystemId']} is being created"
    elif lifecycle == "UPDATING" or coming:
        busy = f"{item['FileSystemId']} is being updated"
    elif lifecycle != "AVAILABLE":
        why = item.get("FailureDetails", {}).get("Message", "no reason given")
        broken = f"{item['FileSystemId']} is {lifecycle}: {why}; see the FSx console"
    return Live(
        target,
        spec,
        owned=True,
        attrs=attrs,
        fleet=tags.get(FLEET, ""),
        workstation=tags.get(WORKSTATION, ""),
        owner=tags.get(OWNER, ""),
        ready=lifecycle in ("AVAILABLE", "UPDATING"),
        busy=busy,
        broken=broken,
        removal=Removal.DATA,
        monthly_cost=lustre_month(
            spec.deployment_type,
            spec.storage_type,
            spec.storage_capacity,
            spec.per_unit_storage_throughput,
        ),
    )


def _update_under_way(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a running update leads to, so that it is not asked for twice."""
    for action in item.get("AdministrativeActions", ()):
        if action["AdministrativeActionType"] == "FILE_SYSTEM_UPDATE" and action["Status"] in (
            "PENDING",
            "IN_PROGRESS",
        ):
            target: Mapping[str, Any] = action.get("TargetFileSystemValues", {})
            return target
    return {}


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """Field by field; the subnet and the group were only needed to create it."""
    return differing(live.spec, want.spec, RULES)


def apply(aws: Aws, change: Change) -> Live | None:
    """Create, or update in place."""
    assert change.desired is not None
    spec: FileSystem = change.desired.spec
    if change.op is Op.CREATE:
        return _create(aws, change, spec)
    assert change.live is not None
    live = change.live
    fields = {each.field for each in change.fields}
    request: dict[str, Any] = {}
    if "storage_capacity" in fields:
        request["StorageCapacity"] = spec.storage_capacity
    if "file_system_type_version" in fields:
        request["FileSystemTypeVersion"] = spec.file_system_type_version
    lustre = {
        name: getattr(spec, field)
        for field, name in {
            "per_unit_storage_throughput": "PerUnitStorageThroughput",
            "data_compression_type": "DataCompressionType",
            "automatic_backup_retention_days": "AutomaticBackupRetentionDays",
            "weekly_maintenance_start_time": "WeeklyMaintenanceStartTime",
        }.items()
        if field in fields
    }
    if lustre:
        request["LustreConfiguration"] = lustre
    if request:
        aws.call("fsx", "update_file_system", FileSystemId=live.attrs["id"], **request)
    if "tags" in fields:
        tag_arn(aws, "fsx", live.attrs["arn"], live.spec.tags, spec.tags)
    return Live(change.key, spec, owned=True, attrs=live.attrs)


def _create(aws: Aws, change: Change, spec: FileSystem) -> Live:
    lustre = {
        "DeploymentType": spec.deployment_type,
        "PerUnitStorageThroughput": spec.per_unit_storage_throughput,
        "DriveCacheType": spec.drive_cache_type,
        "DataCompressionType": spec.data_compression_type,
        "AutomaticBackupRetentionDays": spec.automatic_backup_retention_days,
        "WeeklyMaintenanceStartTime": spec.weekly_maintenance_start_time,
    }
    answer = aws.call(
        "fsx",
        "create_file_system",
        ClientRequestToken=creation_token(aws, change),
        FileSystemType="LUSTRE",
        StorageType=spec.storage_type,
        StorageCapacity=spec.storage_capacity,
        FileSystemTypeVersion=spec.file_system_type_version,
        SubnetIds=[spec.subnet_id],
        SecurityGroupIds=[spec.security_group_id],
        Tags=write_tags(spec.tags),
        LustreConfiguration={name: value for name, value in lustre.items() if value is not None},
        **({"KmsKeyId": spec.kms_key_id} if spec.kms_key_id else {}),
    )["FileSystem"]
    return Live(
        change.key,
        spec,
        owned=True,
        attrs={"id": answer["FileSystemId"]},
        ready=False,
        busy=f"{answer['FileSystemId']} is being created",
    )
