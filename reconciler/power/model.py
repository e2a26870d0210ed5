"""What a developer's commands know of a workstation: its group, its machine, what was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from reconciler.declare.fleet import Fallback
from reconciler.kinds.auto_scaling_group import NO_HOME
from reconciler.money.compute import Price
from reconciler.plan.ownership import PHASE
from reconciler.power.causes import Mender
from reconciler.power.failures import Failure, Market
from reconciler.power.override import Override, Sizes

State = Literal["on", "starting", "stopping", "off"]
Cause = Literal["schedule", "override", "max_runtime"]


@dataclass(frozen=True)
class Member:
    """An instance as its group tells of it; the market is not among that."""

    id: str
    type: str
    zone: str
    lifecycle: str  # Pending, InService, Terminating, …


@dataclass(frozen=True)
class Group:
    """A workstation, as its Auto Scaling group stands."""

    region: str
    name: str
    site: str
    fleet: str
    workstation: str
    owner: str
    desired: int
    sizes: Sizes
    members: tuple[Member, ...]
    suspended: frozenset[str]  # processes
    on_demand: bool  # whether the next instance is one
    override: str  # the tag as it reads
    fallback: Fallback | None  # None: it stays on Spot
    max_runtime: int | None = None  # seconds that an instance may run
    home: str = ""  # "none", or what kind of home; "" where the tag does not say

    @property
    def member(self) -> Member | None:
        """What runs or comes; what goes is not it."""
        return next((m for m in self.members if not m.lifecycle.startswith("Terminat")), None)

    @property
    def lost(self) -> str:
        """What went with an instance that is gone, and what is kept: a sentence without its end."""
        gone = "memory, GPU state and the root disk of the old machine are gone"
        if self.home == NO_HOME:
            return f"{gone}; there is no home, so nothing is kept"
        return f"{gone}, the home is as it was" if self.home else gone

    @property
    def state(self) -> State:
        """On or off, and on the way to either."""
        if not self.desired:
            return "stopping" if self.members else "off"
        member = self.member
        return "on" if member and not member.lifecycle.startswith("Pending") else "starting"


@dataclass(frozen=True)
class Machine:
    """An instance as EC2 and Systems Manager tell of it."""

    id: str
    type: str
    zone: str
    market: Market
    state: str  # EC2's: pending, running, …
    launched: datetime
    tags: Mapping[str, str]
    online: bool  # whether its SSM agent answers

    @property
    def phase(self) -> str:
        """How far it says it is: booting, home, ready; "" where the image does not say."""
        return self.tags.get(PHASE, "")

    @property
    def ready(self) -> bool:
        """Whether somebody can work on it."""
        return self.state == "running" and self.online and self.phase in ("", "ready")


@dataclass(frozen=True)
class Ahead:
    """The next start and stop; None: none comes by itself, or nobody can know it."""

    start: datetime | None = None
    stop: datetime | None = None
    cause: Cause | None = None  # what stops it


@dataclass(frozen=True)
class Status:
    """One workstation, whole."""

    group: Group
    machine: Machine | None
    override: Override | None
    ahead: Ahead
    price: Price | None = None  # an hour, now
    readable: bool = True  # False: its schedules could not be read
    zone: ZoneInfo | None = None  # its owner's, by its schedules; None: the machine's


@dataclass(frozen=True)
class Attempt:
    """Launches that failed alike: `last` is the newest of `times`."""

    last: Failure
    times: int


@dataclass(frozen=True)
class Reason:
    """Why a workstation is as it is: a sentence, what to do, and who can where AWS refuses."""

    code: str
    why: str
    step: str
    details: Mapping[str, Any]
    mender: Mender | None = None
