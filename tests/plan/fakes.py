"""Four small kinds that stand for the real ones, and short ways to want, find and plan things."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import Where
from reconciler.plan.kind import Scope
from reconciler.plan.model import (
    Change,
    Create,
    Declared,
    Delete,
    DeletionPolicy,
    Desired,
    Failed,
    Impact,
    Key,
    Live,
    Plan,
    Ref,
    Unknown,
    Update,
    Write,
)
from reconciler.plan.plan import make_plan
from reconciler.plan.resolve import Blocked, ResolvedSite
from reconciler.plan.update_policy import (
    IN_PLACE,
    NEXT_START,
    RUNTIME,
    WHEN_OFF,
    UpdatePolicy,
    When,
    fixed,
    grow,
)

REGION = "us-east-1"
OTHER_REGION = "eu-central-1"
WHERE = Where("fleets/vision.yaml", 12, 5)


@dataclass(frozen=True)
class Spec:
    """One field for each rule there is."""

    color: str | None = "red"
    of: str | Ref | None = None
    shape: str = "round"
    size: int = 1
    zone: str = "a"
    engine: int = 1
    power: int = 0


def _paint(live: Spec, wanted: Spec) -> str:
    return "a triangle has no color" if live.shape == "triangle" else ""


@dataclass(frozen=True)
class Tagged(Spec):
    """With tags, as everything in AWS has them."""

    tags: Mapping[str, str] = field(default_factory=dict)
    user_data: Mapping[str, str] = field(default_factory=dict)


POLICIES = {
    "tags": IN_PLACE,
    "user_data": NEXT_START,
    "color": replace(IN_PLACE, refuses=_paint),
    "of": NEXT_START,
    "shape": WHEN_OFF,
    "engine": UpdatePolicy(When.UNMOUNTED, Impact.DISRUPTIVE),
    "power": RUNTIME,
    "size": grow(Impact.DISRUPTIVE, "it only grows: put the size in use back"),
    "zone": fixed("it stays in its zone: make another"),
}

Answer = Callable[[Write], Live]


class Fake:
    """A kind without AWS: what there is, what it is told to do, what it answers."""

    UPDATE_POLICY = POLICIES

    def __init__(self, name: str, *moves: str, holds_instances: bool = False) -> None:
        self.NAME = name
        self.COMPUTED = frozenset(moves)
        self.HOLDS_INSTANCES = holds_instances
        self.there: list[Live] = []
        self.applied: list[Write] = []
        self.answer: Answer = made
        self._lock = threading.Lock()

    def desired(self, site: ResolvedSite) -> Iterable[Desired]:
        return ()

    def find(self, aws: Aws, scope: Scope) -> Iterable[Live]:
        return self.there

    def create(self, aws: Aws, change: Create) -> Live:
        return self._write(change)

    def update(self, aws: Aws, change: Update) -> Live:
        return self._write(change)

    def delete(self, aws: Aws, change: Delete) -> None:
        self._write(change)

    def _write(self, change: Write) -> Live:
        with self._lock:
            self.applied.append(change)
        return self.answer(change)


def made(change: Write) -> Live:
    """The answer of a kind for which all goes well; of a deletion nobody reads it."""
    if isinstance(change, Delete):
        return change.live
    want = change.desired
    return Live(want.key, want.spec, owned=True, attrs={"id": f"id-{want.key.name}"})


def key_of(change: Write) -> Key:
    """Which thing a change is of."""
    return change.live.key if isinstance(change, Delete) else change.desired.key


def wanted(row: Change) -> Desired:
    """What a row would make of its thing."""
    assert isinstance(row.action, Declared), row
    return row.action.desired


def kinds() -> tuple[Fake, Fake, Fake, Fake]:
    """Data, a template on it, the group that holds instances, and what starts and stops it."""
    return (
        Fake("store"),
        Fake("template", "version"),
        Fake("group", holds_instances=True),
        Fake("timer"),
    )


ORDER = tuple(kind.NAME for kind in kinds())


def key(kind: str, name: str = "alice", region: str = REGION) -> Key:
    return Key(region, kind, name)


def want(
    kind: str,
    name: str = "alice",
    *,
    workstation: str = "alice",
    after: tuple[Key, ...] = (),
    region: str = REGION,
    **spec: Any,
) -> Desired:
    return Desired(
        key(kind, name, region),
        Spec(**spec),
        where=WHERE,
        fleet="vision",
        workstation=workstation,
        after=after,
    )


def there(
    kind: str,
    name: str = "alice",
    *,
    workstation: str = "alice",
    owned: bool = True,
    attrs: dict[str, str] | None = None,
    parent: Key | None = None,
    ready: bool = True,
    busy: str = "",
    broken: str = "",
    in_use: str = "",
    mounts: dict[Key, str] | None = None,
    home: Key | None = None,
    owner: str = "",
    failed: tuple[Failed, ...] = (),
    later: dict[str, str] | None = None,
    removal: DeletionPolicy = DeletionPolicy.RETAIN,
    region: str = REGION,
    **spec: Any,
) -> Live:
    return Live(
        key(kind, name, region),
        Spec(**spec),
        owned=owned,
        attrs={"id": f"id-{name}"} if attrs is None else attrs,
        fleet="vision",
        workstation=workstation,
        parent=parent,
        ready=ready,
        busy=busy,
        broken=broken,
        in_use=in_use,
        mounts=mounts or {},
        home=home,
        owner=owner,
        failed=failed,
        later=later or {},
        removal=removal,
    )


FOREIGN = there("store", owned=False)
"""A thing of the name that we would use, without our tag."""


def plan(
    desired: Sequence[Desired] = (),
    live: Sequence[Live] = (),
    *,
    unread: Sequence[str] = (),
    blocked: Sequence[Blocked] = (),
) -> Plan:
    """Plan over both regions; the kinds in `unread` could not be read in the first."""
    readings: dict[tuple[str, str], tuple[Live, ...] | Unknown] = {}
    for kind in ORDER:
        for region in (REGION, OTHER_REGION):
            readings[kind, region] = tuple(
                each for each in live if (each.key.kind, each.key.region) == (kind, region)
            )
        if kind in unread:
            readings[kind, REGION] = Unknown(kind, REGION, "x:DescribeAll: slow down", "throttled")
    return make_plan(desired, readings, blocked, kinds())


def rows(planned: Plan) -> list[str]:
    """`op kind name: outcome`, in order."""
    return [f"{c.op} {c.key}: {c.outcome}" for c in planned.changes]


def only(planned: Plan) -> Change:
    """The one row of a plan."""
    assert len(planned.changes) == 1, rows(planned)
    return planned.changes[0]
