"""Spot, On-Demand, and back: which market a group should launch in. Pure.

The lease is a tag on the group, `on-demand since 2026-11-20T09:10:00Z`. AWS has nothing of the
kind: an all-Spot group asks the same pools for ever (EC2 Auto Scaling user guide, "Auto Scaling
groups with multiple instance types and purchase options").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.declare.fleet import Fallback
from reconciler.power.failures import SPOT_IS_DRY, Cause, Failure
from reconciler.power.override import stamp

TAG = "reconciler:market"
_PREFIX = "on-demand since "


@dataclass(frozen=True)
class Dry:
    """A group that wants an instance and gets none: since when, and the newest reason."""

    since: datetime
    failure: Failure


@dataclass(frozen=True)
class Decision:
    """The lease to hold ("" is Spot), and what to tell of it."""

    lease: str
    reason: str = ""
    over: bool = False  # the lease has run out under somebody's hands


def lease_since(text: str) -> datetime | None:
    """Since when a lease runs; None without one, or with one nobody can read."""
    if not text.startswith(_PREFIX):
        return None
    try:
        since = datetime.fromisoformat(text.removeprefix(_PREFIX))
    except ValueError:
        return None
    return since if since.tzinfo else None


def decide(  # noqa: PLR0911 - one row of the truth table each
    lease: str, fallback: Fallback, wanted: bool, running: bool, dry: Dry | None, now: datetime
) -> Decision:
    """One group's market: `wanted` and `running` as the group has them, `dry` if it waits."""
    since = lease_since(lease)
    after = timedelta(seconds=fallback.after)
    waited = dry is not None and now - dry.since >= after
    if since is None:
        return _from_spot(dry if waited and wanted and not running else None, now)
    ended = now - since >= timedelta(seconds=fallback.max_duration)
    if running:
        if ended:
            return Decision(
                lease, f"On-Demand since {stamp(since)}: back on Spot at its next stop", over=True
            )
        return Decision(lease)
    if not wanted:
        return Decision("", "nothing runs: back to Spot")
    if ended:
        return Decision("", f"the On-Demand lease since {stamp(since)} is over: back to Spot")
    if waited and dry is not None and dry.since >= since:
        return Decision("", f"On-Demand is dry too since {stamp(dry.since)}: back to Spot")
    return Decision(lease)


def _from_spot(dry: Dry | None, now: datetime) -> Decision:
    if dry is None or dry.failure.cause not in SPOT_IS_DRY:
        return Decision("")
    what = "Spot quota used up" if dry.failure.cause is Cause.SPOT_QUOTA else "no Spot capacity"
    code = f" ({dry.failure.code})" if dry.failure.code else ""
    return Decision(
        f"{_PREFIX}{stamp(now)}",
        f"{what}{code} since {stamp(dry.since)}: On-Demand until it next stops",
    )
