"""Explain how far a machine is by what it reports itself: for start, status and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from reconciler.commands.model import Reason
from reconciler.schedule.cron import fires
from reconciler.schedule.hours import Hours
from reconciler.workstation.model import Group, Instance
from reconciler.workstation.runtime_tags import NO_HOME, Step, parse_turned

SILENT = timedelta(minutes=3)
"""A machine with a working agent reports its first phase within a minute or two of its launch."""

REMEMBERED = timedelta(days=42)
"""Weeks of scaling activities that AWS remembers; an older stop says nothing about today."""

WAIT = "wait; `workstation start` shows how far it is"
LOOK = "`workstation ssh {name} sudo journalctl -u ws-boot` says more, where ssh answers"
AGAIN = (
    "`workstation stop {name}` and `workstation start {name}` take a new machine; if it happens "
    "again, ask the platform team"
)
UNREPORTED = f"its image may have no agent, or the agent does not start: {LOOK}; {AGAIN}"
STEPS: Mapping[Step, tuple[str, str, str]] = {
    "attaching": (
        "attaching",
        "attaches the home",
        f"{WAIT}; a volume can stay with an instance that ends for 10 minutes",
    ),
    "mounting": ("mounting", "mounts the home", WAIT),
    "failed": ("machine-failed", "did not get ready", f"{LOOK}; {AGAIN}"),
    "stopping": (
        "machine-stopping",
        "is about to end",
        "wait: its group replaces it by itself",
    ),
    "unknown": (
        "unknown-phase",
        "reports a phase that this version does not know",
        f"update this package; {LOOK}",
    ),
}
"""What a machine does in each phase: a code, a verb, and the next step."""


def silent(instance: Instance, now: datetime) -> bool:
    """Tell whether it should have reported something by now, and has not."""
    return instance.phase.step == "" and now - instance.launched > SILENT


def not_ready(group: Group, instance: Instance, now: datetime) -> Reason | None:
    """Explain what it is doing, or what holds it up; None for one that reports that it is ready."""
    phase = instance.phase
    if phase.step == "ready":
        return None
    details = {"instance": instance.id, "phase": phase.step or None, "detail": phase.detail or None}
    if phase.step:
        about = f": {phase.detail}" if phase.detail else ""
        code, why, step = STEPS[phase.step]
        return Reason(
            code, f"its machine {why}{about}", step.format(name=group.workstation), details
        )
    claim = "that it is ready" if group.home == NO_HOME else "that its home is mounted"
    why = f"its machine {instance.id} has not reported {claim}"
    if not silent(instance, now):
        return Reason("booting", f"{why}: it boots", WAIT, details)
    return Reason("silent", why, UNREPORTED.format(name=group.workstation), details)


def idle_stop(group: Group, hours: Hours, now: datetime) -> datetime | None:
    """Find when its machine turned it off because nobody used it; None where it is on, or where
    its schedule has started it since then."""
    turned = parse_turned(group.override)
    if group.desired or turned is None or not turned.idle or turned.at > now:
        return None
    starts = [rule for rule in hours.rules if rule.action == "start"]
    return None if fires(starts, max(turned.at, now - REMEMBERED), now) else turned.at
