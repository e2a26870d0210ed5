"""The data of the contract of homes: for each type what is written, and what AWS has of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One type of home, on both sides."""

    written: str  # as YAML in flow style
    known: Mapping[str, str]  # attributes that AWS has made up of it
    id: str  # which they name
    stored: tuple[str, str, dict[str, Any]]  # operation, list in its answer, an item without tags
    odd: str  # a member without which an item cannot be read


SAMPLES = {
    "ebs": Sample(
        "{size: 200GiB}",
        {"id": "vol-1"},
        "vol-1",
        ("describe_volumes", "Volumes", {"VolumeId": "vol-1", "Size": 200}),
        "Size",
    ),
    "efs": Sample(
        "{transition_to_ia: AFTER_30_DAYS}",
        {"id": "fs-1"},
        "fs-1",
        (
            "describe_file_systems",
            "FileSystems",
            {"FileSystemId": "fs-1", "SizeInBytes": {"Value": 200 * 1024**3}},
        ),
        "SizeInBytes",
    ),
    "fsx_lustre": Sample(
        "{storage_capacity: 1200GiB}",
        {"dns_name": "fs-1.fsx.us-east-1.amazonaws.com", "mount_name": "abcdef"},
        "fs-1",
        (
            "describe_file_systems",
            "FileSystems",
            {
                "FileSystemId": "fs-1",
                "StorageCapacity": 1200,
                "StorageType": "SSD",
                "LustreConfiguration": {
                    "DeploymentType": "PERSISTENT_2",
                    "PerUnitStorageThroughput": 125,
                },
            },
        ),
        "StorageCapacity",
    ),
}
