"""The protocol of a type of home in AWS. Each type is one module of `kinds/homes/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reconciler.aws_api import Aws
from reconciler.declare.fleet import FileSystem, Workstation
from reconciler.money.storage import RetainedStorage
from reconciler.plan.kind import Kind
from reconciler.plan.model import Key
from reconciler.plan.projection import Unreadable
from reconciler.plan.resolve import ResolvedWorkstation


@dataclass(frozen=True, slots=True)
class Network:
    """The network access of a type of file system: roles and rules of its security groups."""

    role: str  # of the security group that the shared ones of a VPC are in: "lustre"
    title: str  # in the description of a group: "FSx for Lustre"
    label: str  # the description of each rule: "Lustre"
    ports: tuple[tuple[int, int], ...]  # TCP, each the first and the last
    servers_connect: bool  # whether its servers open connections to each other and to clients
    in_every_vpc: bool  # False: the shared group is made where a shared file system stands


class HomeKind(Protocol):
    """A type of home. Give the parameters by position."""

    @property
    def KINDS(self) -> tuple[Kind, ...]:  # noqa: N802 - a module's constant
        """The kinds of AWS resources that it takes, in apply order; the first one is the data."""

    def home_key(self, site: str, user: Workstation, /) -> Key:
        """Return the key of the data that is the home of a workstation."""

    def mount(self, data: Key, user: ResolvedWorkstation, at: str, /) -> dict[str, Any]:
        """Return the entry of the instance file by which an instance mounts it.

        `type` and `name` are the type of the home and the name of its key.
        """

    def mounted_id(self, entry: Mapping[str, Any], /) -> str:
        """Return the AWS id that such an entry of a live launch template names; "" for none."""

    def before_instances(self, data: Key, user: ResolvedWorkstation, /) -> tuple[Key, ...]:
        """Return what has to stand before the group, beyond what the entry refers to."""

    def retained(
        self, aws: Aws, site: str, workstation: str, /
    ) -> Iterator[RetainedStorage | Unreadable]:
        """Read each home of a workstation that costs while the workstation is off.

        Raises: AwsError.
        """


class FileSystemKind(HomeKind, Protocol):
    """A type of home that is reached over the network, and that a fleet can share."""

    @property
    def NETWORK(self) -> Network:  # noqa: N802 - a module's constant
        """The network access of the file systems."""

    def shared_key(self, site: str, declared: FileSystem, /) -> Key:
        """Return the key of a shared file system."""
