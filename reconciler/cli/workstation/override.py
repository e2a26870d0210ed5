"""`workstation stop`, `extend`, `hold` and `off`: give and end overrides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.progress import Progress
from reconciler.cli.workstation.context import Context, find, make_context, running

if TYPE_CHECKING:
    from reconciler.aws_api import Aws
    from reconciler.money.storage import RetainedStorage
    from reconciler.schedule.hours import Hours
    from reconciler.workstation.model import Group
    from reconciler.workstation.runtime_tags import Override

    Keep = Callable[[Aws, Group, Hours, datetime, str, datetime], Override]


def stop(name: str, console: Console) -> int:
    """Turn the workstation off; return the exit code."""
    from reconciler.commands import stop as power
    from reconciler.render import power as words
    from reconciler.schedule.human_time import format_local
    from reconciler.workstation.runtime_tags import NO_HOME, active_override

    context, group, hours = _arrive(name, console)
    now = context.now()
    before = active_override(group.override, now)
    done = power.stop(context.aws, group, hours, context.caller, now)
    costs = _kept(context, group, console)
    nothing_kept = group.home == NO_HOME
    kept_off = before if before and before.state == "off" else None
    start = hours.next_start(kept_off.until if kept_off else now)
    if console.output == "json":
        kept = [{"what": k.title, "id": k.id, "gib": k.gib, "cost": k.cost or None} for k in costs]
        outcome = "stopped" if done else "unchanged"
        document = {"outcome": outcome, "kept": kept, "home": group.home or None}
        console.json({**words.head(group), **document, "next_start": words.moment(start)})
        return exit_codes.DONE
    lines = [f"{group.workstation} {'is turned off' if done else 'was off already'}."]
    if done and before and before.state == "on":
        lines.append(f"  no longer {words.override(before, hours.zone, now)}")
    if kept_off:
        lines.append(f"  {words.override(kept_off, hours.zone, now)}")
    starts = (
        format_local(start, hours.zone, now)
        if start
        else f"`workstation start {group.workstation}`"
    )
    lines.append(f"  next start: {starts}")
    if nothing_kept:
        lines.append("  it has no home: everything that was written on it is lost")
    if costs:
        lines += ["Still costs money:", *words.kept(costs)]
    console.result(console.style.finish(lines))
    return exit_codes.DONE


def extend(name: str, seconds: int, console: Console) -> int:
    """Keep the workstation on for so long from now."""
    from reconciler.commands import overrides

    context, group, hours = _arrive(name, console)
    until = context.now() + timedelta(seconds=seconds)
    return _keep(overrides.extend, context, group, hours, until, console)


def hold(name: str, when: str, console: Console) -> int:
    """Keep the workstation on until that time."""
    from reconciler.commands import overrides
    from reconciler.schedule import human_time

    context, group, hours = _arrive(name, console)
    until = human_time.parse_time(when, context.now(), hours.zone, hours.rules)
    return _keep(overrides.hold, context, group, hours, until, console)


def off(name: str, when: str, console: Console) -> int:
    """Keep the workstation off until that time."""
    from reconciler.commands import overrides
    from reconciler.schedule import human_time

    context, group, hours = _arrive(name, console)
    until = human_time.parse_time(when, context.now(), hours.zone, hours.rules)
    return _keep(overrides.off_until, context, group, hours, until, console)


def _arrive(name: str, console: Console) -> tuple[Context, Group, Hours]:
    from reconciler.commands.find import checked

    checked(name)
    with console.stop.interruptible(), Progress(console, "looking"):
        context = make_context(console)
        return context, *find(context, name, console)


def _keep(
    write: Keep, context: Context, group: Group, hours: Hours, until: datetime, console: Console
) -> int:
    """Write it, and say until when it holds, what comes then and what it costs."""
    from reconciler.commands import overrides
    from reconciler.commands.next_change import next_changes
    from reconciler.render import power as words
    from reconciler.render.status import cost
    from reconciler.schedule.human_time import format_local
    from reconciler.workstation.runtime_tags import active_override

    now = context.now()
    instance, price = running(context, group)
    since = instance.launched if instance else None
    if since and write is not overrides.off_until:
        overrides.within_limit(group, until, since)
    before = active_override(group.override, now)
    after = write(context.aws, group, hours, until, context.caller, now)
    unchanged = after.agrees(before)
    desired = 1 if after.state == "on" else 0
    then = next_changes(
        replace(group, desired=desired, override=str(after)), hours, None, now, since
    )
    hourly = price.hourly if price and desired else None
    if console.output == "json":
        document = {
            **words.head(group),
            "outcome": "unchanged" if unchanged else "kept",
            "override": words.override_document(after),
            "next_start": words.moment(then.start),
            "next_stop": words.moment(then.stop),
            "stopped_by": then.cause,
            "dollars_per_hour": float(hourly) if hourly is not None else None,
        }
        console.json(document)
        return exit_codes.DONE
    already = "already " if unchanged else ""
    stays = "stays on" if after.state == "on" else "is kept off"
    lines = [
        f"{group.workstation} {already}{stays} until {format_local(after.until, hours.zone, now)}."
    ]
    ends_off = then.stop == after.until
    if ends_off:
        lines.append("  then it is turned off")
    elif after.state == "on" and then.stop:
        stop = format_local(then.stop, hours.zone, now)
        limit = "at the latest, by its max_runtime"
        by = f"off {stop} {limit}" if then.cause == "max_runtime" else f"next stop {stop}"
        lines.append(f"  then its schedule decides: {by}")
    if then.start and (after.state == "off" or ends_off):
        lines.append(f"  next start: {format_local(then.start, hours.zone, now)}")
    if desired:
        lines.append(f"  {cost(hourly, then.stop, hours.zone, now)}")
    console.result(console.style.finish(lines))
    return exit_codes.DONE


def _kept(context: Context, group: Group, console: Console) -> list[RetainedStorage]:
    """It is off by now: a price that cannot be read is no failure."""
    from reconciler.commands.stop import retained
    from reconciler.errors import AwsError

    try:
        return retained(context.aws, group)
    except AwsError as error:
        console.log.warning("what still costs money could not be read: %s", error)
        return []
