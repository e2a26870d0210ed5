"""`workstation start`: turn a workstation on, and show how it comes up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.progress import Progress
from reconciler.cli.workstation.context import Context, find, make_context, price
from reconciler.errors import Interrupted

if TYPE_CHECKING:
    from decimal import Decimal

    from reconciler.commands.model import Ahead
    from reconciler.commands.start import Phase, StartProgress, StartResult
    from reconciler.schedule.hours import Hours
    from reconciler.workstation.model import Group, Instance

NEXT = {
    "requested": "waiting for capacity",
    "capacity": "waiting for the machine",
    "booting": "booting",
    "attaching": "attaching the home",
    "mounting": "mounting the home",
    "home mounted": "waiting for its SSM agent",
    "stopping": "waiting for another machine",
}
PASSED = ("capacity", "booting")
"""Phases that a machine has behind it, whether anybody has seen them or not."""

ENDS = ("ready", "failed", "stopped")
BEFORE = timedelta(hours=1)
"""How long ago launches of a request count that was not made now."""


@dataclass(frozen=True)
class StartOptions:
    """The values of the options. `timeout` None: do not wait."""

    name: str
    seconds: int | None
    until: str
    timeout: float | None


def run(wish: StartOptions, console: Console) -> int:
    """Start the workstation; return the exit code."""
    from reconciler.commands import start
    from reconciler.commands.find import checked
    from reconciler.schedule import human_time

    name = checked(wish.name)
    console.log.info("looking for %s", name or "your workstation")
    with console.stop.interruptible(), Progress(console, "looking"):
        context = make_context(console)
        group, hours = find(context, name, console)
    now = context.now()
    until = now + timedelta(seconds=wish.seconds) if wish.seconds else None
    if wish.until:
        until = human_time.parse_time(wish.until, now, hours.zone, hours.rules)
    began = start.begin(context.aws, group, hours, until, context.caller, now)
    phase_log = _PhaseLog(console, time.monotonic())
    stays = Stays(context, group, hours, began, now)
    phase_log.reach("requested" if began.asked else "requested before", stays.until())
    phase_log.say_usual(group)
    if wish.timeout is None:
        return _requested(stays, phase_log)
    since = now - timedelta(seconds=5) if began.asked else now - BEFORE
    progress = _watch(context, group, since, wish.timeout, phase_log)
    return _ended(stays, progress, phase_log)


@dataclass
class _PhaseLog:
    """Logs each phase of a start on stderr, once, with its time."""

    console: Console
    began: float
    reached: dict[str, float] = field(default_factory=dict)  # seconds since the request
    details: dict[str, str] = field(default_factory=dict)

    def reach(self, phase: str, detail: str) -> None:
        """Log a phase when it is reached for the first time, and again with each new detail."""
        known = phase in self.reached
        if known and (not detail or detail == self.details[phase]):
            return
        from reconciler.render.escape import terminal
        from reconciler.render.power import duration

        now = time.monotonic() - self.began
        self.reached.setdefault(phase, now)
        self.details[phase] = detail
        text = f"{phase} ({duration(now)}){': ' + detail if detail else ''}"
        self.console.log.info("%s", terminal(text))

    def say_usual(self, group: Group) -> None:
        """Log how long its starts usually take, where enough are known."""
        from reconciler.render.power import usual_start
        from reconciler.workstation.start_times import start_times

        times = start_times(group.starts)
        if times:
            self.console.log.info("%s", usual_start(times))


@dataclass(frozen=True)
class Stays:
    """The request, and until when the workstation stays on."""

    context: Context
    group: Group
    hours: Hours
    began: StartResult
    now: datetime

    def ahead(self, instance: Instance | None) -> Ahead:
        """Compute its next stop, and the start after it."""
        from reconciler.commands.next_change import next_changes

        override = str(self.began.override or "")
        group = replace(self.group, desired=1, override=override)
        return next_changes(
            group, self.hours, None, self.now, instance.launched if instance else None
        )

    def until(self, instance: Instance | None = None) -> str:
        """Describe until when it is on, the reason, and what that takes back."""
        from reconciler.render.power import override
        from reconciler.render.status import until

        zone, readable = self.hours.zone, self.hours.readable
        text = until(self.began.override, self.ahead(instance), zone, self.now, readable=readable)
        if self.began.taken_back:
            text += f"; no longer {override(self.began.taken_back, zone, self.now)}"
        return text

    def price(self, instance: Instance) -> Decimal | None:
        """Read the price of an hour of its instance in dollars; None when it is not known."""
        found = price(self.context, self.context.aws, instance.type, instance.zone, instance.market)
        return found.hourly if found else None

    def document(self, instance: Instance | None) -> dict[str, Any]:
        """Build the JSON result."""
        from reconciler.render.power import moment
        from reconciler.render.status import total

        ahead, hourly = self.ahead(instance), self.price(instance) if instance else None
        until = round(total(hourly, ahead.stop, self.now), 2) if hourly and ahead.stop else None
        return {
            "next_stop": moment(ahead.stop),
            "stopped_by": ahead.cause,
            "dollars_per_hour": float(hourly) if hourly is not None else None,
            "dollars_until_next_stop": float(until) if until is not None else None,
        }


def _watch(
    context: Context, group: Group, since: datetime, limit: float, phase_log: _PhaseLog
) -> StartProgress:
    from reconciler.aws import retries
    from reconciler.commands import start

    console = phase_log.console
    last: StartProgress | None = None
    with Progress(console, NEXT["requested"]) as display:

        def read_progress() -> StartProgress:
            nonlocal last
            if last:
                console.stop.pause(retries.START_POLL_SECONDS)
            try:
                with console.stop.interruptible():
                    last = start.progress(context.aws, group, since)
            except Interrupted:  # the start was requested, and the result must still say so
                return last or start.StartProgress("requested", None, ())
            display.doing(_doing(last))
            _tell(last, phase_log)
            _tell_silence(context, group, last, console)
            return last

        def settled(progress: StartProgress) -> bool:
            return console.stop() or progress.phase in ENDS

        return retries.poll(read_progress, settled, limit)


def _doing(progress: StartProgress) -> str:
    if progress.shortage:
        return f"waiting for capacity: {progress.shortage.failure.cause.why}"
    return NEXT.get(progress.phase, progress.phase)


def _tell(progress: StartProgress, phase_log: _PhaseLog) -> None:
    """The phase that it is in, and those that it must have behind it."""
    from reconciler.render.power import machine

    instance, phase = progress.machine, progress.phase
    if progress.shortage:
        phase_log.reach("no capacity yet", progress.shortage.failure.cause.why)
    if instance is None:
        if phase == "capacity":
            phase_log.reach("capacity", "")
        return
    phase_log.reach("capacity", machine(instance))
    if phase == "capacity":
        return
    phase_log.reach("booting", instance.phase.detail if phase == "booting" else "")
    if phase != "booting":
        phase_log.reach(phase, instance.phase.detail)


def _tell_silence(
    context: Context, group: Group, progress: StartProgress, console: Console
) -> None:
    """Say once what it waits for, where a machine should have reported something by now."""
    from reconciler.commands.machine import not_ready, silent
    from reconciler.render.escape import terminal

    instance, now = progress.machine, context.now()
    if progress.phase != "booting" or instance is None or not silent(instance, now):
        return
    reason = not_ready(group, instance, now)
    if reason:
        name = group.workstation
        text = f"{reason.why} yet; `workstation why {name}` says what to look at"
        console.say_once(terminal(text))


def _requested(stays: Stays, phase_log: _PhaseLog) -> int:
    console, name = phase_log.console, stays.group.workstation
    if console.output == "json":
        console.json(_document(stays, "requested", None, phase_log))
    else:
        lines = [
            f"{name}: a start is requested; `workstation status {name}` shows how far it is.",
            f"  {stays.until()}",
            "  its price is not known before it has a machine: `workstation status` shows it then",
        ]
        console.result(console.style.finish(lines))
    return exit_codes.DONE


def _ended(stays: Stays, progress: StartProgress, phase_log: _PhaseLog) -> int:
    """What to say at the end of waiting."""
    from reconciler.render import power as words
    from reconciler.render.status import cost

    context, group, hours, began = stays.context, stays.group, stays.hours, stays.began
    console, name = phase_log.console, group.workstation
    if progress.phase == "ready":
        assert progress.machine is not None
        if console.output == "json":
            console.json(_document(stays, "ready", progress, phase_log))
        else:
            instance, already = progress.machine, "" if began.asked else ", and was on before"
            lines = [f"{name} is ready: {words.machine(instance)}{already}."]
            lines.append(f"  {stays.until(instance)}")
            hourly, stop = stays.price(instance), stays.ahead(instance).stop
            lines.append(f"  {cost(hourly, stop, hours.zone, context.now())}")
            lines.append(f"  workstation connect {name}")
            console.result(console.style.finish(lines))
        return exit_codes.DONE
    outcome: Phase | str = "interrupted" if console.stop() else progress.phase
    why, after = (
        _interrupted(name) if console.stop() else _what_next(context, group, hours, progress)
    )
    if console.output == "json":
        document = _document(stays, outcome, progress, phase_log)
        console.json({**document, "why": why, "next": after})
    else:
        style = console.style
        lines = style.wrap(f"{name} is not ready: {why}.", "", "  ")
        from reconciler.commands.start import attempts

        lines += words.attempts(attempts(progress.failures), hours.zone, context.now(), style)
        lines += style.wrap(f"Next: {after}.", "", "  ")
        console.result(style.finish(lines))
    return exit_codes.FAILED


def _interrupted(name: str) -> tuple[str, str]:
    """As `_what_next`, without a further call to AWS."""
    return (
        "the command was told to stop waiting",
        f"it still starts: `workstation status {name}` shows how far it is, `workstation stop "
        f"{name}` cancels the start",
    )


def _what_next(
    context: Context, group: Group, hours: Hours, progress: StartProgress
) -> tuple[str, str]:
    """Why it is not ready, and what happens if nobody does anything."""
    from reconciler.commands import start
    from reconciler.commands import why as causes
    from reconciler.render.escape import terminal
    from reconciler.render.power import duration
    from reconciler.schedule.human_time import format_local

    name = group.workstation
    if progress.phase == "stopped":
        return "somebody turned it off meanwhile", f"`workstation why {name}` says more"
    if progress.phase != "requested":
        return _not_up(context, group, progress.machine)
    if not progress.shortage:
        found = causes.explain(context.aws, group, hours, context.now())
        return terminal(found.why), terminal(found.step)
    cause = progress.shortage.failure.cause
    after, on_demand = start.next_step(group, progress.shortage)
    if on_demand and group.fallback:
        waited = duration(group.fallback.after)
        after += (
            f"; On-Demand from {format_local(on_demand, hours.zone, context.now())}, {waited} "
            "after the first failure, by the next run of `reconcile`"
        )
    return cause.why, (
        f"{after} (who can fix it: {cause.mender.words}); `workstation stop {name}` cancels it"
    )


def _not_up(context: Context, group: Group, instance: Instance | None) -> tuple[str, str]:
    """Why a machine that is there is not ready, and what to do."""
    from reconciler.commands.machine import not_ready
    from reconciler.render.escape import terminal

    agent = "its SSM agent does not answer"
    still = (
        f"it still boots: `workstation status {group.workstation}`; if it never answers, ask the "
        "platform team about the image, the instance profile and the network"
    )
    if instance is None:
        return f"its machine is coming up, and {agent}", still
    held_up = not_ready(group, instance, context.now())
    if held_up is None:
        return terminal(f"{instance.id} reports that it is ready, and {agent}"), still
    if instance.online:
        return terminal(held_up.why), terminal(held_up.step)
    if instance.phase.step:
        return terminal(f"{held_up.why}; {agent}"), terminal(held_up.step)
    return terminal(f"{instance.id} is {instance.state}, and {agent}"), still


def _document(
    stays: Stays, outcome: str, progress: StartProgress | None, phase_log: _PhaseLog
) -> dict[str, Any]:
    from reconciler.commands.start import attempts
    from reconciler.render import power as words
    from reconciler.workstation.start_times import start_times

    failures = attempts(progress.failures) if progress else ()
    began, instance = stays.began, progress.machine if progress else None
    return {
        **words.head(stays.group),
        "outcome": outcome.replace(" ", "-"),
        "requested": began.asked,
        "override": words.override_document(began.override),
        "machine": words.machine_document(instance),
        **stays.document(instance),
        "phases": {k.replace(" ", "_"): round(v, 1) for k, v in phase_log.reached.items()},
        "usually": words.start_times_document(start_times(stays.group.starts)),
        "failures": [words.attempt_document(each) for each in failures],
    }
