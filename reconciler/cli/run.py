"""One run, from YAML to the report on stdout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from reconciler.cli import exits
from reconciler.cli.annotations import annotate
from reconciler.cli.console import Console
from reconciler.cli.garbage import collect_rarely
from reconciler.cli.places import fleet_paths
from reconciler.cli.progress import Progress

if TYPE_CHECKING:
    from reconciler.aws.client import Session
    from reconciler.declare.fleet import Site
    from reconciler.engine.run import Hooks
    from reconciler.plan.model import Change, Report


@dataclass(frozen=True)
class Request:
    """What the options ask for."""

    fleets: tuple[str, ...]
    only: tuple[str, ...]
    approve: tuple[str, ...]
    expect: str  # a digest, or a file with a JSON plan; "" for none
    drift_only: bool
    dry_run: bool
    exit_code: bool
    wait: bool
    looped: bool
    redact: bool = False


def run(
    request: Request,
    console: Console,
    on_connected: Callable[[Site, Session], None] | None = None,
    before: Session | None = None,
) -> Report:
    """Load, connect, reconcile and print; the report.

    `before` is the session of the last round, and `on_connected` hears of this one.
    """
    collect_rarely()
    console.redact(on=request.redact)
    console.new_run()
    from reconciler.aws.client import connect
    from reconciler.cli import expect
    from reconciler.declare.load import load
    from reconciler.engine.environment import environment_of
    from reconciler.engine.run import reconcile
    from reconciler.plan.selection import Selection

    approved = expect.read(request.expect)
    with Progress(console, "reading") as progress:
        with console.stop.interruptible():
            site = load(fleet_paths(request.fleets))
            console.site = site.name
            console.redact(site.account, on=request.redact)
            session = connect(site, console.stop.seconds, before)
            if on_connected:
                on_connected(site, session)
            console.say_once(_whereabouts(site, session))
        report = reconcile(
            site,
            environment_of(session),
            Selection(request.only, frozenset(request.approve)),
            dry_run=request.dry_run,
            drift_only=request.drift_only,
            approved=approved,
            wait=request.wait,
            hooks=_hooks(request, console, progress, site.files),
        )
    if not request.dry_run:
        _debug(console, "done", report)
    _show(report, request, console)
    return report


def exit_code(request: Request, report: Report) -> int:
    """The code that a run ends with."""
    return exits.of_report(report, pending_is_3=request.dry_run and request.exit_code)


def _hooks(request: Request, console: Console, progress: Progress, files: Sequence[str]) -> Hooks:
    """Tell of the run while it goes on: of each plan that is applied, and of each row of it."""
    from reconciler.engine.run import Hooks

    total, number, first = 0, count(1), True

    def on_plan(report: Report) -> None:
        nonlocal total, number, first
        if first:
            _debug(console, f"read {', '.join(files)}", report)
            if not request.dry_run:
                progress.next("applying")
        total, number, first = _planned(report), count(1), False

    def on_change(change: Change) -> None:
        reason = f": {change.reason}" if change.reason else ""
        text = f"{next(number)}/{total} {change.op} {change.key}: {change.outcome}{reason}"
        progress.step(text, _fields(change))

    return Hooks(
        reading=console.stop.interruptible,
        on_plan=on_plan,
        on_change=on_change,
        on_wait=progress.doing,
        stopped=console.stop,
        pause=console.stop.pause,
    )


def _planned(report: Report) -> int:
    return sum(change.outcome == "planned" for change in report.plan.changes)


def _fields(change: Change) -> dict[str, str]:
    """What a JSON log says of a change, beside its sentence."""
    return {
        "op": change.op.value,
        "outcome": change.outcome.value,
        "kind": change.key.kind,
        "resource": change.key.name,
        "region": change.key.region,
        "fleet": change.fleet,
        "workstation": change.workstation,
        "error": change.error,
    }


def _debug(console: Console, what: str, report: Report) -> None:
    """For -v: what was done, and the AWS calls of the run so far, the most frequent first."""
    often = sorted(report.calls.items(), key=lambda it: (-it[1], it[0]))
    calls = ", ".join(f"{number} {name}" for name, number in often)
    total = sum(report.calls.values())
    text = f"{what}; {total} AWS {'call' if total == 1 else 'calls'} so far: {calls or 'none'}"
    console.log.debug("%s", text, extra={"calls": dict(report.calls)})


def _show(report: Report, request: Request, console: Console) -> None:
    if console.mask:
        from reconciler.render.redact import redacted

        report = redacted(report, console.mask)
    if console.output == "json":
        from reconciler.render.as_json import document

        console.json(document(report))
    elif console.output == "markdown":
        console.comment(report)
    else:
        console.result(_text(report, request, console))
    if console.on_github:
        annotate(report)


def _text(report: Report, request: Request, console: Console) -> str:
    from reconciler.render.text import text
    from reconciler.render.words import quiet, summary

    if not request.looped:
        return text(report, console.look)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if quiet(report):  # most runs of a loop are: one line each
        return f"{now} {summary(report)}\n"
    return f"{now}\n{text(report, console.look)}"


def _whereabouts(site: Site, session: Session) -> str:
    endpoint = f", {session.target.note}" if session.target.note else ""
    regions = ", ".join(site.regions)
    return f"account {session.account}, {regions}, as {session.identity}{endpoint}"
