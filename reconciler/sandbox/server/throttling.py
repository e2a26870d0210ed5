"""Calls that AWS refuses for being too many, by order: how a client waits and tries again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from reconciler.sandbox.operations import AwsError
from reconciler.sandbox.server.allowed_services import SERVICES
from reconciler.sandbox.world import World

ERRORS = {name: service.throttled for name, service in SERVICES.items() if service.throttled}


@dataclass
class Throttle:
    """One order: these operations, for so many calls or until then."""

    service: str
    operation: str
    calls: int | None
    until: datetime | None


@dataclass
class Throttles:
    """A region's orders."""

    orders: list[Throttle] = field(default_factory=list)


def throttle(
    world: World,
    region: str,
    service: str,
    operation: str = "*",
    *,
    calls: int | None = None,
    lasting: timedelta | None = None,
) -> None:
    """Refuse the next ``calls`` calls of the operations, a glob, or all for a time of the world.

    Raises: ValueError for a service that cannot be throttled here, and unless one of both limits
    is given and above zero.
    """
    if service not in ERRORS:
        raise ValueError(f"{service} cannot be throttled here; {', '.join(ERRORS)} can")
    if (calls is None) == (lasting is None):
        raise ValueError("give one of both: a number of calls, or a time")
    if (calls is not None and calls < 1) or (lasting is not None and lasting <= timedelta()):
        raise ValueError("throttling takes one call or more, or a time above zero")
    until = None if lasting is None else world.now() + lasting
    world.state(Throttles, region).orders.append(Throttle(service, operation, calls, until))


def relieve(world: World, region: str) -> None:
    """End every order: refuse no more calls."""
    world.state(Throttles, region).orders.clear()


def check(world: World, region: str, service: str, operation: str) -> None:
    """Refuse a throttled call. Raises: AwsError."""
    for order in orders(world, region):
        if order.service == service and fnmatchcase(operation, order.operation):
            if order.calls is not None:
                order.calls -= 1
            raise AwsError(*ERRORS[service])


def orders(world: World, region: str) -> list[Throttle]:
    """List the orders that still hold."""
    throttles = world.state(Throttles, region)
    if throttles.orders:
        now = world.now()
        throttles.orders = [
            order
            for order in throttles.orders
            if order.calls != 0 and (order.until is None or now < order.until)
        ]
    return throttles.orders
