"""The rules of FSx for Lustre: sizes, throughputs, what an update may change. [M fsx]"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping

from reconciler.sandbox.operations import AwsError, Wire

THROUGHPUTS: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("PERSISTENT_1", "SSD"): (50, 100, 200),
    ("PERSISTENT_1", "HDD"): (12, 40),
    ("PERSISTENT_2", "SSD"): (125, 250, 500, 1000),
}
HDD_STEP = {12: 6000, 40: 1800}
VERSIONS = ("2.10", "2.12", "2.15")
# What UpdateFileSystem takes in LustreConfiguration besides throughput and metadata.
FREE_UPDATES = (
    "AutoImportPolicy",
    "AutomaticBackupRetentionDays",
    "DailyAutomaticBackupStartTime",
    "DataCompressionType",
    "LogConfiguration",
    "RootSquashConfiguration",
    "WeeklyMaintenanceStartTime",
)


def bad(message: str) -> AwsError:
    """Make FSx's error for nearly everything."""
    return AwsError("BadRequest", message)


def check_create(params: Wire) -> None:
    """Refuse what CreateFileSystem refuses."""
    config = params.get("LustreConfiguration") or {}
    deployment = config.get("DeploymentType", "SCRATCH_1")
    storage = params.get("StorageType", "SSD")
    if len(params["SubnetIds"]) != 1:
        raise bad("Exactly one subnet must be given for a Lustre file system.")
    if storage == "INTELLIGENT_TIERING":
        raise AwsError("NotImplemented", "The sandbox has no INTELLIGENT_TIERING storage.", 501)
    if storage == "HDD" and deployment != "PERSISTENT_1":
        raise bad("Only PERSISTENT_1 file systems can use HDD storage.")
    if storage == "HDD" and config.get("DriveCacheType") is None:
        raise bad("DriveCacheType is required for HDD storage.")
    _throughput(config.get("PerUnitStorageThroughput"), deployment, storage)
    if "StorageCapacity" not in params:
        raise bad("StorageCapacity is required.")
    _capacity(int(params["StorageCapacity"]), deployment, storage, config)
    if config.get("MetadataConfiguration") and deployment != "PERSISTENT_2":
        raise bad("MetadataConfiguration is only supported for PERSISTENT_2 file systems.")
    if params.get("KmsKeyId") and not deployment.startswith("PERSISTENT"):
        raise bad("KmsKeyId is only supported for persistent file systems.")
    if config.get("AutomaticBackupRetentionDays") and deployment.startswith("SCRATCH"):
        raise bad("Automatic backups are not supported for scratch file systems.")
    if version(params) == "2.10" and deployment == "PERSISTENT_2":
        raise bad("Lustre 2.10 is not supported for PERSISTENT_2 file systems.")
    _root_squash(config)


def _root_squash(given: Wire) -> None:
    """UID:GID, both zero, or neither. [M fsx.LustreRootSquashConfiguration]"""
    text = (given.get("RootSquashConfiguration") or {}).get("RootSquash", "0:0")
    if not re.fullmatch("[0-9]{1,10}:[0-9]{1,10}", text):
        raise bad(f"RootSquash {text} is not UID:GID.")
    if len({int(part) == 0 for part in text.split(":")}) > 1:
        raise bad(f"RootSquash {text}: UID and GID must both be zero, or both be non-zero.")


def _throughput(given: int | None, deployment: str, storage: str) -> None:
    allowed = THROUGHPUTS.get((deployment, storage))
    if allowed is None:
        if given is not None:
            raise bad(f"PerUnitStorageThroughput is not supported for {deployment}.")
    elif given not in allowed:
        listed = ", ".join(map(str, allowed))
        raise AwsError(
            "InvalidPerUnitStorageThroughput",
            f"PerUnitStorageThroughput {given} is not valid for {deployment} {storage} file "
            f"systems. Valid values are {listed}.",
        )


def _capacity(size: int, deployment: str, storage: str, config: Wire) -> None:
    if storage == "HDD":
        step = HDD_STEP[config["PerUnitStorageThroughput"]]
        valid = size >= step and size % step == 0
    elif deployment == "SCRATCH_1":
        valid = size in (1200, 2400) or (size > 0 and size % 3600 == 0)
    else:
        valid = size == 1200 or (size > 0 and size % 2400 == 0)
    if not valid:
        raise bad(f"StorageCapacity {size} GiB is not valid for {deployment} {storage}.")


def version(params: Wire) -> str:
    """Choose the Lustre version: the one in the request, or AWS's default. Raises: AwsError for
    one that AWS refuses."""
    config = params.get("LustreConfiguration") or {}
    if config.get("DeploymentType") == "PERSISTENT_2":
        default = "2.15" if config.get("MetadataConfiguration") else "2.12"
    else:
        default = "2.10"
    asked = str(params.get("FileSystemTypeVersion") or default)
    if asked not in VERSIONS:
        raise bad(f"FileSystemTypeVersion {asked} is not one of {', '.join(VERSIONS)}.")
    return asked


def configuration(params: Wire) -> Wire:
    """Build the Lustre configuration as AWS shows it, with its defaults."""
    config = copy.deepcopy(params.get("LustreConfiguration") or {})
    config.setdefault("DeploymentType", "SCRATCH_1")
    config.setdefault("DataCompressionType", "NONE")
    config.setdefault("WeeklyMaintenanceStartTime", "7:05:00")
    config.setdefault("LogConfiguration", {"Level": "DISABLED"})
    if config["DeploymentType"].startswith("PERSISTENT"):
        config.setdefault("CopyTagsToBackups", False)
        config.setdefault("AutomaticBackupRetentionDays", 0)
        if config["AutomaticBackupRetentionDays"]:
            config.setdefault("DailyAutomaticBackupStartTime", "05:00")
    if config["DeploymentType"] == "PERSISTENT_2":
        config.setdefault("EfaEnabled", False)
    return dict(config)


def check_update(fields: Wire, config: Wire, params: Wire) -> tuple[Wire, Wire]:
    """Build the fields and configuration after an update. Raises: AwsError where AWS refuses it."""
    fields, config = copy.deepcopy(fields), copy.deepcopy(config)
    given = params.get("LustreConfiguration") or {}
    deployment, storage = config["DeploymentType"], fields["StorageType"]
    if (size := params.get("StorageCapacity")) is not None and size != fields["StorageCapacity"]:
        _grow(int(size), fields, config)
        fields["StorageCapacity"] = int(size)
    if (wanted := params.get("FileSystemTypeVersion")) is not None:
        if wanted not in VERSIONS or wanted <= fields["FileSystemTypeVersion"]:
            raise bad(f"The Lustre version can only go up, to one of {', '.join(VERSIONS)}.")
        fields["FileSystemTypeVersion"] = wanted
    if (throughput := given.get("PerUnitStorageThroughput")) is not None:
        if storage != "SSD":
            raise bad(f"The throughput of {storage} file systems cannot be changed.")
        _throughput(throughput, deployment, storage)
        config["PerUnitStorageThroughput"] = throughput
    if (metadata := given.get("MetadataConfiguration")) is not None:
        before = config.get("MetadataConfiguration", {})
        if metadata.get("Iops", 0) < before.get("Iops", 0):
            raise bad("Metadata IOPS can only be increased.")
        config["MetadataConfiguration"] = {**before, **metadata}
    if given.get("AutomaticBackupRetentionDays") and deployment.startswith("SCRATCH"):
        raise bad("Automatic backups are not supported for scratch file systems.")
    _root_squash(given)
    config |= {name: given[name] for name in FREE_UPDATES if given.get(name) is not None}
    return fields, config


def _grow(size: int, fields: Wire, config: Wire) -> None:
    deployment, now = config["DeploymentType"], fields["StorageCapacity"]
    if deployment == "SCRATCH_1":
        raise bad("The storage capacity of SCRATCH_1 file systems cannot be changed.")
    if size < now:
        raise bad(f"StorageCapacity must be larger than the current {now} GiB.")
    if fields["StorageType"] == "SSD" and size % 2400:
        raise bad(f"StorageCapacity {size} GiB is not a multiple of 2400 GiB.")
    _capacity(size, deployment, fields["StorageType"], config)
