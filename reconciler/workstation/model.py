"""A live workstation: its Auto Scaling group, what is in the group, and the EC2 instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reconciler.declare.fleet import Fallback
from reconciler.plan.ownership import PHASE
from reconciler.workstation.runtime_tags import NO_HOME, Phase, Sizes, parse_phase

State = Literal["on", "starting", "stopping", "off"]


@dataclass(frozen=True, slots=True)
class Member:
    """An instance as its group lists it; the market is not part of the list."""

    id: str
    type: str
    zone: str
    lifecycle: str  # Pending, InService, Terminating, …


@dataclass(frozen=True, slots=True)
class Group:
    """A workstation: its Auto Scaling group and the tags of the group."""

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
    override: str  # the tag as it reads: `runtime_tags.active_override` parses it
    lease: str = ""  # the tag as it reads: `runtime_tags.parse_lease` parses it
    fallback: Fallback | None = None  # None: it stays on Spot
    max_runtime: int | None = None  # seconds that an instance may run
    next_stop: str = ""  # the tag as it reads: `runtime_tags.parse_next_stop` parses it
    home: str = ""  # "none", or what kind of home; "" where the tag does not say
    starts: tuple[int, ...] = ()  # seconds from launch to ready, of the last starts

    @property
    def staying(self) -> tuple[Member, ...]:
        """The instances that run or come up, without those that AWS ends: a lifecycle hook may
        hold one of these for minutes, while the next one is there already."""
        return tuple(m for m in self.members if not m.lifecycle.startswith("Terminat"))

    @property
    def member(self) -> Member | None:
        """The instance that runs or comes up."""
        return next(iter(self.staying), None)

    @property
    def leaving(self) -> Member | None:
        """The instance that ends, while there is no other."""
        return self.members[0] if self.members and not self.member else None

    @property
    def lost(self) -> str:
        """Say what went with an instance that is gone, and what is kept: a sentence without its
        end."""
        gone = "memory, GPU state and the root disk of the old machine are gone"
        if self.home == NO_HOME:
            return f"{gone}; there is no home, so nothing is kept"
        return f"{gone}, the home is as it was" if self.home else gone

    @property
    def state(self) -> State:
        """Whether it is on or off, or on the way to either."""
        if not self.desired:
            return "stopping" if self.members else "off"
        member = self.member
        return "on" if member and not member.lifecycle.startswith("Pending") else "starting"


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as EC2 and Systems Manager describe it."""

    id: str
    type: str
    zone: str
    market: Literal["spot", "on-demand"]
    state: str  # EC2's: pending, running, …
    launched: datetime
    tags: Mapping[str, str]
    state_reason: str = ""  # EC2's code for the last change of state
    online: bool = False  # whether its SSM agent answers; False where nobody has asked

    @property
    def phase(self) -> Phase:
        """How far it says that it is."""
        return parse_phase(self.tags.get(PHASE, ""))

    @property
    def ready(self) -> bool:
        """Whether somebody can work on it: its home is mounted, and it can be reached."""
        return self.state == "running" and self.online and self.phase.step == "ready"
