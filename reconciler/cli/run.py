"""One run, from YAML to the report on stdout."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.cli import exits
from reconciler.cli.annotations import annotate
from reconciler.cli.console import Console
from reconciler.cli.places import fleet_paths
from reconciler.cli.progress import Progress

if TYPE_CHECKING:
    from reconciler.aws.client import Session
    from reconciler.declare.fleet import Site
    from reconciler.plan.model import Change, Report
    from reconciler.plan.read import Cloud
    from reconciler.plan.run import Selection


@dataclass(frozen=True)
class Request:
    """What the options ask for."""

    fleets: tuple[str, ...]
    only: tuple[str, ...]
    approve: str
    dry_run: bool
    exit_code: bool
    wait: bool
    looped: bool


def run(request: Request, console: Console) -> int:
    """Load, look, and unless it is a dry run or a guard stops it, apply; the exit code."""
    from reconciler.aws.client import connect
    from reconciler.cli.cloud import cloud_of
    from reconciler.declare.load import load
    from reconciler.plan.run import Selection, look

    site = load(fleet_paths(request.fleets))
    console.site = site.name
    session = connect(site)
    console.say_once(_whereabouts(site, session))
    cloud = cloud_of(session)
    selection = Selection(request.only, request.approve)
    with Progress(console, "reading AWS"):
        report = look(site, cloud, selection, dry_run=request.dry_run)
    with console.stop.gently():  # from here on, a signal still gets its report
        if not request.dry_run and not any(finding.stops_run for finding in report.findings):
            report = _apply(report, site, cloud, selection, request, console)
        _show(report, request, console)
    if console.stop():
        return console.stop.exit_code
    return exits.of_report(report, pending_is_3=request.exit_code)


def _apply(
    report: Report,
    site: Site,
    cloud: Cloud,
    selection: Selection,
    request: Request,
    console: Console,
) -> Report:
    from reconciler.engine.settle import settle
    from reconciler.plan.run import apply

    total = len(report.plan.changes)
    seen: Counter[str] = Counter()
    with Progress(console, f"applying {total} changes") as progress:

        def on_change(change: Change) -> None:
            seen["changes"] += 1
            reason = f": {change.reason}" if change.reason else ""
            progress.step(
                f"{seen['changes']}/{total} {change.op} {change.key}: {change.outcome}{reason}"
            )

        report = apply(report, site, cloud, on_change, console.stop)
        if request.wait:
            report = settle(
                report,
                site,
                cloud,
                selection,
                on_change,
                progress.doing,
                console.stop,
                console.stop.pause,
            )
    return report


def _show(report: Report, request: Request, console: Console) -> None:
    if console.output == "json":
        from reconciler.render.as_json import document

        console.json(document(report))
    elif console.output == "markdown":
        from reconciler.render.markdown import comment

        console.result(comment(report))
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
    endpoint = f", endpoint {session.endpoint}" if session.endpoint else ""
    regions = ", ".join(site.regions)
    return f"account {session.account}, {regions}, as {session.identity}{endpoint}"
