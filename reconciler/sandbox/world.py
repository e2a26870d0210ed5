"""All the state of the sandbox: moto's for EC2 and the rest, our own for what moto does badly."""

from __future__ import annotations

import secrets
import string
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from moto.core.base_backend import BackendDict
from moto.ec2.models import ec2_backends

from reconciler.sandbox.capacity import Capacity
from reconciler.sandbox.clock import Clock

ACCOUNT = "123456789012"

State = TypeVar("State")


@dataclass
class Settings:
    """How long the slow things of AWS take here, in seconds. Zero for tests."""

    fsx_create_seconds: float = 2.0
    fsx_update_seconds: float = 2.0
    attach_seconds: float = 2.0
    """Until a volume is attached, or detached."""
    shutdown_seconds: float = 10.0
    """Between shutting-down and terminated: as long, the volumes of an instance are in use."""


@dataclass
class World:
    """One account. Every call holds :attr:`lock`: neither moto nor this folder is thread safe."""

    settings: Settings = field(default_factory=Settings)
    capacity: Capacity = field(default_factory=Capacity)
    clock: Clock = field(default_factory=Clock)
    _parts: dict[tuple[type, str], Any] = field(default_factory=dict)

    @property
    def lock(self) -> threading.RLock:
        """The clock's lock: what is due must not happen in the middle of a call."""
        return self.clock.lock

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return self.clock.now()

    def state(self, kind: type[State], region: str) -> State:
        """Return the state of this kind in the region, made on first use."""
        key = (kind, region)
        if key not in self._parts:
            self._parts[key] = kind()
        return cast(State, self._parts[key])

    def ec2(self, region: str) -> Any:
        """Return moto's EC2 backend. Its many mixins are typed without relation to each other, so
        Any."""
        return ec2_backends[ACCOUNT][region]

    def clear(self) -> None:
        """Forget everything in every region, moto's part included."""
        self._parts.clear()
        self.capacity.clear()
        self.clock.clear()
        BackendDict.reset()


def hex_id(prefix: str) -> str:
    """Make a resource id as AWS does today: a prefix and 17 hexadecimal digits."""
    return prefix + secrets.token_hex(9)[:17]


def request_id() -> str:
    """Make a request id as Auto Scaling and most other services do."""
    raw = secrets.token_hex(16)
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


def mount_name(seed: str) -> str:
    """Make a mount name: eight letters and digits that follow from the seed alone."""
    alphabet = string.ascii_lowercase + string.digits
    number = int.from_bytes(seed.encode(), "big")
    return "".join(alphabet[(number >> (5 * place)) % len(alphabet)] for place in range(8))
