"""What a site declares, after layers and checks: frozen values, every default filled in.

Sizes are whole GiB, throughput MB/s per TiB, times seconds. `where` points into the YAML, so
that a later stage (a missing image, a refused change) can say which line to edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol, TypeVar

from reconciler.errors import Where

T = TypeVar("T")

LOCATED = (
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


class Home(Protocol):
    """What every type of home answers. The types are the files of `declare/homes/`.

    A later stage asks these questions; it does not ask which type a home is.
    """

    @property
    def type(self) -> str:
        """The key under `storage.home`, and in the `HOMES` of declare and of kinds: `ebs`."""

    @property
    def label(self) -> str:
        """What messages call this type: `Lustre`."""

    @property
    def availability_zone(self) -> str | None:
        """The zone that it is declared to stand in; None where none is declared."""

    @property
    def ties_to_zone(self) -> bool:
        """Whether instances reach it from its own zone alone, so that they must start there."""

    @property
    def crosses_zones(self) -> bool:
        """Whether it stands in one zone, and instances of other zones reach it there."""

    @property
    def kms_key_id(self) -> str | None:
        """The key that encrypts it, as declared; None for the key that AWS manages."""

    @property
    def where(self) -> Where:
        """The place in the YAML to edit."""

    @property
    def file_system(self) -> FileSystem | None:
        """Itself, where instances mount it over the network; None where it is attached."""

    @property
    def forced_uid(self) -> int | None:
        """The user id that it writes every file as; None where it keeps that of the machine."""


class FileSystem(Home, Protocol):
    """What every type of file system answers: a workstation's own home, or shared by a fleet."""

    @property
    def name(self) -> str:
        """`home` for a workstation's own, otherwise its key under `file_systems`."""

    @property
    def fleet(self) -> str:
        """The fleet that declares it."""

    @property
    def workstation(self) -> str:
        """The workstation whose home it is; "" where the fleet shares it."""

    @property
    def owner(self) -> str:
        """Who answers for it; "" where nobody is declared."""

    @property
    def region(self) -> str:
        """The AWS region."""

    @property
    def subnets(self) -> Subnets:
        """The subnets that it may stand in."""

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones to choose from; () means any."""

    @property
    def tags(self) -> Mapping[str, str]:
        """The declared tags."""


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

    file_system: FileSystem
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
    """When no Spot capacity comes: On-Demand after `after` seconds, for at most `max_duration`."""

    after: int
    max_duration: int


@dataclass(frozen=True, slots=True)
class Idle:
    """When a workstation that nobody uses stops itself: seconds, and what counts as use."""

    after: int  # without use, until people are warned
    warn: int  # after the warning, until the stop
    signals: tuple[str, ...]
    unknown: Literal["active", "idle"]  # what a signal that cannot be read counts as


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
    notices: tuple[str, ...]  # e-mail addresses that get notices, in lower case; () means nobody
    ssh_keys: tuple[str, ...]  # public keys that may sign in, as lines of OpenSSH
    idle: Idle | None  # None: it never stops by itself for want of use
    metrics_namespace: str  # of CloudWatch, for metrics of the machine; "" for none
    root: RootVolume
    home: Home | None
    mounts: tuple[Mount, ...]
    schedule: tuple[Edge, ...]
    tags: Mapping[str, str]
    where: Where
    places: Mapping[str, Where] = field(repr=False, compare=False, hash=False)
    """Where to edit each of POINTED: its own place, else its nearest parent's, else the item's."""

    @property
    def own_file_system(self) -> FileSystem | None:
        """The file system that is its home; None without a home, and for a volume."""
        return self.home.file_system if self.home else None

    @property
    def storage(self) -> tuple[Home, ...]:
        """Its home and the shared file systems that it mounts: all that outlives its instances."""
        mounted = tuple(mount.file_system for mount in self.mounts)
        return (self.home, *mounted) if self.home else mounted


@dataclass(frozen=True, slots=True)
class Site:
    """Everything one repository declares."""

    name: str
    account: str
    regions: tuple[str, ...]  # every region to read: in use, in defaults, or listed
    ingress: tuple[IngressRule, ...]
    ignore_tags: tuple[str, ...]  # tag keys (globs) that other tools write; never compared
    workstations: tuple[Workstation, ...]
    file_systems: tuple[FileSystem, ...]  # shared ones
    files: tuple[str, ...]
    selected_fleets: frozenset[str] | None = None
    """The fleets whose files were named one by one; None where whole directories were."""

    def selects(self, fleet: str) -> bool:
        """Tell whether a fleet is selected: by the name of its file, or with its whole folder."""
        return self.selected_fleets is None or fleet in self.selected_fleets


def of_type(wanted: type[T], values: Iterable[object]) -> Iterator[T]:
    """Pick the values of one type, for code that is about that type alone: its kind, its quota."""
    return (value for value in values if isinstance(value, wanted))
