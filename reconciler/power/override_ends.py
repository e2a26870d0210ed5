"""The desired ends of overrides, and foreign scheduled actions on our groups. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.declare.fleet import Workstation
from reconciler.errors import Where
from reconciler.kinds import override_end
from reconciler.kinds.override_end import OverrideEnd
from reconciler.plan.model import Desired, Finding, Level, Live, Unknown
from reconciler.plan.ownership import OVERRIDE
from reconciler.plan.snapshot import Snapshot
from reconciler.schedule.cron import rules_of
from reconciler.schedule.hours import Hours
from reconciler.workstation.runtime_tags import LONGEST_ON, Override, format_time, parse_override


@dataclass(frozen=True)
class Held:
    """A group of ours, and its active override; `declared` None: it left the YAML."""

    group: Live
    declared: Workstation | None
    override: Override | None


def wanted(snapshot: Snapshot, held: Iterable[Held], now: datetime) -> Iterator[Desired]:
    """Build the desired end of each active override."""
    standing = {live.key: live.spec for live in _readable(snapshot)}
    for each in held:
        key = override_end.key(each.group.key)
        old: OverrideEnd | None = standing.get(key)
        spec = _end(each, old, now)
        if spec:
            yield Desired(
                key,
                spec,
                where=each.declared.where if each.declared else None,
                fleet=each.group.fleet,
                workstation=each.group.workstation,
                reason=_reason(each.override),
                runtime_only=True,
            )


def hours_of(declared: Workstation | None, now: datetime) -> Hours:
    """Compute the declared hours; none for a workstation that left the YAML."""
    return Hours(rules_of(declared, now)) if declared else Hours()


def foreign(snapshot: Snapshot, held: Iterable[Held]) -> Iterator[Finding]:
    """Warn of foreign scheduled actions on our groups: a run removes them."""
    groups = {each.group.key: each for each in held}
    for live in _readable(snapshot):
        owner = groups.get(live.parent) if live.parent else None
        if owner is None or (live.key == override_end.key(owner.group.key) and not _recurs(live)):
            continue
        action, group = live.attrs["name"], owner.group.key.name
        when = live.spec.recurrence or live.spec.start_time
        yield Finding(
            Level.WARNING,
            "foreign-scheduled-action",
            f"{owner.group.workstation}: somebody put the scheduled action {action!r} on the group "
            f"{group}, which would turn it on or off at {when!r}; a run removes it: hours are "
            "declared as `schedule` in the YAML, and `workstation extend` keeps it on",
            owner.declared.where if owner.declared else None,
        )


def too_long(group: Live, where: Where | None, now: datetime) -> Iterator[Finding]:
    """Warn of an override that no command gave: somebody edited the tag of the group."""
    override, name = parse_override(group.spec.override), group.workstation
    if override and override.too_long(now):
        message = (
            f"{name}: its tag {OVERRIDE} keeps it on until {format_time(override.until)} "
            f"({override.author}), longer than the {LONGEST_ON.days} days that a command gives: it "
            f"is ignored, and its schedule and its limits hold; `workstation stop {name}` or "
            f"`workstation extend {name} 2h` writes over the tag"
        )
        yield Finding(Level.WARNING, "override-too-long", message, where)


def _readable(snapshot: Snapshot) -> Iterator[Live]:
    for (kind, _), reading in snapshot.readings.items():
        if kind == override_end.NAME and not isinstance(reading, Unknown):
            yield from (live for live in reading if live.spec is not None)


def _recurs(live: Live) -> bool:
    return bool(live.spec.recurrence)


def _end(held: Held, old: OverrideEnd | None, now: datetime) -> OverrideEnd | None:
    override = held.override
    if override is None:
        # Auto Scaling may be two minutes late with one that is due: it is AWS's to run.
        due = old and old.start_time and not old.recurrence and old.at <= now
        return old if due else None
    if old in override_end.promised(override.until):
        return old  # as the command printed it, whatever the hours are now
    owes = old is not None and old.desired_capacity == 0
    hours = hours_of(held.declared, now)
    off = override.state == "on" and hours.ends_off(now, override.until, owes=owes)
    return override_end.end(override.until, turns_off=off)


def _reason(override: Override | None) -> str:
    if override is None:
        return ""
    return f"it is kept {override.state} until {format_time(override.until)} ({override.author})"
