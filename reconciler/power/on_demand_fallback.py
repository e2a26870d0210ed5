"""Decide the market of a group: fallback from Spot to On-Demand, and back. Pure.

The lease is a tag on the group (workstation/runtime_tags.py). AWS has nothing of the kind: an
all-Spot group asks the same pools for ever (EC2 Auto Scaling user guide, "Auto Scaling groups with
multiple instance types and purchase options").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.declare.fleet import Fallback
from reconciler.power.failure_causes import Cause
from reconciler.power.launch_failures import Failure, Shortage
from reconciler.power.unavailable_offerings import Offering, on_demand_unavailable
from reconciler.workstation.model import Group
from reconciler.workstation.runtime_tags import format_lease, format_time, parse_lease

SPOT, ON_DEMAND = 0, 100
"""The On-Demand share of a group, in percent: a share between gives a split, not a fallback."""

_LACK = {
    Cause.SPOT_QUOTA: "Spot quota used up",
    Cause.SERVICE_ROLE_DENIED: "no service-linked role for Spot",
}


@dataclass(frozen=True)
class CapacityShortage:
    """A group that wants an instance and gets none: the shortage, and the failure per offering.

    `unavailable` is of both markets, `shortage` of the one that was asked last.
    """

    shortage: Shortage
    unavailable: Mapping[Offering, Failure] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """The lease to hold ("" is Spot), with the reason where it changes or has ended."""

    lease: str
    reason: str = ""
    over: bool = False  # it has run out, and somebody works on


def decide(
    group: Group, capacity_shortage: CapacityShortage | None, fallback: Fallback, now: datetime
) -> Decision:
    """Decide the rows 22 to 27 of the truth table (docs/power.md).

    `capacity_shortage`: why a group that wants an instance gets none; None for another.
    """
    since = parse_lease(group.lease)
    if since is None or since > now:
        return _from_spot(group, capacity_shortage, fallback, now)
    ended = now - since >= timedelta(seconds=fallback.max_duration)
    if group.staying:
        return _running(group, since, ended)
    shortage = capacity_shortage.shortage if capacity_shortage else None
    if not group.desired:
        back = "nothing runs"
    elif ended:
        back = f"the On-Demand lease of {format_time(since)} is over"
    elif shortage and shortage.failure.cause is Cause.ON_DEMAND_QUOTA:
        back = "the On-Demand quota is used up, and waiting does not help"
    elif shortage and _waited(shortage.since, fallback, now):
        back = f"On-Demand has no capacity either, since {format_time(shortage.since)}"
    else:
        return Decision(group.lease)
    return Decision("", f"{back}: back to Spot")


def _running(group: Group, since: datetime, ended: bool) -> Decision:
    """Nobody is cut off: a lease that is over ends with the session."""
    if not group.on_demand:  # the lease was written, and Spot came before the split
        return Decision("", "a Spot instance came after all")
    if not ended:
        return Decision(group.lease)
    on_demand = f"On-Demand since {format_time(since)}"
    over = f"{on_demand}, longer than declared; Spot again after its next stop"
    return Decision(group.lease, over, over=True)


def _from_spot(
    group: Group, capacity_shortage: CapacityShortage | None, fallback: Fallback, now: datetime
) -> Decision:
    if capacity_shortage is None or not group.desired or group.staying:
        return Decision("")
    shortage = capacity_shortage.shortage
    if shortage.lacking is None or not _waited(shortage.lacking, fallback, now):
        return Decision("")
    if on_demand_unavailable(capacity_shortage.unavailable):
        return Decision("")
    lack = _LACK.get(shortage.failure.cause, "no Spot capacity")
    code = f" ({shortage.failure.code})" if shortage.failure.code else ""
    reason = f"{lack} since {format_time(shortage.lacking)}{code}: On-Demand until its next stop"
    return Decision(format_lease(now), reason)


def _waited(since: datetime, fallback: Fallback, now: datetime) -> bool:
    """Whether it has lasted as long as declared."""
    return now - since >= timedelta(seconds=fallback.after)
