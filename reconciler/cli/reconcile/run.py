"""Run once, from the YAML to the report on stdout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cli.paths import fleet_paths
from reconciler.cli.run_output import debug, hooks, show
from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.garbage_collection import collect_rarely
from reconciler.cli.terminal.progress import Progress

if TYPE_CHECKING:
    from reconciler.aws.client import Session
    from reconciler.declare.fleet import Site
    from reconciler.plan.model import Report


@dataclass(frozen=True)
class Request:
    """The values of the options."""

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
    """Load, connect, reconcile and print; return the report.

    `before` is the session of the last round, and `on_connected` hears of this one.
    """
    collect_rarely()
    console.redact(on=request.redact)
    console.new_run()
    from reconciler.aws.client import connect
    from reconciler.cli.reconcile import expect
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
            hooks=hooks(console, progress, site.files, dry_run=request.dry_run),
        )
    if not request.dry_run:
        debug(console, "done", report)
    show(report, console, looped=request.looped)
    return report


def exit_code(request: Request, report: Report) -> int:
    """Choose the exit code of a run."""
    return exit_codes.of_report(report, pending_is_3=request.dry_run and request.exit_code)


def _whereabouts(site: Site, session: Session) -> str:
    endpoint = f", {session.target.note}" if session.target.note else ""
    regions = ", ".join(site.regions)
    return f"account {session.account}, {regions}, as {session.identity}{endpoint}"
