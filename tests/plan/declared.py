"""A workstation and a file system as a declaration leaves them, with what a test overrides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.declare.fleet import (
    LOCATED,
    Image,
    RootVolume,
    Site,
    Subnets,
    Workstation,
)
from reconciler.declare.homes.ebs import EbsHome
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from reconciler.errors import Where
from reconciler.plan.resolve import Facts, ImageFacts, ResolvedWorkstation, Subnet

REGION = "us-east-1"
FILE = "fleets/vision.yaml"
HERE = Where(FILE, 3, 3)
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)  # a Friday
IMAGE = ImageFacts(
    "ami-0123456789abcdef0", "golden-1", "x86_64", "/dev/sda1", 30, owner="123456789012"
)
PRIVATE = Subnets(tags=(("Tier", "private"),))


def subnet(letter: str, vpc: str = "vpc-1", region: str = REGION, **tags: str) -> Subnet:
    """`subnet-a` in zone a, private unless said otherwise."""
    return Subnet(f"subnet-{letter}", vpc, f"{region}{letter[0]}", {"Tier": "private", **tags})


THREE = (subnet("c"), subnet("a"), subnet("b"))
PROFILE = "arn:aws:iam::123456789012:instance-profile/workstation"
ROLE = "arn:aws:iam::123456789012:role/scheduler"


def facts(**overrides: Any) -> Facts:
    """A region where everything is there."""
    there = Facts(
        subnets=THREE,
        images={"/golden": IMAGE},
        instance_profiles={"workstation": PROFILE},
        roles={"scheduler": ROLE},
    )
    return replace(there, **overrides)


def lustre(name: str = "home", workstation: str = "alice", **overrides: Any) -> LustreFileSystem:
    made = LustreFileSystem(
        name=name,
        fleet="vision",
        workstation=workstation,
        owner="",
        region=REGION,
        subnets=PRIVATE,
        availability_zone=None,
        zones=(),
        storage_capacity=1200,
        deployment_type="PERSISTENT_2",
        storage_type="SSD",
        per_unit_storage_throughput=125,
        drive_cache_type=None,
        data_compression_type="LZ4",
        file_system_type_version="2.15",
        automatic_backup_retention_days=None,
        weekly_maintenance_start_time=None,
        root_squash=None if workstation else True,
        kms_key_id=None,
        tags={},
        where=Where(FILE, 20, 5),
    )
    return replace(made, **overrides)


def volume(**overrides: Any) -> EbsHome:
    return replace(EbsHome(200, 3000, 125, None, None, Where(FILE, 9, 7)), **overrides)


def workstation(name: str = "alice", **overrides: Any) -> Workstation:
    settings = ("image", "network.subnets", "instance_profile", "scheduler_role", "gpu")
    written = {path: Where(FILE, 10 + i, 5) for i, path in enumerate(settings)}
    made = Workstation(
        name=name,
        fleet="vision",
        owner="",
        region=REGION,
        zones=(),
        subnets=PRIVATE,
        image=Image(ssm_parameter="/golden"),
        instance_profile="workstation",
        profile_pattern="workstation",
        scheduler_role="scheduler",
        instance_types=(),
        instance_requirements={"VCpuCount": {"Min": 4}},
        public_addresses=False,
        spot_policy="auto",
        on_demand_fallback=None,
        max_runtime=None,
        outside_hours="report",
        notices=(),
        ssh_keys=(),
        idle=None,
        metrics_namespace="",
        root=RootVolume(100, 3000, 125, None),
        home=None,
        mounts=(),
        schedule=(),
        tags={},
        where=HERE,
        places={path: written.get(path, HERE) for path in LOCATED},
    )
    return replace(made, **overrides)


def site(*workstations: Workstation, shared: tuple[LustreFileSystem, ...] = ()) -> Site:
    regions = sorted({each.region for each in workstations} | {each.region for each in shared})
    return Site("acme", "123456789012", tuple(regions), (), (), workstations, shared, (FILE,))


def resolved(name: str = "alice", zones: str = "ab", **overrides: Any) -> ResolvedWorkstation:
    """A workstation that may be in these zones."""
    places = tuple(subnet(letter) for letter in zones)
    return ResolvedWorkstation(workstation(name, **overrides), IMAGE, places, PROFILE, ROLE)
