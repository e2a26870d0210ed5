"""The types of every stage: keys, both sides of a comparison, changes, the plan.

All values are frozen; a later stage makes a new one with `dataclasses.replace`.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, TypeAlias

from reconciler.errors import Where
from reconciler.plan.codes import NEW_BEHIND


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """The identity of one resource, the same on both sides."""

    region: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Ref:
    """An attribute of another resource, perhaps known only once that resource exists."""

    key: Key
    attr: str

    def __str__(self) -> str:
        return f"(known after {self.key} is applied)"


SUBNETS = "subnets"
"""The attribute that tells, of what instances run in, the ids of its subnets with commas."""


class Op(StrEnum):
    """The operation of a row."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"  # only ever shown as blocked: a run replaces nothing
    DELETE = "delete"


class Impact(StrEnum):
    """What a person in front of a running workstation notices."""

    NONE = "none"
    NEXT_START = "next_start"
    DISRUPTIVE = "disruptive"  # those who work on it wait some minutes
    STOPS = "stops"  # it is turned off
    DATA = "data"


class Outcome(StrEnum):
    """The outcome of a change, or the expected one."""

    PLANNED = "planned"
    DONE = "done"
    WAITING = "waiting"  # not ready yet; a later run goes on by itself
    FAILED = "failed"
    BLOCKED = "blocked"  # needs a person


class DeletionPolicy(StrEnum):
    """What a run does with a live resource that is not declared any more."""

    AT_ONCE = "at_once"
    AFTER_STOP = "when_off"  # once nothing runs for its workstation
    RUNTIME = "runtime"  # at once, when runtime wants it no more: whatever is declared
    RETAIN = "keep"  # shared infrastructure: costs nothing, others may use it
    RETAIN_DATA = "data"  # never by a run


@dataclass(frozen=True, slots=True)
class Desired:
    """A desired resource. `spec` is the kind's own frozen dataclass and may hold Refs."""

    key: Key
    spec: Any
    where: Where | None = None
    fleet: str = ""
    workstation: str = ""  # "" for what is shared
    after: tuple[Key, ...] = ()  # things that must stand first, beyond those `spec` refers to
    hashed_name: str = ""  # `find` gets it: a name with a hash, which a list alone proves
    notes: tuple[str, ...] = ()  # shown under its row: where an image came from
    reason: str = ""  # why runtime wants what no YAML says
    home: Key | None = None  # the data that its instances mount as home
    refused: str = ""  # why AWS would refuse it as it is declared
    runtime_only: bool = False  # it is not declared, or cannot be resolved: its shape stays
    details: Mapping[str, str] = field(default_factory=dict)
    """Of sensitive fields, by path: the value for people, as the owner of an image; "" hides it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A change that AWS accepted, tried and gave up: it is not sent again."""

    field: str
    target: Any  # the value that was asked for
    why: str


@dataclass(frozen=True, slots=True)
class Live:
    """A live resource, with the same type of spec as the desired one.

    `spec` is None when the name alone proves the content (see kinds/schedule.py). `attrs` are
    what AWS made up: ids, ARNs, versions. One that AWS answered with something odd is `broken`,
    without a spec; where not even its name could be read, it is `unidentified`.
    """

    key: Key
    spec: Any
    owned: bool
    attrs: Mapping[str, str] = field(default_factory=dict)
    fleet: str = ""
    workstation: str = ""
    owner: str = ""
    parent: Key | None = None  # it is ours only if this is: things without tags of their own
    ready: bool = True  # others may use its attrs
    busy: str = ""  # why it takes no change now; a later run will do it
    broken: str = ""  # why it takes no change ever; needs a person
    in_use: str = ""  # what runs on it, or was asked to: "a start was requested"
    occupied: str = ""  # what runs on it: "i-0abc is running"
    mounts: Mapping[Key, str] = field(default_factory=dict)  # data → the AWS id that it names
    home: Key | None = None  # which of `mounts` is the home
    failed: tuple[Failed, ...] = ()
    later: Mapping[str, str] = field(default_factory=dict)  # field → why AWS does not take it yet
    unidentified: bool = False  # it may be anything of its kind and region
    removal: DeletionPolicy = DeletionPolicy.RETAIN
    monthly_cost: str = ""  # of data that stays, e.g. "about $174/month"


@dataclass(frozen=True)
class Unknown:
    """A failed read. It never means that nothing exists (promise 4)."""

    kind: str
    region: str
    reason: str
    error: str = ""  # our error code, e.g. "denied"


class Shown(NamedTuple):
    """A differing field with the names and units of the YAML: `gpu.memory`, `48 GiB`, `80 GiB`."""

    path: str
    old: Any
    new: Any


IN_WORDS = Shown("", None, None)
"""Of a field that the texts of its row describe."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One differing field; `path` may reach into it: `requirements.MemoryMiB.Min`.

    Of a thing to be created each declared field is one, with the old value None.
    """

    field: str
    path: str
    old: Any
    new: Any
    shown: Shown | None = dataclasses.field(default=None, compare=False, repr=False)
    """For people; None where path and values say it as they are."""


SUMMARY = "summary"
"""The path of the line that says what matters of a new thing, among its sensitive values."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A sensitive value of a row, which the person who approves the plan has to see.

    `old` is None for a thing that is created. `personal`: the value differs from one workstation to
    the next, as an owner does, so that workstations which differ in it alone still read the same.
    """

    path: str
    word: str
    old: Any
    new: Any
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """Create a desired resource that does not exist."""

    op: ClassVar[Op] = Op.CREATE
    desired: Desired = field(repr=False)
    fields: tuple[FieldChange, ...] = ()  # every declared one
    lost_identity: str = ""  # what a lost thing was known by: its replacement is not the same thing
    replaces: str = ""  # the AWS id of the data that it takes the place of


@dataclass(frozen=True, slots=True)
class Update:
    """Write the fields in which a live resource differs from the desired one."""

    op: ClassVar[Op] = Op.UPDATE
    live: Live = field(repr=False)
    desired: Desired = field(repr=False)
    fields: tuple[FieldChange, ...] = ()
    disturbs: tuple[str, ...] = ()  # the workstations that mount it, when it is shared data


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a resource that is not declared any more."""

    op: ClassVar[Op] = Op.DELETE
    fields: ClassVar[tuple[FieldChange, ...]] = ()
    live: Live = field(repr=False)


@dataclass(frozen=True, slots=True)
class Replace:
    """Refused: AWS does not change these fields in place, and a run replaces nothing."""

    op: ClassVar[Op] = Op.REPLACE
    live: Live = field(repr=False)
    desired: Desired = field(repr=False)
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """Refused: a foreign resource has the name of a desired one."""

    op: ClassVar[Op] = Op.CREATE
    fields: ClassVar[tuple[FieldChange, ...]] = ()
    live: Live = field(repr=False)
    desired: Desired = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """Refused: its kind could not be read, so nobody can tell whether the resource exists."""

    op: ClassVar[Op] = Op.UPDATE
    fields: ClassVar[tuple[FieldChange, ...]] = ()
    desired: Desired = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Refused: a live resource that cannot be parsed, and that is not declared."""

    op: ClassVar[Op] = Op.UPDATE
    fields: ClassVar[tuple[FieldChange, ...]] = ()
    live: Live = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Refused: a declaration, a workstation as a whole, that names something AWS does not have."""

    op: Op  # an update where something of it stands
    fields: ClassVar[tuple[FieldChange, ...]] = ()


Write: TypeAlias = Create | Update | Delete
"""What a run can do to a thing."""

Declared: TypeAlias = Create | Update | Replace | Taken | Unread
"""The actions that have a `desired`."""

Standing: TypeAlias = Update | Delete | Replace | Taken | Unreadable
"""The actions that have a `live`."""

Action: TypeAlias = Write | Replace | Taken | Unread | Unreadable | Unresolved
"""What a row of a plan is about. Only a `Write` is ever done: the others are shown as blocked."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the plan, and after the run, of the report."""

    key: Key
    action: Action
    impact: Impact = Impact.NONE
    outcome: Outcome = Outcome.PLANNED
    reason: str = ""
    error: str = ""  # our error code when it failed
    fleet: str = ""
    workstation: str = ""
    where: Where | None = None
    notes: tuple[str, ...] = ()  # shown under the row: matching types, where an image came from
    summary: str = ""  # of what is created, in one short line: its size, type and zone
    words: tuple[str, ...] = ()  # the changes as text, where a table of fields would be unclear
    by_time: bool = False  # time passed, and nobody changed the YAML: a day off came near
    sensitive: tuple[Sensitive, ...] = ()  # always in the visible part of a plan
    holds: tuple[str, ...] = ()  # codes of guards that hold it until a person approves, or did

    @property
    def op(self) -> Op:
        """The operation on the resource, planned or done."""
        return self.action.op

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """The fields that differ; empty where nobody can tell."""
        return self.action.fields


class Level(StrEnum):
    """The level of a finding."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"  # blocks a row, or the run


@dataclass(frozen=True)
class Finding:
    """Something a person should know, and what to do about it."""

    level: Level
    code: str
    message: str
    where: Where | None = None
    approval: str = ""  # the token that lets through what this holds up (exit 4)
    sensitive: bool = False  # somebody gets rights: it stands before other findings


@dataclass(frozen=True)
class Plan:
    """The changes, the unchanged resources, the failed reads, and the known attributes."""

    changes: tuple[Change, ...] = ()
    unchanged: tuple[Key, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    retained: tuple[Live, ...] = ()  # data nobody declares any more
    known: Mapping[Ref, str] = field(default_factory=dict)

    def summary(self) -> dict[str, int]:
        """Count the rows, by the names that the JSON plan has."""
        counts = Counter(
            change.op.value for change in self.changes if change.outcome is not Outcome.BLOCKED
        )
        blocked = sum(change.outcome is Outcome.BLOCKED for change in self.changes)
        return {
            **{op.value: counts[op.value] for op in Op},
            "blocked": blocked,
            "unknown": len(self.unknown),
            "unchanged": len(self.unchanged),
        }

    def pending(self) -> bool:
        """Tell whether anything would be written, or waits to be."""
        return any(c.outcome in (Outcome.PLANNED, Outcome.WAITING) for c in self.changes)


@dataclass(frozen=True)
class Report:
    """The report of a run, which the renderers print."""

    site: str
    account: str
    dry_run: bool
    plan: Plan
    findings: tuple[Finding, ...] = ()
    calls: Mapping[str, int] = field(default_factory=dict)
    stopped: bool = False  # by a signal: the rest was not done
    digest: str = ""  # of the plan's rows: what an approval is of (plan/digest.py)
    unfinished: bool = False  # the run waited for AWS, which has not finished

    @property
    def needs_approval(self) -> bool:
        """Whether a row waits for a person's approval."""
        return any(each.approval or each.code == NEW_BEHIND for each in self.findings)

    @property
    def failed(self) -> bool:
        """Whether a change failed or is blocked, a read failed, or a wait came to no end."""
        trouble = (Outcome.FAILED, Outcome.BLOCKED)
        rows = any(change.outcome in trouble for change in self.plan.changes)
        return self.unfinished or rows or bool(self.plan.unknown)

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed, and nothing waits for a person."""
        return not self.failed and not self.needs_approval
