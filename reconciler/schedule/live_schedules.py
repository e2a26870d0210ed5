"""Convert live schedules to cron rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.kinds import schedule
from reconciler.schedule.cron import CronRule, fires

_ANY = datetime(2026, 1, 1, tzinfo=UTC)


def cron_rule(spec: schedule.Schedule) -> CronRule | None:
    """Convert a schedule of a plan; None for a disabled or foreign one."""
    payload: object = spec.input  # by a hand, perhaps no mapping
    capacity = payload.get("DesiredCapacity") if isinstance(payload, Mapping) else None
    sets_capacity = spec.target.endswith(":autoscaling:setDesiredCapacity")
    if spec.state != "ENABLED" or not sets_capacity or capacity not in (0, 1):
        return None
    begin, end = (
        datetime.fromisoformat(text) if text else None for text in (spec.start_date, spec.end_date)
    )
    rule = CronRule("start" if capacity else "stop", spec.expression, spec.timezone, begin, end)
    try:
        fires([rule], _ANY, _ANY)
    except (ValueError, KeyError, OSError):  # no expression of ours, or no zone known here
        return None
    return rule
