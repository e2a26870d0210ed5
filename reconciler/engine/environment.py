"""Hand a run everything it needs: the one place where AWS, the lookups and the kinds meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from reconciler.aws import lookup
from reconciler.aws.client import Session
from reconciler.aws.hourly import hourly
from reconciler.aws.once import ReadOnce
from reconciler.aws_api import Aws
from reconciler.kinds import KINDS, READ_FIRST
from reconciler.plan.kind import Kind
from reconciler.plan.lookups import Lookups
from reconciler.plan.snapshot import EffectiveState, Snapshot
from reconciler.power.overlay import apply_runtime_state


class Ruling(Protocol):
    """What runtime makes of the declared shape; `reconciler.power.overlay` is one."""

    def __call__(
        self,
        snapshot: Snapshot,
        clients: Mapping[str, Aws],
        now: datetime,
        pool: Callable[[int], Executor],
        /,
    ) -> EffectiveState:
        """Reads where there is a question; never raises an AwsError."""


def as_declared(
    snapshot: Snapshot,
    _clients: Mapping[str, Aws],
    _now: datetime,
    _pool: Callable[[int], Executor],
    /,
) -> EffectiveState:
    """No runtime: what is declared is what is wanted."""
    return EffectiveState(snapshot.desired)


@dataclass(frozen=True)
class Environment:
    """Everything a run is handed: who we are, the clients, what to read, the kinds, the count.

    `pool` makes the executor for so many tasks at once; `now` is AWS's clock, in UTC.
    """

    account: str
    reader: Callable[[str], Aws]  # by region; answers a repeated read of one run from memory
    writer: Callable[[str], Aws]  # by region
    lookups: Lookups
    kinds: tuple[Kind, ...]
    calls: Callable[[], Mapping[str, int]]
    pool: Callable[[int], Executor] = ThreadPoolExecutor
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    rule: Ruling = as_declared
    homes: tuple[str, ...] = ()  # kinds that tell where homes stand, which places workstations
    drift_only: bool = False  # what is new behind an unchanged declaration is left as it is


def environment_of(session: Session, *, drift_only: bool = False) -> Environment:
    """Make the environment of a session; `drift_only` leaves what is new behind a declaration."""

    def cost(aws: Aws, instance_type: str, zone: str, market: str) -> str:
        price = hourly(
            aws, instance_type, zone, "spot" if market == "spot" else "on-demand", session.now
        )
        return str(price or "")

    return Environment(
        account=session.account,
        reader=lambda region: ReadOnce(session.reader(region)),
        writer=session.region,
        lookups=lookup,
        kinds=KINDS,
        calls=session.calls,
        now=session.now,
        rule=partial(apply_runtime_state, cost=cost),
        homes=READ_FIRST,
        drift_only=drift_only,
    )
