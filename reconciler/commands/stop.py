"""Turn a workstation off, and list the storage that still costs money."""

from __future__ import annotations

import logging
from datetime import datetime

from reconciler.aws_api import Aws
from reconciler.commands import override_writer, overrides
from reconciler.kinds.homes import HOMES
from reconciler.money.storage import RetainedStorage
from reconciler.plan.projection import Unreadable
from reconciler.schedule.hours import Hours
from reconciler.workstation.model import Group
from reconciler.workstation.runtime_tags import Turned, active_override

log = logging.getLogger(__name__)


def stop(aws: Aws, group: Group, hours: Hours, by: str, now: datetime) -> bool:
    """Turn it off and end its request or override (rows 15 to 17); return whether it had one.

    An override *off* stays: it is off as somebody meant it.

    Raises: Refused when somebody gave another command at the same time, and that one holds.
    """
    state = override_writer.read(aws, group)
    on = bool(state.group.desired)
    standing = active_override(state.group.override, now)
    if standing and standing.state == "off":
        overrides.complete(aws, state, hours, standing, now)
        return on
    taken_back = overrides.take_back(aws, state, hours, Turned("off", now, by), now)
    if not taken_back and on:
        override_writer.set_desired(aws, state, hours, 0, now)
    return taken_back or on


def retained(aws: Aws, group: Group) -> list[RetainedStorage]:
    """Read its own storage, which costs on or off; a fleet's shared storage is not included.

    What cannot be read is left out, with a warning.
    """
    found: list[RetainedStorage] = []
    for home in HOMES.values():
        for each in home.retained(aws, group.site, group.workstation):
            if isinstance(each, Unreadable):
                log.warning("a home is kept, and %s", each)
            else:
                found.append(each)
    return found
