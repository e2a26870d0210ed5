"""The results of the commands: status, failed attempts, and the reason of a state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.money.compute import Price
from reconciler.power.failure_causes import Mender
from reconciler.power.launch_failures import Failure
from reconciler.power.next_stop import Cause
from reconciler.workstation.model import Group, Instance
from reconciler.workstation.runtime_tags import Override


@dataclass(frozen=True)
class Ahead:
    """The next start and stop; None: none is scheduled, or it is not known."""

    start: datetime | None = None
    stop: datetime | None = None
    cause: Cause | None = None  # what stops it


@dataclass(frozen=True)
class Status:
    """The status of one workstation."""

    group: Group
    machine: Instance | None
    override: Override | None
    ahead: Ahead
    price: Price | None = None  # an hour, now
    readable: bool = True  # False: its schedules could not be read
    zone: ZoneInfo | None = None  # its owner's, by its schedules; None: the machine's
    leaving: Instance | None = None  # an instance that ends, while there is no other
    idle_stop: datetime | None = None  # when it turned itself off, because nobody used it


@dataclass(frozen=True)
class Attempt:
    """Launches that failed for the same reason: `last` is the newest of `times`."""

    last: Failure
    times: int


@dataclass(frozen=True)
class Reason:
    """The reason of a state: a sentence, the next step, and who can do it where AWS refuses."""

    code: str
    why: str
    step: str
    details: Mapping[str, Any]
    mender: Mender | None = None
