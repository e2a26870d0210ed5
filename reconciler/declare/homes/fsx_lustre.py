"""`home: {fsx_lustre: …}` and shared file systems of `type: fsx_lustre`: FSx for Lustre."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reconciler.declare.fleet import Subnets
from reconciler.declare.homes.questions import Context
from reconciler.declare.scalars import either
from reconciler.declare.tree import Map, SourceSpan, required, wrong
from reconciler.declare.units import gib
from reconciler.errors import Problem, Where

BUILT_IN: Mapping[str, Any] = {
    "deployment_type": "PERSISTENT_2",
    "storage_type": "SSD",
    "data_compression_type": "LZ4",
    "file_system_type_version": "2.15",
}
SHARED: Mapping[str, Any] = {"root_squash": True}
SETTINGS = frozenset({
    "storage_capacity",
    "deployment_type",
    "storage_type",
    "per_unit_storage_throughput",
    "drive_cache_type",
    "data_compression_type",
    "file_system_type_version",
    "automatic_backup_retention_days",
    "weekly_maintenance_start_time",
    "root_squash",
    "availability_zone",
    "kms_key_id",
})  # fmt: skip
_PERSISTENT_2: Mapping[str, Any] = {"per_unit_storage_throughput": 125}
_THROUGHPUT = {
    ("PERSISTENT_1", "SSD"): (50, 100, 200),
    ("PERSISTENT_1", "HDD"): (12, 40),
    ("PERSISTENT_2", "SSD"): (125, 250, 500, 1000),
}
_HDD_STEP = {12: 6000, 40: 1800}


@dataclass(frozen=True, slots=True)
class LustreFileSystem:
    """An FSx for Lustre file system, a workstation's own home or shared by a fleet.

    None means "not declared": not compared, and AWS's (or our) default at creation.
    """

    name: str  # "home" for a workstation's own, otherwise its key under file_systems
    fleet: str
    workstation: str  # "" when the fleet shares it
    owner: str
    region: str
    subnets: Subnets
    availability_zone: str | None  # None: the first zone that has a subnet, chosen at creation
    zones: tuple[str, ...]  # the zones to choose from; () means any
    storage_capacity: int  # GiB
    deployment_type: str
    storage_type: str
    per_unit_storage_throughput: int | None  # MB/s per TiB
    drive_cache_type: str | None
    data_compression_type: str
    file_system_type_version: str
    automatic_backup_retention_days: int | None
    weekly_maintenance_start_time: str | None
    root_squash: bool | None  # whether root of a client is nobody; None for a home, which has one
    kms_key_id: str | None
    tags: Mapping[str, str]
    where: Where

    type: ClassVar[str] = "fsx_lustre"
    label: ClassVar[str] = "Lustre"
    ties_to_zone: ClassVar[bool] = False
    crosses_zones: ClassVar[bool] = True
    forced_uid: ClassVar[None] = None

    @property
    def file_system(self) -> LustreFileSystem:
        """The file system itself: instances mount it over the network."""
        return self


def built_in(own: Map) -> Mapping[str, Any]:
    """Return the built-in values of a home: only PERSISTENT_2 has a throughput for everybody."""
    deployment = own.get("deployment_type", BUILT_IN["deployment_type"])
    return {**BUILT_IN, **_PERSISTENT_2} if deployment == "PERSISTENT_2" else BUILT_IN


def shared_built_in(own: Map) -> Mapping[str, Any]:
    """Return the built-in values of a shared file system: root of its clients is nobody."""
    return {**SHARED, **built_in(own)}


def check(own: Map, holder: SourceSpan) -> Iterator[Problem]:
    """Report what AWS refuses of a file system, and a home that would not last."""
    if own.get("deployment_type", "").startswith("SCRATCH"):
        yield wrong(
            own,
            "deployment_type",
            holder,
            f"a home on {own['deployment_type']} would be lost with the first failed disk",
            "use PERSISTENT_2",
        )
    else:
        yield from check_shared(own, holder)


def check_shared(own: Map, holder: SourceSpan) -> Iterator[Problem]:
    """Report what AWS refuses of an FSx for Lustre file system."""
    yield from required(own, "storage_capacity", holder, "for example storage_capacity: 1200GiB")
    if "deployment_type" not in own or "storage_type" not in own:
        return
    kind, disk = own["deployment_type"], own["storage_type"]
    if disk == "HDD" and kind != "PERSISTENT_1":
        yield wrong(
            own,
            "storage_type",
            holder,
            f"{kind} has no HDD storage",
            "use SSD, or deployment_type: PERSISTENT_1",
        )
        return
    yield from _throughput(own, holder, kind, disk)
    yield from _capacity(own, holder, kind, disk)
    yield from _cache(own, holder, disk)
    yield from _of_deployment(own, holder, kind)


def _of_deployment(own: Map, holder: SourceSpan, kind: str) -> Iterator[Problem]:
    if kind == "PERSISTENT_2" and own.get("file_system_type_version") == "2.10":
        yield wrong(
            own,
            "file_system_type_version",
            holder,
            "PERSISTENT_2 does not run Lustre 2.10",
            'use "2.15"',
        )
    if kind.startswith("SCRATCH"):
        if own.get("automatic_backup_retention_days"):
            yield wrong(
                own, "automatic_backup_retention_days", holder, f"{kind} has no backups", "use 0"
            )
        if "kms_key_id" in own:
            yield wrong(
                own,
                "kms_key_id",
                holder,
                f"{kind} is encrypted with a key of FSx's own",
                "leave it out, or use PERSISTENT_2",
            )


def _throughput(own: Map, holder: SourceSpan, kind: str, disk: str) -> Iterator[Problem]:
    key = "per_unit_storage_throughput"
    right = _THROUGHPUT.get((kind, disk), ())
    if own.mentions(key) and not right:
        yield wrong(own, key, holder, f"{kind} takes no `{key}`", "leave it out")
    elif right and not own.mentions(key):
        yield holder.key(f"{kind} on {disk} needs `{key}`", f"{_numbers(right)} MB/s per TiB")
    elif right and key in own and own[key] not in right:
        others = [f"{k} on {d}" for (k, d), takes in _THROUGHPUT.items() if own[key] in takes]
        yield wrong(
            own,
            key,
            holder,
            f"{kind} on {disk} takes {_numbers(right)} MB/s per TiB, not {own[key]}",
            f"{own[key]} belongs to {others[0]}" if others else "",
        )


def _numbers(values: Iterable[int]) -> str:
    return either([str(value) for value in values])


def _capacity(own: Map, holder: SourceSpan, kind: str, disk: str) -> Iterator[Problem]:
    if "storage_capacity" not in own:
        return
    size = gib(own["storage_capacity"])
    if disk == "HDD":
        step = _HDD_STEP.get(own.get("per_unit_storage_throughput", 0))
        fits, rule = step is None or size % step == 0, f"a multiple of {step}GiB"
    else:
        step = 3600 if kind == "SCRATCH_1" else 2400
        fits = size in (1200, 2400) or size % step == 0
        rule = f"1200GiB, 2400GiB or a multiple of {step}GiB"
    if not fits:
        yield wrong(
            own,
            "storage_capacity",
            holder,
            f"{kind} on {disk} comes in {rule}, not {own['storage_capacity']}",
            f"the next is {_next_size(size, disk, step or 0)}GiB",
        )


def _next_size(size: int, disk: str, step: int) -> int:
    if disk == "SSD" and size < 2400:
        return 1200 if size < 1200 else 2400
    return -(-size // step) * step


def _cache(own: Map, holder: SourceSpan, disk: str) -> Iterator[Problem]:
    if disk == "HDD" and not own.mentions("drive_cache_type"):
        yield holder.key("HDD storage needs `drive_cache_type`", "READ, or NONE")
    if disk == "SSD" and own.get("drive_cache_type", "NONE") != "NONE":
        yield wrong(own, "drive_cache_type", holder, "only HDD storage has a cache", "leave it out")


def build(own: Map, context: Context) -> LustreFileSystem:
    """Build the file system, of a home or of a shared one."""
    return LustreFileSystem(
        name=context.name,
        fleet=context.fleet,
        workstation=context.workstation,
        owner=context.owner,
        region=context.region,
        subnets=context.subnets,
        availability_zone=own.get("availability_zone"),
        zones=context.zones,
        storage_capacity=gib(own["storage_capacity"]),
        deployment_type=own["deployment_type"],
        storage_type=own["storage_type"],
        per_unit_storage_throughput=own.get("per_unit_storage_throughput"),
        drive_cache_type=own.get("drive_cache_type"),
        data_compression_type=own["data_compression_type"],
        file_system_type_version=own["file_system_type_version"],
        automatic_backup_retention_days=own.get("automatic_backup_retention_days"),
        weekly_maintenance_start_time=own.get("weekly_maintenance_start_time"),
        root_squash=own.get("root_squash"),
        kms_key_id=own.get("kms_key_id"),
        tags=context.tags,
        where=context.where,
    )
