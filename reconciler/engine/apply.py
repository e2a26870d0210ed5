"""Run a plan: kind by kind, each kind's changes side by side, never raising midway.

What fails is told and the rest is done (promise 9); what needs something that failed, or is
not ready yet, waits for the next run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby

from reconciler.aws_api import Aws
from reconciler.errors import (
    AlreadyExists,
    AwsError,
    NotFound,
    NotReady,
    ReconcilerError,
    Stopped,
)
from reconciler.plan.compare import may_be_written, needs
from reconciler.plan.kind import Kind, Scope
from reconciler.plan.model import NEEDS, REFUSED, Change, Key, Live, Op, Outcome, Plan, Ref
from reconciler.plan.projection import ODD, explain
from reconciler.plan.refs import fill, open_fields, refs

AT_ONCE = 10
"""Changes under way at once: DESIGN 9 allows ten calls at once to a service."""

STOPPED = Stopped.code
"""The error code of rows a signal kept from beginning."""


def apply(
    plan: Plan,
    kinds: Sequence[Kind],
    door: Callable[[str], Aws],
    scope: Scope,
    on_change: Callable[[Change], None],
    stopped: Callable[[], bool],
    pool: Callable[[int], Executor] = ThreadPoolExecutor,
) -> Plan:
    """Do what is planned; the same plan back, with what became of each row.

    `door` gives a region's Aws; `on_change` hears of each row as it ends, from any thread;
    once `stopped()` is true no further change begins.
    """
    run = _Run({kind.NAME: kind for kind in kinds}, door, scope, on_change, stopped)
    run.known.update(plan.known)
    for change in plan.changes:
        if change.outcome is Outcome.BLOCKED and change.error != REFUSED:
            run.missing.setdefault(change.key, change.reason)
            run.failed.add(change.key)
    order = {kind.NAME: index for index, kind in enumerate(kinds)}
    planned = [(i, c) for i, c in enumerate(plan.changes) if c.outcome is Outcome.PLANNED]
    made = sorted((p for p in planned if p[1].op is not Op.DELETE), key=lambda p: _rank(p, order))
    removed = [p for p in planned if p[1].op is Op.DELETE]  # already in their order
    results = dict(enumerate(plan.changes))
    with pool(AT_ONCE) as workers:
        for wave in (*_waves(made), *_waves(removed)):
            results.update(workers.map(lambda item: (item[0], run.change(item[1])), wave))
    return replace(plan, changes=tuple(results[i] for i in range(len(plan.changes))))


def _rank(item: tuple[int, Change], order: dict[str, int]) -> int:
    return order[item[1].key.kind]


def _waves(items: Iterable[tuple[int, Change]]) -> list[list[tuple[int, Change]]]:
    """Runs of one kind: what stands in one wave does not depend on the rest of it."""
    return [list(group) for _, group in groupby(items, key=lambda item: item[1].key.kind)]


@dataclass(frozen=True)
class _Wait:
    """Why a change cannot begin: another thing has to be there, or gone, first."""

    key: Key
    reason: str


@dataclass
class _Run:
    """What is known, and what did not come to be, while a plan runs."""

    kinds: dict[str, Kind]
    door: Callable[[str], Aws]
    scope: Scope
    on_change: Callable[[Change], None]
    stopped: Callable[[], bool]
    known: dict[Ref, str] = field(default_factory=dict)
    missing: dict[Key, str] = field(default_factory=dict)
    failed: set[Key] = field(default_factory=set)  # missing, and waiting will not bring it
    made: set[Key] = field(default_factory=set)
    held: dict[tuple[str, str], Key] = field(default_factory=dict)  # removals that did not happen
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, change: Change) -> Change:
        """Do one change and say what became of it."""
        if self.stopped():
            result = replace(
                change,
                outcome=Outcome.WAITING,
                reason="not done: the run was told to stop",
                error=STOPPED,
            )
        else:
            result = self._try(change)
        with self.lock:
            if result.outcome is not Outcome.DONE:
                self.missing.setdefault(change.key, result.reason)
                if result.outcome is Outcome.FAILED or result.error == NEEDS:
                    self.failed.add(change.key)
                if change.op is Op.DELETE:
                    self.held.setdefault((change.key.region, change.workstation), change.key)
        self.on_change(result)
        return result

    def _try(self, change: Change) -> Change:
        done = replace(change, outcome=Outcome.DONE)
        try:
            ready = self._ready(change)
            if isinstance(ready, _Wait):
                error = NEEDS if ready.key in self.failed else ""
                return replace(change, outcome=Outcome.WAITING, reason=ready.reason, error=error)
            self._send(ready)
        except (NotReady, Stopped) as error:
            later = "; the next run finds out" if isinstance(error, Stopped) else ""
            reason = f"{error.message}{later}"
            return replace(change, outcome=Outcome.WAITING, reason=reason, error=error.code)
        except ReconcilerError as error:
            if isinstance(error, NotFound) and change.op is Op.DELETE:  # somebody was faster
                return done
            if isinstance(error, NotFound) and self._fresh(change):
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

    def _ready(self, change: Change) -> Change | _Wait:
        """The change with every Ref filled, or what it waits for."""
        if change.op is Op.DELETE:
            before = self.held.get((change.key.region, change.workstation))
            return _Wait(before, f"{before} goes first") if before else change
        assert change.desired is not None
        spec = change.desired.spec
        spec = fill(spec, open_fields(spec), self.known)
        for key in (*change.desired.after, *(ref.key for ref in refs(spec))):
            if key in self.missing:
                return _Wait(key, needs(key, self.missing[key]))
        still = next(refs(spec), None)
        if still is not None:
            return _Wait(still.key, f"needs {still.key}, which is not ready")
        return replace(change, desired=replace(change.desired, spec=spec))

    def _fresh(self, change: Change) -> bool:
        """Whether it leans on something this run has made or changed."""
        wanted = change.desired
        return wanted is not None and any(
            key in self.made for key in (*wanted.after, *(ref.key for ref in refs(wanted.spec)))
        )

    def _send(self, change: Change) -> None:
        kind, aws = self.kinds[change.key.kind], self.door(change.key.region)
        try:
            updates = change.op is Op.UPDATE
            left = _update(kind, aws, change) if updates else kind.apply(aws, change)
        except AlreadyExists as error:
            if change.op is Op.DELETE:  # a conflict of another kind
                raise
            left = self._read_back(kind, aws, change, error)
        if left is None:
            return
        with self.lock:
            self.made.add(left.key)
            if left.ready:
                self.known.update({Ref(left.key, a): value for a, value in left.attrs.items()})
            else:
                self.missing[left.key] = left.busy

    def _read_back(self, kind: Kind, aws: Aws, change: Change, error: AlreadyExists) -> Live | None:
        """A create that finds its name or token taken: by an earlier try of ours, or a stranger."""
        found = next((live for live in kind.find(aws, self.scope) if live.key == change.key), None)
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
        assert change.desired is not None
        fields = kind.diff(found, change.desired)
        # What has to wait, or a person to decide, is left to the next run's plan.
        wait = any(not may_be_written(kind, f, found, change.desired) for f in fields)
        if not fields or found.busy or wait:
            return found
        return kind.apply(aws, replace(change, op=Op.UPDATE, live=found, fields=fields))


def _update(kind: Kind, aws: Aws, change: Change) -> Live | None:
    """Write what still differs: a Ref that was open may be what stands already."""
    assert change.live is not None
    assert change.desired is not None
    fields = kind.diff(change.live, change.desired)
    return kind.apply(aws, replace(change, fields=fields)) if fields else change.live
