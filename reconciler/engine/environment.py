"""The environment of a run: the one place where AWS, the lookups and the kinds meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.aws import lookup
from reconciler.aws.client import Session
from reconciler.aws.prices import hourly_price
from reconciler.aws.read_cache import ReadCache
from reconciler.aws_api import Aws
from reconciler.kinds import KINDS, READ_FIRST
from reconciler.plan.kind import Kind, shared_lists
from reconciler.plan.lookups import Lookups
from reconciler.power.limits import Cost


def no_price(_aws: Aws, _instance_type: str, _zone: str, _market: str) -> str:
    """Return "": the price of an hour is not known."""
    return ""


@dataclass(frozen=True)
class Environment:
    """The environment of a run: the account, the clients, the lookups, the kinds, the clock.

    `pool` makes the executor for so many tasks at once; `now` is AWS's clock, in UTC.
    """

    account: str
    reader: Callable[[str], Aws]  # by region; answers a repeated read of one run from a cache
    writer: Callable[[str], Aws]  # by region
    lookups: Lookups
    kinds: tuple[Kind, ...]
    calls: Callable[[], Mapping[str, int]]  # requests sent so far, by `service:Operation`
    pool: Callable[[int], Executor] = ThreadPoolExecutor
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    cost: Cost = no_price
    homes: tuple[str, ...] = ()  # kinds whose `find` says where homes stand: read first


def environment_of(session: Session) -> Environment:
    """Make the environment of a run from a session that has signed in."""

    def cost(aws: Aws, instance_type: str, zone: str, market: str) -> str:
        price = hourly_price(
            aws, instance_type, zone, "spot" if market == "spot" else "on-demand", session.now
        )
        return str(price or "")

    lists = shared_lists(KINDS)
    return Environment(
        account=session.account,
        reader=lambda region: ReadCache(session.reader(region), lists),
        writer=session.region,
        lookups=lookup,
        kinds=KINDS,
        calls=session.calls,
        now=session.now,
        cost=cost,
        homes=READ_FIRST,
    )
