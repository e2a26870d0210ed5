"""`workstation start`: ask for it, and tell how it comes up."""

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
    "home mounted": "getting ready",
}
ORDER = ("requested", "capacity", "booting", "home mounted", "ready")
BEFORE = timedelta(hours=1)
"""How long ago launches of a request count that was not made now."""


@dataclass(frozen=True)
class StartOptions:
    """What the options ask for. `timeout` None: do not wait."""

    name: str
    seconds: int | None
    until: str
    timeout: float | None


def run(wish: StartOptions, console: Console) -> int:
    """Start it; the exit code."""
    from reconciler.commands import start
    from reconciler.commands.find import checked
    from reconciler.schedule import human_time

    name = checked(wish.name)
    console.log.info("looking for %s", name or "your workstation")
    with console.stop.interruptible(), Progress(console, "looking"):
        desk = make_context(console)
        group, hours = find(desk, name, console)
    now = desk.now()
    until = now + timedelta(seconds=wish.seconds) if wish.seconds else None
    if wish.until:
        until = human_time.parse_time(wish.until, now, hours.zone, hours.rules)
    began = start.begin(desk.aws, group, hours, until, desk.who, now)
    told = _Told(console, time.monotonic())
    stays = Stays(desk, group, hours, began, now)
    told.reach("requested" if began.asked else "requested before", stays.until())
    if wish.timeout is None:
        return _requested(stays, told)
    since = now - timedelta(seconds=5) if began.asked else now - BEFORE
    sight = _watch(desk, group, since, wish.timeout, told)
    return _ended(stays, sight, told)


@dataclass
class _Told:
    """The phases reached so far, each told as a line of stderr with its time."""

    console: Console
    began: float
    reached: dict[str, float] = field(default_factory=dict)  # seconds since the request

    def reach(self, phase: str, what: str) -> None:
        """Say it once."""
        if phase not in self.reached:
            self.reached[phase] = time.monotonic() - self.began
            from reconciler.render.power import duration

            at = duration(self.reached[phase])
            self.console.log.info("%s", f"{phase} ({at}){': ' + what if what else ''}")


@dataclass(frozen=True)
class Stays:
    """What was asked for, and until when the workstation stays on."""

    desk: Context
    group: Group
    hours: Hours
    began: StartResult
    now: datetime

    def ahead(self, its: Instance | None) -> Ahead:
        """Its next stop, and the start after it."""
        from reconciler.commands.next_change import next_changes

        override = str(self.began.override or "")
        group = replace(self.group, desired=1, override=override)
        return next_changes(group, self.hours, None, self.now, its.launched if its else None)

    def until(self, its: Instance | None = None) -> str:
        """Until when it is on, by what, and what that takes back."""
        from reconciler.render.power import override
        from reconciler.render.status import until

        zone, readable = self.hours.zone, self.hours.readable
        text = until(self.began.override, self.ahead(its), zone, self.now, readable=readable)
        if self.began.taken_back:
            text += f"; no longer {override(self.began.taken_back, zone, self.now)}"
        return text

    def price(self, its: Instance) -> Decimal | None:
        """Dollars an hour of its instance; None when nobody knows."""
        found = price(self.desk, self.desk.aws, its.type, its.zone, its.market)
        return found.hourly if found else None

    def document(self, its: Instance | None) -> dict[str, Any]:
        """The same for programs."""
        from reconciler.render.power import moment
        from reconciler.render.status import total

        ahead, hourly = self.ahead(its), self.price(its) if its else None
        until = round(total(hourly, ahead.stop, self.now), 2) if hourly and ahead.stop else None
        return {
            "next_stop": moment(ahead.stop),
            "stopped_by": ahead.cause,
            "dollars_per_hour": float(hourly) if hourly is not None else None,
            "dollars_until_next_stop": float(until) if until is not None else None,
        }


def _watch(
    desk: Context, group: Group, since: datetime, limit: float, told: _Told
) -> StartProgress:
    from reconciler.aws import retries
    from reconciler.commands import start

    console = told.console
    last: StartProgress | None = None
    with Progress(console, NEXT["requested"]) as progress:

        def look() -> StartProgress:
            nonlocal last
            if last:
                console.stop.pause(retries.START_POLL_SECONDS)
            try:
                with console.stop.interruptible():
                    last = start.progress(desk.aws, group, since)
            except Interrupted:  # it was asked for, and that must still be told
                return last or start.StartProgress("requested", None, ())
            progress.doing(_doing(last))
            _tell(last, told)
            return last

        def settled(sight: StartProgress) -> bool:
            return console.stop() or sight.phase in ("ready", "stopped")

        return retries.poll(look, settled, limit)


def _doing(sight: StartProgress) -> str:
    if sight.dry:
        return f"waiting for capacity: {sight.dry.failure.cause.why}"
    return NEXT.get(sight.phase, sight.phase)


def _tell(sight: StartProgress, told: _Told) -> None:
    """Each phase that is behind it; "home mounted" only where the machine says so."""
    from reconciler.render.power import machine

    its = sight.machine
    if sight.dry:
        told.reach("no capacity yet", sight.dry.failure.cause.why)
    if its is None:
        if sight.phase == "capacity":
            told.reach("capacity", "")
        return
    far = ORDER.index(sight.phase)
    for phase in ORDER[1 : far + 1]:
        if phase == "home mounted" and not its.phase:
            continue
        told.reach(phase, machine(its) if phase == "capacity" else "")


def _requested(stays: Stays, told: _Told) -> int:
    console, name = told.console, stays.group.workstation
    if console.output == "json":
        console.json(_document(stays, "requested", None, told))
    else:
        lines = [
            f"{name}: a start is requested; `workstation status {name}` shows how far it is.",
            f"  {stays.until()}",
            "  its price is not known before it has a machine: `workstation status` shows it then",
        ]
        console.result(console.look.finish(lines))
    return exit_codes.DONE


def _ended(stays: Stays, sight: StartProgress, told: _Told) -> int:
    """What to say at the end of waiting."""
    from reconciler.render import power as words
    from reconciler.render.status import cost

    desk, group, hours, began = stays.desk, stays.group, stays.hours, stays.began
    console, name = told.console, group.workstation
    if sight.phase == "ready":
        assert sight.machine is not None
        if console.output == "json":
            console.json(_document(stays, "ready", sight, told))
        else:
            its, already = sight.machine, "" if began.asked else ", and was on before"
            lines = [f"{name} is ready: {words.machine(its)}{already}."]
            lines.append(f"  {stays.until(its)}")
            lines.append(
                f"  {cost(stays.price(its), stays.ahead(its).stop, hours.zone, desk.now())}"
            )
            lines.append(f"  workstation connect {name}")
            console.result(console.look.finish(lines))
        return exit_codes.DONE
    outcome: Phase | str = "interrupted" if console.stop() else sight.phase
    why, after = _interrupted(name) if console.stop() else _what_next(desk, group, hours, sight)
    if console.output == "json":
        document = _document(stays, outcome, sight, told)
        console.json({**document, "why": why, "next": after})
    else:
        look = console.look
        lines = look.wrap(f"{name} is not ready: {why}.", "", "  ")
        from reconciler.commands.start import attempts

        lines += words.attempts(attempts(sight.failures), hours.zone, desk.now(), look)
        lines += look.wrap(f"Next: {after}.", "", "  ")
        console.result(look.finish(lines))
    return exit_codes.FAILED


def _interrupted(name: str) -> tuple[str, str]:
    """As `_what_next`, without a further call to AWS."""
    return (
        "the command was told to stop waiting",
        f"it still starts: `workstation status {name}` shows how far it is, `workstation stop "
        f"{name}` cancels the start",
    )


def _what_next(desk: Context, group: Group, hours: Hours, sight: StartProgress) -> tuple[str, str]:
    """Why it is not ready, and what happens if nobody does anything."""
    from reconciler.commands import start
    from reconciler.commands import why as causes
    from reconciler.render.escape import terminal
    from reconciler.render.power import duration
    from reconciler.schedule.human_time import format_local

    name = group.workstation
    if sight.phase == "stopped":
        return "somebody turned it off meanwhile", f"`workstation why {name}` says more"
    if sight.phase != "requested":
        its = sight.machine
        where = f"{its.id} is {its.state}" if its else "its machine is coming up"
        agent = "" if its and its.online else ", and its SSM agent does not answer"
        return terminal(f"{where}{agent}"), (
            f"it still boots: `workstation status {name}`; if it never answers, ask the "
            "platform team about the image, the instance profile and the network"
        )
    if not sight.dry:
        found = causes.explain(desk.aws, group, hours, desk.now())
        return terminal(found.why), terminal(found.step)
    cause = sight.dry.failure.cause
    after, on_demand = start.next_step(group, sight.dry)
    if on_demand and group.fallback:
        waited = duration(group.fallback.after)
        after += (
            f"; On-Demand from {format_local(on_demand, hours.zone, desk.now())}, {waited} "
            "after the first failure, by the next run of `reconcile`"
        )
    return cause.why, (
        f"{after} (who can fix it: {cause.mender.words}); `workstation stop {name}` cancels it"
    )


def _document(
    stays: Stays, outcome: str, sight: StartProgress | None, told: _Told
) -> dict[str, Any]:
    from reconciler.commands.start import attempts
    from reconciler.render import power as words

    failures = attempts(sight.failures) if sight else ()
    began, its = stays.began, sight.machine if sight else None
    return {
        **words.head(stays.group),
        "outcome": outcome.replace(" ", "-"),
        "requested": began.asked,
        "override": words.override_document(began.override),
        "machine": words.machine_document(its),
        **stays.document(its),
        "phases": {k.replace(" ", "_"): round(v, 1) for k, v in told.reached.items()},
        "failures": [words.attempt_document(each) for each in failures],
    }
