"""Offerings without capacity lately, by instance type, zone and market. Pure.

AWS keeps the scaling activities for six weeks, so nothing has to be stored: a run reads them, and
no further back than a shortage lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reconciler.power.failure_causes import Cause
from reconciler.power.launch_failures import Failure, Market, launched, read

CAPACITY_LASTS = timedelta(minutes=30)
QUOTA_LASTS = timedelta(hours=1)
"""A quota is raised by a person and then by AWS, which takes longer than instances to come back."""

LONGEST = max(CAPACITY_LASTS, QUOTA_LASTS)

QUOTAS = frozenset({
    Cause.SPOT_QUOTA,
    Cause.ON_DEMAND_QUOTA,
    Cause.FLEET_QUOTA,
    Cause.VOLUME_QUOTA,
})  # fmt: skip


@dataclass(frozen=True, order=True)
class Offering:
    """An offering: type, zone and market of a launch; "" where the message named none: all."""

    instance_type: str
    zone: str
    market: Market

    def __str__(self) -> str:
        where = " in ".join(filter(None, (self.instance_type or "all types", self.zone)))
        return f"{where} {self.market}".rstrip()


def unavailable(activities: Iterable[Mapping[str, Any]], now: datetime) -> dict[Offering, Failure]:
    """Find the newest failure of each offering that still counts; `activities` newest first.

    A launch that worked makes what failed before it history.
    """
    found: dict[Offering, Failure] = {}
    for activity in activities:
        if launched(activity):
            break
        failure = read(activity)
        if failure and now - failure.at < lasts(failure.cause):
            pool = Offering(failure.instance_type, failure.zone, failure.market)
            found.setdefault(pool, failure)
    return found


def lasts(cause: Cause) -> timedelta:
    """Return how long a failure of this cause counts."""
    return QUOTA_LASTS if cause in QUOTAS else CAPACITY_LASTS


def on_demand_unavailable(failures: Mapping[Offering, Failure]) -> Failure | None:
    """Why On-Demand would not start either, as far as anybody remembers.

    A failure of one pool, or one that has passed, says nothing of the others.
    """
    return next(
        (
            each
            for pool, each in failures.items()
            if pool.market == "on-demand" and each.cause.reach in ("market", "launch")
        ),
        None,
    )
