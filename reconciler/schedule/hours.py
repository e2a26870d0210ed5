"""Read the hours of a workstation from its live schedules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.aws_api import Aws
from reconciler.declare.timers import CronRule
from reconciler.errors import NotFound
from reconciler.kinds import schedule
from reconciler.plan.projection import Unreadable, readable
from reconciler.schedule.cron import following, latest
from reconciler.schedule.live_schedules import cron_rule
from reconciler.workstation.model import Group

LOOKS = 3
"""How often they are read when a run replaces one of them meanwhile."""


@dataclass(frozen=True)
class Hours:
    """The schedules of a workstation. No rules: it has none, or they could not be read."""

    rules: tuple[CronRule, ...] = ()
    readable: bool = True  # False: a schedule was edited manually, or replaced again and again

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone of its hours; None: that of this machine."""
        return ZoneInfo(self.rules[0].timezone) if self.rules else None

    @property
    def known(self) -> bool:
        """Whether hours have both a start and a stop, so that a time can be outside of them."""
        return {rule.action for rule in self.rules} == {"start", "stop"}

    def outside(self, now: datetime) -> bool:
        """Tell whether a time is outside the hours, so that a limit may apply."""
        last = latest(self.rules, now)
        return self.known and (last is None or last.action == "stop")

    def next_start(self, now: datetime) -> datetime | None:
        """Find the next scheduled start."""
        return following(self.rules, now, "start")

    def next_stop(self, now: datetime) -> datetime | None:
        """Find the next scheduled stop."""
        return following(self.rules, now, "stop")

    @property
    def stops(self) -> bool:
        """Whether any schedule stops it."""
        return any(rule.action == "stop" for rule in self.rules)

    def ends_off(self, begin: datetime, end: datetime, *, owes: bool = False) -> bool:
        """Tell whether an override *on* leaves it off: it held back a stop, or ends outside hours.

        Where no stop would ever come, the end is the stop, unless a start comes at that time.
        `owes`: it held a stop back before `begin`.
        """
        last = latest(self.rules, end)
        if not self.stops:
            return last is None or last.at != end
        held_back = last is not None and last.action == "stop" and (owes or last.at > begin)
        return held_back or self.outside(end)


def read(aws: Aws, group: Group) -> Hours:
    """Read the live schedules: one list, and one call for each, since lists have no times."""
    for _ in range(LOOKS):
        with suppress(_Replaced):
            return _read(aws, group)
    return Hours(readable=False)


class _Replaced(Exception):
    """A schedule has gone since it was listed."""


def _read(aws: Aws, group: Group) -> Hours:
    """Return no rule at all where one was edited manually: half of the hours would be a guess."""
    name = re.compile(rf"{re.escape(group.workstation)}-(?:start|stop)-[0-9a-f]{{8}}(?:-\d+)?")
    try:
        listed = [
            str(each["Name"])
            for each in aws.pages(
                "scheduler",
                "list_schedules",
                "Schedules",
                100,
                GroupName=group.site,
                NamePrefix=f"{group.workstation}-",
            )
            if name.fullmatch(str(each.get("Name"))) and each.get("State") == "ENABLED"
        ]
    except NotFound:  # no group, so no schedules
        return Hours()
    rules: list[CronRule] = []
    for each in listed:
        try:
            body = aws.call("scheduler", "get_schedule", GroupName=group.site, Name=each)
        except NotFound as error:
            raise _Replaced from error
        rule = _rule(body, group.name)
        if rule is None:
            return Hours(readable=False)
        rules.append(rule)
    return Hours(tuple(rules))


def _rule(body: Mapping[str, Any], group: str) -> CronRule | None:
    """None for a schedule that does something else than turn this group on or off, or is odd."""
    spec = readable(body, schedule.from_body)
    if isinstance(spec, Unreadable):
        return None
    payload: object = spec.input  # by a hand, perhaps no mapping
    named = payload.get("AutoScalingGroupName") if isinstance(payload, Mapping) else None
    return cron_rule(spec) if named == group else None
