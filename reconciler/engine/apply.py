"""Apply a plan: kind by kind, in parallel within a kind; a failed change does not end the run.

What fails is reported and the rest is done (promise 9); what needs something that failed, or is
not ready yet, waits for the next run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import NamedTuple

from reconciler.aws_api import Aws
from reconciler.errors import (
    AlreadyExists,
    AwsError,
    NotFound,
    NotReady,
    ReconcilerError,
    Stopped,
)
from reconciler.plan.codes import NEEDS, REFUSED
from reconciler.plan.compare import may_be_written, needs
from reconciler.plan.kind import Kind, Scope, diff, write
from reconciler.plan.model import (
    Change,
    Delete,
    Desired,
    Key,
    Live,
    Outcome,
    Plan,
    Ref,
    Update,
    Write,
)
from reconciler.plan.projection import ODD, explain
from reconciler.plan.refs import fill, open_fields, refs

AT_ONCE = 10
"""Changes under way at once: DESIGN 9 allows ten calls at once to a service."""

STOPPED = Stopped.code
"""The error code of rows a signal kept from beginning."""


def apply(
    plan: Plan,
    kinds: Sequence[Kind],
    client: Callable[[str], Aws],
    scope: Scope,
    on_change: Callable[[Change], None],
    stopped: Callable[[], bool],
    pool: Callable[[int], Executor] = ThreadPoolExecutor,
) -> Plan:
    """Apply a plan, and return it with the outcome of each row.

    `client` gives a region's Aws; `on_change` hears of each row as it ends, from any thread;
    once `stopped()` is true no further change begins.
    """
    run = _Run({kind.NAME: kind for kind in kinds}, client, scope, on_change, stopped)
    run.known.update(plan.known)
    for change in plan.changes:
        if change.outcome is Outcome.BLOCKED and change.error != REFUSED:
            run.missing.setdefault(change.key, change.reason)
            run.failed.add(change.key)
    order = {kind.NAME: index for index, kind in enumerate(kinds)}
    planned = [
        _Planned(number, change, change.action)
        for number, change in enumerate(plan.changes)
        if change.outcome is Outcome.PLANNED and isinstance(change.action, Write)
    ]
    made = sorted(
        (row for row in planned if not isinstance(row.action, Delete)),
        key=lambda row: order[row.change.key.kind],
    )
    removed = [row for row in planned if isinstance(row.action, Delete)]  # already in their order
    results = dict(enumerate(plan.changes))
    with pool(AT_ONCE) as workers:
        for wave in (*_waves(made), *_waves(removed)):
            results.update(
                workers.map(lambda row: (row.number, run.change(row.change, row.action)), wave)
            )
    return replace(plan, changes=tuple(results[i] for i in range(len(plan.changes))))


class _Planned(NamedTuple):
    """A row to be done, its place in the plan, and what it does."""

    number: int
    change: Change
    action: Write


def _waves(rows: Iterable[_Planned]) -> list[list[_Planned]]:
    """Runs of one kind: what stands in one wave does not depend on the rest of it."""
    return [list(group) for _, group in groupby(rows, key=lambda row: row.change.key.kind)]


@dataclass(frozen=True)
class _Wait:
    """Why a change cannot begin: another thing has to be there, or gone, first."""

    key: Key
    reason: str


@dataclass
class _Run:
    """What is known, and what did not come to be, while a plan runs."""

    kinds: dict[str, Kind]
    client: Callable[[str], Aws]
    scope: Scope
    on_change: Callable[[Change], None]
    stopped: Callable[[], bool]
    known: dict[Ref, str] = field(default_factory=dict)
    missing: dict[Key, str] = field(default_factory=dict)
    failed: set[Key] = field(default_factory=set)  # missing, and waiting will not bring it
    made: set[Key] = field(default_factory=set)
    held: dict[tuple[str, str], Key] = field(default_factory=dict)  # removals that did not happen
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, change: Change, action: Write) -> Change:
        """Write the change of one row, and return the row with its outcome."""
        if self.stopped():
            result = replace(
                change,
                outcome=Outcome.WAITING,
                reason="not done: the run was told to stop",
                error=STOPPED,
            )
        else:
            result = self._try(change, action)
        with self.lock:
            if result.outcome is not Outcome.DONE:
                self.missing.setdefault(change.key, result.reason)
                if result.outcome is Outcome.FAILED or result.error == NEEDS:
                    self.failed.add(change.key)
                if isinstance(action, Delete):
                    self.held.setdefault((change.key.region, change.workstation), change.key)
        self.on_change(result)
        return result

    def _try(self, change: Change, action: Write) -> Change:
        done = replace(change, outcome=Outcome.DONE)
        try:
            ready = self._ready(change, action)
            if isinstance(ready, _Wait):
                error = NEEDS if ready.key in self.failed else ""
                return replace(change, outcome=Outcome.WAITING, reason=ready.reason, error=error)
            self._send(change.key, ready)
        except (NotReady, Stopped) as error:
            later = "; the next run finds out" if isinstance(error, Stopped) else ""
            reason = f"{error.message}{later}"
            return replace(change, outcome=Outcome.WAITING, reason=reason, error=error.code)
        except ReconcilerError as error:
            if isinstance(error, NotFound) and isinstance(action, Delete):  # somebody was faster
                return done
            if isinstance(error, NotFound) and self._fresh(action):
                # EC2 and IAM show a new thing to the next call only after a while.
                reason = f"{error.message}; made in this run, and not visible everywhere yet"
                return replace(change, outcome=Outcome.WAITING, reason=reason, error=error.code)
            return replace(change, outcome=Outcome.FAILED, reason=str(error), error=error.code)
        except ODD as error:  # what AWS answered a write, or a read next to it (promise 16)
            done = replace(
                change,
                outcome=Outcome.FAILED,
                reason=f"{explain(error)}; the next run finds out what was done",
                error="unreadable",
            )
        return done

    def _ready(self, change: Change, action: Write) -> Write | _Wait:
        """The action with every Ref filled, or what it waits for."""
        if isinstance(action, Delete):
            before = self.held.get((change.key.region, change.workstation))
            return _Wait(before, f"{before} goes first") if before else action
        want = action.desired
        spec = fill(want.spec, open_fields(want.spec), self.known)
        for key in (*want.after, *(ref.key for ref in refs(spec))):
            if key in self.missing:
                return _Wait(key, needs(key, self.missing[key]))
        still = next(refs(spec), None)
        if still is not None:
            return _Wait(still.key, f"needs {still.key}, which is not ready")
        return replace(action, desired=replace(want, spec=spec))

    def _fresh(self, action: Write) -> bool:
        """Whether it leans on something this run has made or changed."""
        if isinstance(action, Delete):
            return False
        want = action.desired
        return any(key in self.made for key in (*want.after, *(r.key for r in refs(want.spec))))

    def _send(self, key: Key, action: Write) -> None:
        kind, aws = self.kinds[key.kind], self.client(key.region)
        try:
            if isinstance(action, Update):
                left = _update(kind, aws, action)
            else:
                left = write(kind, aws, action)
        except AlreadyExists as error:
            if isinstance(action, Delete):  # a conflict of another kind
                raise
            left = self._read_back(kind, aws, action.desired, error)
        if left is None:
            return
        with self.lock:
            self.made.add(left.key)
            if left.ready:
                self.known.update({Ref(left.key, a): value for a, value in left.attrs.items()})
            else:
                self.missing[left.key] = left.busy

    def _read_back(self, kind: Kind, aws: Aws, want: Desired, error: AlreadyExists) -> Live | None:
        """Find the live resource that a create found by name or token: ours, or a foreign one."""
        found = next((live for live in kind.find(aws, self.scope) if live.key == want.key), None)
        if found is None:
            raise NotReady(
                error.operation, error.aws_code, "it exists and is not visible yet", error.region
            )
        if found.parent is None and not found.owned:
            raise AwsError(
                error.operation,
                error.aws_code,
                "exists without our tag: rename the workstation, or remove or tag what is there",
                error.region,
            )
        if found.spec is None and found.broken:  # AWS may not show all of it yet
            raise NotReady(error.operation, error.aws_code, found.broken, error.region)
        fields = diff(kind, found, want)
        # What has to wait, or a person to decide, is left to the next run's plan.
        wait = any(not may_be_written(kind, f, found, want) for f in fields)
        if not fields or found.busy or wait:
            return found
        return write(kind, aws, Update(found, want, fields))


def _update(kind: Kind, aws: Aws, action: Update) -> Live | None:
    """Write what still differs: a Ref that was open may be what stands already."""
    fields = diff(kind, action.live, action.desired)
    return write(kind, aws, replace(action, fields=fields)) if fields else action.live
