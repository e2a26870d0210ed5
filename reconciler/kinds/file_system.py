"""FSx for Lustre: a workstation's own home, or shared by a fleet. Never deleted by a run.

File systems have no unique name: the tags are the identity, and the creation token is
computed from it, so that a repeated create finds the first one (FSx API, CreateFileSystem).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.declare.fleet import FileSystem as Declared
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from reconciler.kinds import (
    group_keys,
    lustre_actions,
    lustre_limits,
    lustre_network,
    lustre_words,
    precondition,
    root_squash,
)
from reconciler.kinds.tagging import client_token, tag_resource
from reconciler.money.storage import lustre_month
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, DeletionPolicy, Desired, Key, Live, Ref, Update
from reconciler.plan.ownership import (
    FILE_SYSTEM,
    FLEET,
    OWNER,
    REPLACES,
    SITE,
    WORKSTATION,
    ownership,
    read_tags,
    write_tags,
)
from reconciler.plan.projection import Unreadable, projected
from reconciler.plan.resolve import ResolvedFileSystem, ResolvedSite
from reconciler.plan.update_policy import IN_PLACE, WHEN_UNMOUNTED, When, fixed

NAME = "file_system"
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False


@dataclass(frozen=True, slots=True)
class FileSystem:
    """An FSx for Lustre file system. None: not declared, so not compared."""

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
    root_squash: str | None
    kms_key_id: str | Ref | None
    tags: Mapping[str, str]


_FOR_LIFE = (
    "{} cannot change: put the one in use back into the YAML. For another, declare a file system "
    "under another name (of a home: take the tag reconciler:site off this one, and approve a new, "
    "empty home), and copy the data by hand"
)


# AWS's words, in the Lustre user guide. Version: "all clients must be disconnected". Throughput:
# "unavailable for up to an hour" (its pages disagree: "a few minutes", "very brief"). Storage: "may
# be unavailable for a few minutes". Compression: of new files, without a word of unavailability.
UPDATE_POLICY = {
    "availability_zone": fixed(_FOR_LIFE.format("the zone")),
    "deployment_type": fixed(_FOR_LIFE.format("the deployment type")),
    "storage_type": fixed(_FOR_LIFE.format("the storage type")),
    "storage_capacity": replace(
        WHEN_UNMOUNTED,
        grows=True,
        advice="FSx for Lustre only grows: put the size in use back into the YAML",
        refuses=lustre_limits.grows,
    ),
    "per_unit_storage_throughput": replace(WHEN_UNMOUNTED, refuses=lustre_limits.scales),
    "drive_cache_type": fixed(_FOR_LIFE.format("the drive cache")),
    "data_compression_type": IN_PLACE,
    "file_system_type_version": replace(
        WHEN_UNMOUNTED,
        grows=True,
        advice="Lustre versions only go up: put the version in use back into the YAML",
    ),
    "automatic_backup_retention_days": replace(IN_PLACE, refuses=lustre_limits.backs_up),
    "weekly_maintenance_start_time": IN_PLACE,
    "root_squash": IN_PLACE,
    "kms_key_id": fixed(_FOR_LIFE.format("the KMS key")),
    "tags": IN_PLACE,
}


def key(site: str, region: str, of: str, name: str) -> Key:
    """Return `acme-alice/home` or `acme-vision/datasets`: names cannot hold a slash."""
    return Key(region, NAME, f"{site}-{of}/{name}")


def key_of(site: str, each: Declared) -> Key:
    """Return the key of a declared file system."""
    return key(site, each.region, each.workstation or each.fleet, each.name)


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield every declared file system: homes and shared ones."""
    for each, declared in site.file_systems_of(LustreFileSystem):
        target = key_of(site.name, declared)
        yield Desired(
            target,
            _spec(site.name, target, each, declared),
            where=declared.where,
            fleet=declared.fleet,
            workstation=declared.workstation,
            # AWS refuses a file system whose group does not admit Lustre yet.
            after=(group_keys.rules_of(_group(site.name, each)),),
        )


def _group(site: str, each: ResolvedFileSystem) -> Key:
    return group_keys.of_file_system(site, each, lustre_network.NETWORK.role)


def _spec(
    site: str, target: Key, each: ResolvedFileSystem, declared: LustreFileSystem
) -> FileSystem:
    owners = ownership(
        site, declared.fleet, declared.workstation, declared.owner, file_system=declared.name
    )
    return FileSystem(
        availability_zone=declared.availability_zone,
        subnet_id=each.subnet.id,
        security_group_id=Ref(_group(site, each), "id"),
        deployment_type=declared.deployment_type,
        storage_type=declared.storage_type,
        storage_capacity=declared.storage_capacity,
        per_unit_storage_throughput=declared.per_unit_storage_throughput,
        # SSD storage has none, and AWS does not say NONE of it.
        drive_cache_type=declared.drive_cache_type if declared.storage_type == "HDD" else None,
        data_compression_type=declared.data_compression_type,
        file_system_type_version=declared.file_system_type_version,
        automatic_backup_retention_days=declared.automatic_backup_retention_days,
        weekly_maintenance_start_time=declared.weekly_maintenance_start_time,
        root_squash=root_squash.declared(declared.root_squash),
        kms_key_id=each.key_arn,
        tags={"Name": target.name, **declared.tags, **owners},
    )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield every file system with our tags, the oldest first.

    Two may bear the same tags, a restored backup: plan/live.py says which one is meant.
    """
    found = [
        item
        for item in aws.pages("fsx", "describe_file_systems", "FileSystems", 100)
        if item.get("FileSystemType", "LUSTRE") == "LUSTRE" and item.get("Lifecycle") != "DELETING"
    ]
    identify = partial(_identity, aws.region, scope)
    zones = cache(lambda: _zones(aws))  # read when there is one of ours
    for item in sorted(found, key=_age):
        yield from projected(NAME, aws.region, item, identify, partial(_live, scope, zones))


def _age(item: Mapping[str, Any]) -> tuple[str, str]:
    return (str(item.get("CreationTime")), str(item.get("FileSystemId")))


def _zones(aws: Aws) -> dict[str, str]:
    """The zone of each subnet, by id."""
    subnets = aws.pages("ec2", "describe_subnets", "Subnets", 1000)
    return {str(each.get("SubnetId")): each.get("AvailabilityZone", "") for each in subnets}


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


def _live(
    scope: Scope, zones: Callable[[], Mapping[str, str]], item: Mapping[str, Any], named: Live
) -> Live:
    lustre, tags = item["LustreConfiguration"], read_tags(item["Tags"])
    subnet, coming = item["SubnetIds"][0], lustre_actions.under_way(item)
    if not zones().get(subnet):
        raise Unreadable(f"its subnet {subnet} is not shown to this account any more")
    spec = FileSystem(
        availability_zone=zones()[subnet],
        subnet_id=subnet,
        security_group_id=None,
        deployment_type=lustre["DeploymentType"],
        storage_type=item["StorageType"],
        storage_capacity=coming.get("storage_capacity", item["StorageCapacity"]),
        per_unit_storage_throughput=coming.get(
            "per_unit_storage_throughput", lustre.get("PerUnitStorageThroughput")
        ),
        drive_cache_type=lustre.get("DriveCacheType"),
        data_compression_type=lustre.get("DataCompressionType", "NONE"),
        file_system_type_version=item.get("FileSystemTypeVersion", ""),
        automatic_backup_retention_days=lustre.get("AutomaticBackupRetentionDays", 0),
        weekly_maintenance_start_time=lustre.get("WeeklyMaintenanceStartTime"),
        root_squash=coming.get(
            "root_squash", root_squash.read(lustre.get("RootSquashConfiguration") or {})
        ),
        kms_key_id=item.get("KmsKeyId"),
        tags=scope.managed(tags),
    )
    attrs = {
        **named.attrs,
        "arn": item["ResourceARN"],
        "dns_name": item.get("DNSName", ""),
        "mount_name": lustre.get("MountName", ""),
        **({"replaces": tags[REPLACES]} if REPLACES in tags else {}),
    }
    busy, broken = _state(item, coming)
    return replace(
        named,
        spec=spec,
        attrs=attrs,
        ready=item["Lifecycle"] in ("AVAILABLE", "UPDATING"),
        busy=busy,
        broken=broken,
        failed=lustre_actions.failed(item, scope.now),
        later=lustre_actions.later(item, scope.now),
        monthly_cost=lustre_month(
            spec.deployment_type,
            spec.storage_type,
            spec.storage_capacity,
            spec.per_unit_storage_throughput,
            named.key.region,
        ),
    )


def _state(item: Mapping[str, Any], coming: Mapping[str, Any]) -> tuple[str, str]:
    """Why it takes no change now, and why it takes none ever."""
    lifecycle, file_system_id = item["Lifecycle"], item["FileSystemId"]
    if lifecycle == "CREATING":
        return f"{file_system_id} is being created", ""
    if lifecycle == "UPDATING" or coming:
        return f"{file_system_id} is being updated", ""
    if lifecycle == "AVAILABLE":
        return "", ""
    why = item.get("FailureDetails", {}).get("Message", "no reason given")
    return "", f"{file_system_id} is {lifecycle}: {why}; see the FSx console"


def create(aws: Aws, change: Create) -> Live:
    """Start to create the file system: AWS takes some minutes."""
    want = change.desired
    spec: FileSystem = want.spec
    lustre = {
        "DeploymentType": spec.deployment_type,
        "PerUnitStorageThroughput": spec.per_unit_storage_throughput,
        "DriveCacheType": spec.drive_cache_type,
        "DataCompressionType": spec.data_compression_type,
        "AutomaticBackupRetentionDays": spec.automatic_backup_retention_days,
        "WeeklyMaintenanceStartTime": spec.weekly_maintenance_start_time,
        "RootSquashConfiguration": root_squash.create(spec.root_squash),
    }
    answer = aws.call(
        "fsx",
        "create_file_system",
        ClientRequestToken=client_token(aws, change),
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
        want.key,
        spec,
        owned=True,
        attrs={"id": answer["FileSystemId"]},
        ready=False,
        busy=f"{answer['FileSystemId']} is being created",
    )


def update(aws: Aws, change: Update) -> Live:
    """Update the file system in place, and write its tags."""
    live, spec = change.live, change.desired.spec
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
    if "root_squash" in fields:
        lustre["RootSquashConfiguration"] = root_squash.update(spec.root_squash or root_squash.OFF)
    if lustre:
        request["LustreConfiguration"] = lustre
    if any(UPDATE_POLICY[field].when is When.UNMOUNTED for field in fields):
        _look_again(aws, change)
    if request:
        aws.call("fsx", "update_file_system", FileSystemId=live.attrs["id"], **request)
    if "tags" in fields:
        resource = {"ResourceARN": live.attrs["arn"]}
        tag_resource(aws, "fsx", resource, live.spec.tags, spec.tags)
    return Live(live.key, spec, owned=True, attrs=live.attrs)


def _look_again(aws: Aws, change: Update) -> None:
    """Nobody ran when the plan was made: AWS takes the data away, and a mounted client makes it
    give a version upgrade up (Lustre user guide, "Managing Lustre versions")."""

    want = change.desired

    def mounts(fleet: str, workstation: str) -> bool:
        if want.workstation:
            return workstation == want.workstation
        return fleet == want.fleet or workstation in change.disturbs

    precondition.unmounted(aws, "fsx:UpdateFileSystem", want.spec.tags[SITE], mounts)


SENSITIVE = lustre_words.SENSITIVE
summary = lustre_words.summary
shown = lustre_words.shown
