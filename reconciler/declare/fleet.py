"""What a site declares, after layers and checks: frozen values, every default filled in.

Sizes are whole GiB, throughput MB/s per TiB, times seconds. `where` points into the YAML, so
that a later stage (a missing image, a refused change) can say which line to edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from reconciler.errors import Where

POINTED = (
    "image",
    "network.subnets",
    "instance_profile",
    "scheduler_role",
    "instance_types",
    "gpu",
    "availability_zones",
    "storage.home",
    "storage.root.size",
    "storage.root.kms_key_id",
)
"""The settings that a later stage can find wrong, by dotted path."""


@dataclass(frozen=True, slots=True)
class Subnets:
    """Which subnets may be used: by id, or every subnet that carries all of `tags`; of `vpc`."""

    ids: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    vpc: str = ""  # "" for any one

    def __str__(self) -> str:
        return ", ".join(self.ids) or ", ".join(f"{key}={value}" for key, value in self.tags)


@dataclass(frozen=True, slots=True)
class Image:
    """The machine image: by id, by SSM parameter, or the newest by name pattern and owner."""

    id: str = ""
    ssm_parameter: str = ""
    name: str = ""
    owner: str = "self"

    def __str__(self) -> str:
        return self.id or self.ssm_parameter or f"{self.name} (owner {self.owner})"


@dataclass(frozen=True, slots=True)
class IngressRule:
    """Who may reach workstations directly; everything else goes through SSM."""

    protocol: Literal["tcp", "udp"]
    from_port: int
    to_port: int
    cidr: str
    description: str = ""
    where: Where | None = field(default=None, compare=False)


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
    storage_capacity: int
    deployment_type: str
    storage_type: str
    per_unit_storage_throughput: int | None
    drive_cache_type: str | None
    data_compression_type: str
    file_system_type_version: str
    automatic_backup_retention_days: int | None
    weekly_maintenance_start_time: str | None
    root_squash: bool | None  # whether root of a client is nobody; None for a home, which has one
    kms_key_id: str | None
    tags: Mapping[str, str]
    where: Where


@dataclass(frozen=True, slots=True)
class HomeVolume:
    """An EBS volume as home: it stays in one zone and outlives every instance."""

    size: int
    iops: int
    throughput: int
    availability_zone: str | None
    kms_key_id: str | None
    where: Where


@dataclass(frozen=True, slots=True)
class RootVolume:
    """The instance's root disk: gp3, encrypted, gone with the instance."""

    size: int
    iops: int
    throughput: int
    kms_key_id: str | None


@dataclass(frozen=True, slots=True)
class Mount:
    """A shared file system of the fleet, mounted at an absolute path."""

    file_system: str
    at: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days on which nothing is started; which days an iCalendar file means is asked of it later,
    because an event may be every year's."""

    name: str
    days: tuple[tuple[date, date], ...]  # the first and the last of each row of days
    ics: str = ""  # the file's text


@dataclass(frozen=True, slots=True)
class Edge:
    """One schedule edge: turn on or off at a local time. There may be several of each."""

    action: Literal["start", "stop"]
    text: str  # as written: "Mon-Fri 09:00"
    expression: str  # EventBridge Scheduler: "cron(0 9 ? * MON-FRI *)"
    timezone: str
    where: Where
    calendars: tuple[Calendar, ...] = ()  # it is skipped on their days


@dataclass(frozen=True, slots=True)
class Fallback:
    """When Spot stays dry: On-Demand after `after` seconds, for at most `max_duration`."""

    after: int
    max_duration: int


def iam_name(declared: str) -> str:
    """Take the path off a role or profile: `/platform/ws` is `ws` (IAM user guide, IAM
    identifiers). API calls take the name alone, and ARNs have the path."""
    return declared.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Workstation:
    """One developer's workstation."""

    name: str
    fleet: str
    owner: str
    region: str
    zones: tuple[str, ...]  # () means every zone that has a subnet
    subnets: Subnets
    public_addresses: bool  # whether subnets that give public addresses may be used
    image: Image
    instance_profile: str  # with its path, if it has one
    profile_pattern: str  # the same as policies name it: `acme-ws-*` of `acme-ws-{workstation}`
    scheduler_role: str  # likewise
    instance_types: tuple[str, ...]  # () when `instance_requirements` says what is needed
    instance_requirements: Mapping[str, Any] | None  # ABIS in AWS's own PascalCase
    spot_policy: Literal["spot", "auto", "on-demand"]
    on_demand_fallback: Fallback | None
    max_runtime: int | None  # seconds an instance may run before it is stopped
    outside_hours: Literal["report", "stop"]  # what becomes of it when nobody asked for it
    notices: tuple[str, ...]  # e-mail addresses that are told of it, in lower case; () means nobody
    root: RootVolume
    home: LustreFileSystem | HomeVolume | None
    mounts: tuple[Mount, ...]
    schedule: tuple[Edge, ...]
    tags: Mapping[str, str]
    where: Where
    places: Mapping[str, Where] = field(repr=False, compare=False, hash=False)
    """Where to edit each of POINTED: its own place, else its nearest parent's, else the item's."""


@dataclass(frozen=True, slots=True)
class Site:
    """Everything one repository declares."""

    name: str
    account: str
    regions: tuple[str, ...]  # every region to look at: in use, in defaults, or listed
    ingress: tuple[IngressRule, ...]
    ignore_tags: tuple[str, ...]  # tag keys (globs) that other tools write; never compared
    workstations: tuple[Workstation, ...]
    file_systems: tuple[LustreFileSystem, ...]  # shared ones
    files: tuple[str, ...]
    selected_fleets: frozenset[str] | None = None
    """The fleets whose files were named one by one; None where whole directories were."""

    def selects(self, fleet: str) -> bool:
        """Whether a fleet is meant: of a file that was named, or of a whole directory."""
        return self.selected_fleets is None or fleet in self.selected_fleets
