"""What a type of home knows of its YAML. Each type is one module of this folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reconciler.declare.fleet import FileSystem, Home, Subnets
from reconciler.declare.tree import Map, SourceSpan
from reconciler.errors import Problem, Where

COMMON = frozenset({"type", "owner", "region", "network", "tags"})
"""The settings of a shared file system of any type."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a home takes from its workstation, or a shared file system from its fleet."""

    name: str  # "home", or the key under file_systems
    fleet: str
    workstation: str  # "" when the fleet shares it
    owner: str
    region: str
    subnets: Subnets
    zones: tuple[str, ...]  # the zones to choose from; () means any
    tags: Mapping[str, str]
    where: Where


class HomeType(Protocol):
    """A type of home. Give the parameters by position."""

    def built_in(self, own: Map, /) -> Mapping[str, Any]:
        """Return the built-in values that lie under the settings of a home."""

    def check(self, own: Map, holder: SourceSpan, /) -> Iterator[Problem]:
        """Report what makes no sense in the settings of a home; `holder` is their place."""

    def build(self, own: Map, context: Context, /) -> Home:
        """Build the frozen value from completed and checked settings."""


class FileSystemType(HomeType, Protocol):
    """A type of home that a fleet can also declare under `file_systems`, and share."""

    @property
    def SETTINGS(self) -> frozenset[str]:  # noqa: N802 - a module's constant
        """The settings of a shared file system of this type, beyond COMMON."""

    def shared_built_in(self, own: Map, /) -> Mapping[str, Any]:
        """Return the built-in values that lie under the settings of a shared file system."""

    def check_shared(self, own: Map, holder: SourceSpan, /) -> Iterator[Problem]:
        """Report what makes no sense in the settings of a shared file system."""

    def build(self, own: Map, context: Context, /) -> FileSystem:
        """Build the frozen value, of a home or of a shared file system."""
