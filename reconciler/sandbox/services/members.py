"""The instances of an Auto Scaling group, and the lifecycle actions that they wait for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.sandbox.capacity import Market
from reconciler.sandbox.operations import Wire


@dataclass
class Waiting:
    """A lifecycle action that waits to be completed."""

    token: str
    until: datetime
    last: datetime  # when it ends, however often there is a heartbeat
    heartbeat: int  # seconds


@dataclass
class Member:
    """One instance of a group."""

    id: str
    type: str
    zone: str
    zone_id: str
    image: str
    template: Wire
    market: Market
    protected: bool
    lifecycle_state: str = "InService"
    health: str = "Healthy"
    waits: dict[str, Waiting] = field(default_factory=dict)
    """By the name of the hook."""
    ends: Callable[[], None] = lambda: None
    """What happens once it waits no longer."""

    @property
    def leaving(self) -> bool:
        """Whether it is on its way out of the group, and no part of its capacity any more."""
        return self.lifecycle_state.startswith("Terminating")

    def view(self) -> Wire:
        """Show an instance as DescribeAutoScalingGroups does, which shows no market."""
        return {
            "InstanceId": self.id,
            "InstanceType": self.type,
            "AvailabilityZone": self.zone,
            "AvailabilityZoneId": self.zone_id,
            "LifecycleState": self.lifecycle_state,
            "HealthStatus": self.health,
            "LaunchTemplate": self.template,
            "ImageId": self.image,
            "ProtectedFromScaleIn": self.protected,
        }
