"""Bugs of power: overrides, fallback, backstops, and looks that are out of date."""

from __future__ import annotations

from tests.seeded.bug import DECLARE, POWER, POWER_RACES, POWER_RULES, Bug, promise

POWERING = (
    Bug(
        "a fallback without suspending launches",
        "reconciler/kinds/auto_scaling_group.py",
        "with mixed_instances.empty(aws, name) if fields & mixed_instances.SPLIT else "
        "nullcontext():",
        "with nullcontext():",
        POWER_RACES,
    ),
    Bug(
        "a fallback trusts a look that is older than the suspension",
        "reconciler/kinds/mixed_instances.py",
        "if suspended.issuperset(LAUNCH):",
        "if suspended is not None:",
        POWER_RACES,
    ),
    Bug(
        "a fallback without waiting",
        "reconciler/power/market.py",
        "return now - since >= timedelta(seconds=fallback.after)",
        "return True",
        POWER,
    ),
    Bug(
        "a fallback for the On-Demand quota",
        "reconciler/power/failures.py",
        "lacking=min(helped) if decides.cause.on_demand_helps else None",
        "lacking=within[-1].at",
        POWER,
    ),
    Bug(
        "the way back of a fallback is taken while it runs",
        "reconciler/power/market.py",
        "    if state.running:\n        return _running",
        "    if state.running and not ended:\n        return _running",
        POWER,
    ),
    Bug(
        "an override is ignored by a run",
        "reconciler/power/ruling.py",
        "    override = active(group.runtime.override, now)\n",
        "    override = None\n",
        POWER,
    ),
    Bug(
        "an override's end leaves it on",
        "reconciler/power/keep.py",
        "    if end.desired is not None:\n",
        "    if end.desired:\n",
        POWER,
    ),
    Bug(
        "an override does not save from the backstop",
        "reconciler/power/backstops.py",
        "last = None if up.override else latest(up.limits.rules, now)",
        "last = latest(up.limits.rules, now)",
        POWER,
    ),
    Bug(
        "hours that are newer than a session end it",
        "reconciler/power/lost.py",
        "and each.since < at and fires(",
        "and fires(",
        POWER_RULES,
    ),
    Bug(
        "a stop that was lost is left to the policy",
        "reconciler/power/backstops.py",
        "stop=True, always=True)",
        "up.limits.stops_outside_hours)",
        POWER_RULES,
    ),
    Bug(
        "an override that came meanwhile is not looked for",
        "reconciler/kinds/auto_scaling_group.py",
        "if fields & last_look.FIELDS and old.runtime:",
        "if not fields and old.runtime:",
        POWER_RACES,
    ),
    Bug(
        "an override outlives a stop",
        "reconciler/power/stop.py",
        "taken_back = keep.take_back(aws, group, 0, now)",
        "taken_back = False",
        POWER,
    ),
    Bug(
        "no override for a start outside the hours",
        "reconciler/power/start.py",
        "if until is None and hours.outside(now):",
        "if until is None and not hours.rules:",
        POWER,
    ),
    Bug(
        "no limit where nobody declared one",
        "reconciler/declare/layers.py",
        '        built_in["max_runtime"] = MAX_RUNTIME\n',
        "        pass\n",
        DECLARE,
    ),
    Bug(
        "an override disarms max_runtime",
        "reconciler/power/backstops.py",
        "        if limits.max_runtime and now - oldest",
        "        if limits.max_runtime and not up.override and now - oldest",
        POWER_RULES,
    ),
    Bug(
        "a workstation that left the YAML has no limit any more",
        "reconciler/power/ruling.py",
        "group.live.workstation, group.runtime.max_runtime, leaving=True)",
        "group.live.workstation, None, leaving=True)",
        promise(15),
    ),
)
