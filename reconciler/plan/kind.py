"""The protocol of a kind: one module, with the same parts in the same order.

    NAME, COMPUTED         its name; the attributes that an update changes
    HOLDS_INSTANCES        whether instances run in it: it is removed before what they need
    <Spec>                 the frozen dataclass that both sides share
    UPDATE_POLICY          what a change to each field of it means
    desired(site)          pure: what the declaration asks for
    find(aws, scope)       reads: everything of this kind that is ours or bears a name of ours
    diff(live, desired)    optional, pure: what differs, where field by field does not tell it
    create(aws, change)    writes: makes what is declared; the Live it leaves behind
    update(aws, change)    optional, writes: the fields that differ; the Live it leaves behind
    delete(aws, change)    optional, writes: removes what nobody declares any more
    SENSITIVE              optional: the fields that give rights or costs away, always shown
    SHARED_LISTS           optional: the list operations that other kinds call too
    LOOKUPS                optional: fields that hold the answer of a lookup, and of which
    summary(spec)          optional, pure: what matters of a new one, in one short line
    shown(change)          optional, pure: a differing field in the YAML's words and units

A kind has `update` where it has `UPDATE_POLICY`, and `delete` where a run may remove something
of it.

`find` reads each item of AWS's answers inside `projection.projected`: one that is odd is one broken
row, never the end of a run.

A module that has the names without "optional" is a kind; `kinds/__init__.py` lists them in apply
order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Protocol, runtime_checkable

from reconciler.aws_api import Aws
from reconciler.plan.diff import differing
from reconciler.plan.model import (
    Create,
    Delete,
    Desired,
    FieldChange,
    Live,
    Shown,
    Update,
    Write,
)
from reconciler.plan.ownership import DECLARED_KEYS, SITE
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import UpdatePolicy

_TAGS = ("tags", "volume_tags")
"""The fields of a spec that hold tags."""


@dataclass(frozen=True)
class Scope:
    """The site whose resources a kind reads, and the names that its declaration would give.

    `expected` lets a kind whose names carry a content hash skip reading what its name proves, and
    one of which nothing is declared skip reading at all; asking for it waits for the lookups that
    the declaration needs. `now` is AWS's clock, in UTC.
    """

    site: str
    now: datetime
    ignore_tags: tuple[str, ...] = ()
    expected: Callable[[], frozenset[str]] = frozenset

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Tell whether a resource with these tags belongs to the site (promise 6)."""
        return tags.get(SITE) == self.site

    def managed(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Select the tags to compare, without those of AWS, of other tools and of the runtime."""
        return {
            key: value
            for key, value in tags.items()
            if not key.startswith("aws:")
            and (key in DECLARED_KEYS or not key.startswith("reconciler:"))
            and not self._ignores(key)
        }

    def wanted(self, desired: Desired) -> Desired:
        """Remove the tags that are ignored from a desired resource.

        What is never compared is never written either, or every run would write it (promise 2).
        """
        if not self.ignore_tags:
            return desired
        given = {
            name: {key: value for key, value in tags.items() if not self._ignores(key)}
            for name in _TAGS
            if (tags := getattr(desired.spec, name, None))
        }
        return replace(desired, spec=replace(desired.spec, **given)) if given else desired

    def _ignores(self, key: str) -> bool:
        """Whether a key belongs to another tool; the ownership tags never do."""
        return key not in DECLARED_KEYS and any(
            fnmatchcase(key, pattern) for pattern in self.ignore_tags
        )


class Kind(Protocol):
    """The protocol above, for the type checker.

    N802 is silenced below: a module's constants are in capitals, and these stand for them.
    """

    @property
    def NAME(self) -> str:  # noqa: N802
        """The name of the kind in keys and plans."""

    @property
    def UPDATE_POLICY(self) -> Mapping[str, UpdatePolicy]:  # noqa: N802
        """The update policy of each field of the spec; fields of the identity have none."""

    @property
    def COMPUTED(self) -> frozenset[str]:  # noqa: N802
        """Attributes that an update changes."""

    @property
    def HOLDS_INSTANCES(self) -> bool:  # noqa: N802
        """Whether it runs instances: its resources are deleted before what the instances need."""

    def desired(self, site: ResolvedSite) -> Iterable[Desired]:
        """Yield the desired resources of a site."""

    def find(self, aws: Aws, scope: Scope) -> Iterable[Live]:
        """Yield the live resources of a site."""

    def create(self, aws: Aws, change: Create) -> Live:
        """Create the resource, or find the one that an earlier run has created."""


@runtime_checkable
class Updatable(Protocol):
    """A kind whose live resources a run updates."""

    def update(self, aws: Aws, change: Update) -> Live:
        """Write the fields that differ, and no others."""


@runtime_checkable
class Deletable(Protocol):
    """A kind whose resources a run deletes when they are not declared any more."""

    def delete(self, aws: Aws, change: Delete) -> None:
        """Delete the resource. Raises: NotFound where somebody else has deleted it."""


@runtime_checkable
class Compared(Protocol):
    """A kind with a comparison of its own."""

    def diff(self, live: Live, desired: Desired) -> tuple[FieldChange, ...]:
        """List the fields that differ."""


@runtime_checkable
class Summarized(Protocol):
    """A kind that describes a new resource in one line."""

    def summary(self, spec: Any) -> str:
        """Describe a new resource: `200 GiB gp3 in us-east-1a`; "" where its name says enough."""


@runtime_checkable
class Worded(Protocol):
    """A kind whose fields have another name or a unit in the YAML."""

    def shown(self, change: FieldChange) -> Shown | None:
        """Show a differing field for people; None where path and values are clear as they are."""


@runtime_checkable
class Reviewed(Protocol):
    """A kind with sensitive fields, which the person who approves a plan has to see."""

    @property
    def SENSITIVE(self) -> Mapping[str, Word]:  # noqa: N802
        """The name for people of each sensitive field, by its path: `root.KmsKeyId`."""


@dataclass(frozen=True, slots=True)
class Word:
    """The name of a sensitive field. `personal`: its value differs between workstations."""

    text: str
    personal: bool = False


@runtime_checkable
class SharesLists(Protocol):
    """A kind that calls list operations which other kinds call too."""

    @property
    def SHARED_LISTS(self) -> frozenset[str]:  # noqa: N802
        """These operations, as botocore's methods: a run calls each once."""


@runtime_checkable
class LooksUp(Protocol):
    """A kind with fields that AWS decides: `image`, `subnets`, `version` of a template."""

    @property
    def LOOKUPS(self) -> Mapping[str, str]:  # noqa: N802
        """The lookup of each of these fields."""


def shared_lists(kinds: Iterable[Kind]) -> frozenset[str]:
    """Return the list operations that a run calls once for all kinds."""
    return frozenset[str]().union(
        *(kind.SHARED_LISTS for kind in kinds if isinstance(kind, SharesLists))
    )


def diff(kind: Kind, live: Live, desired: Desired) -> tuple[FieldChange, ...]:
    """Compare the live with the desired spec: field by field, or as the kind does it."""
    if isinstance(kind, Compared):
        return kind.diff(live, desired)
    return differing(live.spec, desired.spec, kind.UPDATE_POLICY)


def write(kind: Kind, aws: Aws, change: Write) -> Live | None:
    """Write one change, and return the resulting Live; None after a delete.

    Raises: NotImplementedError for what the kind never does, of which no plan has a row.
    """
    match change:
        case Create():
            return kind.create(aws, change)
        case Update() if isinstance(kind, Updatable):
            return kind.update(aws, change)
        case Delete() if isinstance(kind, Deletable):
            kind.delete(aws, change)
            return None
    raise NotImplementedError(f"{kind.NAME} has no {change.op}")


def summary(kind: Kind, spec: Any) -> str:
    """Describe a new resource; "" where its kind has nothing to add to its name."""
    return kind.summary(spec) if isinstance(kind, Summarized) else ""


def in_words(kind: Kind, changes: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    """Add its text for people to each differing field, where its kind has one."""
    found = tuple(changes)
    if not found or not isinstance(kind, Worded):  # most things are as declared, and this is slow
        return found
    return tuple(replace(change, shown=kind.shown(change)) for change in found)


def units(change: FieldChange, known: Mapping[str, str]) -> Shown | None:
    """Show numbers with their unit, which `known` has by path: `size` → `GiB`."""
    unit = known.get(change.path)
    if unit is None:
        return None
    return Shown(change.path, _with(change.old, unit), _with(change.new, unit))


def _with(value: Any, unit: str) -> Any:
    return f"{value:,} {unit}" if isinstance(value, int) else value
