"""How workstations stand, in a few calls for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from reconciler.money.compute import Price
from reconciler.plan.kind import Aws
from reconciler.power import machine
from reconciler.power.hours import Hours
from reconciler.power.model import Group, Machine, Status
from reconciler.power.override import active

__all__ = ["Price", "many"]


def many(
    aws: Aws,
    found: Sequence[tuple[Group, Hours]],
    now: datetime,
    price: Callable[[Machine], Price | None] | None,
) -> list[Status]:
    """All of these, in their order.

    Hours cost three calls each, a price one: whoever has many leaves them.
    """
    ids = [group.member.id for group, _ in found if group.member]
    online = machine.reachable(aws, ids)
    machines: dict[str, Machine | None] = {
        id_: machine.machine(each, online=id_ in online)
        for id_, each in machine.describe(aws, ids).items()
    }
    statuses = []
    for group, hours in found:
        its = machines.get(group.member.id) if group.member else None
        statuses.append(
            Status(
                group=group,
                machine=its,
                override=active(group.override, now),
                next_start=hours.next_start(now),
                next_stop=hours.next_stop(now),
                price=price(its) if price and its else None,
            )
        )
    return statuses
