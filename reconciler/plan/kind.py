"""What a resource kind is: one module, read top to bottom in the same order.

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
    """Whose things we look for, and which names the declaration would give.

    `expected` lets a kind whose names carry a content hash skip reading what its name proves, and
    one of which nothing is declared skip reading at all; asking for it waits for the lookups that
    the declaration needs. `now` is AWS's clock, in UTC.
    """

    site: str
    now: datetime
    ignore_tags: tuple[str, ...] = ()
    expected: Callable[[], frozenset[str]] = frozenset

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Whether these tags make a thing ours (promise 6)."""
        return tags.get(SITE) == self.site

    def managed(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The tags we compare: ours and the user's, without AWS's, other tools' and runtime's."""
        return {
            key: value
            for key, value in tags.items()
            if not key.startswith("aws:")
            and (key in DECLARED_KEYS or not key.startswith("reconciler:"))
            and not self._ignores(key)
        }

    def wanted(self, desired: Desired) -> Desired:
        """A declared thing without the tags that are left alone: what is never compared is
        never written either, or every run would write it (promise 2)."""
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
        """Its name in keys and plans."""

    @property
    def UPDATE_POLICY(self) -> Mapping[str, UpdatePolicy]:  # noqa: N802
        """What a change to each field of the spec means; identity is left out."""

    @property
    def COMPUTED(self) -> frozenset[str]:  # noqa: N802
        """Attributes that an update changes."""

    @property
    def HOLDS_INSTANCES(self) -> bool:  # noqa: N802
        """Whether instances run in it: removed before what they need."""

    def desired(self, site: ResolvedSite) -> Iterable[Desired]:
        """What the declaration asks for."""

    def find(self, aws: Aws, scope: Scope) -> Iterable[Live]:
        """What is there."""

    def create(self, aws: Aws, change: Create) -> Live:
        """Make what is declared, and find what an earlier try has made."""


@runtime_checkable
class Updatable(Protocol):
    """A kind of which a run changes what stands."""

    def update(self, aws: Aws, change: Update) -> Live:
        """Write the fields that differ, and no other."""


@runtime_checkable
class Deletable(Protocol):
    """A kind of which a run removes what nobody declares any more."""

    def delete(self, aws: Aws, change: Delete) -> None:
        """Remove it. Raises: NotFound where somebody was faster."""


@runtime_checkable
class Compared(Protocol):
    """A kind that compares in its own way."""

    def diff(self, live: Live, desired: Desired) -> tuple[FieldChange, ...]:
        """What differs."""


@runtime_checkable
class Summarized(Protocol):
    """A kind that says in one line what matters of a new thing."""

    def summary(self, spec: Any) -> str:
        """`200 GiB gp3 in us-east-1a`; "" where its name says enough."""


@runtime_checkable
class Worded(Protocol):
    """A kind whose fields have other words in the YAML, or a unit."""

    def shown(self, change: FieldChange) -> Shown | None:
        """A differing field for people; None where path and values say it as they are."""


@runtime_checkable
class Reviewed(Protocol):
    """A kind with fields that whoever approves a plan has to see."""

    @property
    def SENSITIVE(self) -> Mapping[str, Word]:  # noqa: N802
        """What people call each sensitive field, by its path: `root.KmsKeyId`."""


@dataclass(frozen=True, slots=True)
class Word:
    """What people call a sensitive field. `personal`: its value differs between workstations."""

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
    """A kind with fields whose values AWS decides: `image`, `subnets`, `version` of a template."""

    @property
    def LOOKUPS(self) -> Mapping[str, str]:  # noqa: N802
        """Which lookup each of these fields is the answer of."""


def shared_lists(kinds: Iterable[Kind]) -> frozenset[str]:
    """Return the list operations that a run calls once for all kinds."""
    return frozenset[str]().union(
        *(kind.SHARED_LISTS for kind in kinds if isinstance(kind, SharesLists))
    )


def diff(kind: Kind, live: Live, desired: Desired) -> tuple[FieldChange, ...]:
    """Compare what stands with what is declared: field by field, or as the kind does it."""
    if isinstance(kind, Compared):
        return kind.diff(live, desired)
    return differing(live.spec, desired.spec, kind.UPDATE_POLICY)


def write(kind: Kind, aws: Aws, change: Write) -> Live | None:
    """Do one change, and return the Live that it leaves behind; None after a delete.

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
    """What matters of a new thing; "" where its kind has nothing to add to its name."""
    return kind.summary(spec) if isinstance(kind, Summarized) else ""


def in_words(kind: Kind, changes: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    """Each differing field with its words beside it, where its kind has any."""
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
