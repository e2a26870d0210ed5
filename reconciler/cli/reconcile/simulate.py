"""`reconcile simulate`: show the declared hours, date by date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.completion import complete_selection
from reconciler.cli.paths import fleet_paths
from reconciler.cli.terminal import exit_codes


@click.command(
    cls=options.Command,
    examples=(
        "reconcile simulate alice",
        "reconcile simulate 'vision/*' --from 2026-12-14 --weeks 2 -o json",
    ),
    short_help="Show when a workstation starts and stops, and why.",
)
@click.argument(
    "name",
    cls=options.Argument,
    about="Workstations, or fleet/name; globs allowed.",
    shell_complete=complete_selection,
)
@options.fleets
@click.option(
    "--from",
    "begin",
    cls=options.Option,
    group="What",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    metavar="DATE",
    help="The first day, in the workstation's time zone; or 2026-12-14T08:00.  [default: now]",
)
@click.option(
    "--weeks",
    cls=options.Option,
    group="What",
    type=click.IntRange(1, 52),
    metavar="N",
    default=4,
    help="How many weeks, 1 to 52.  [default: 4]",
)
@options.manners("text", "json")
@click.pass_context
def simulate(
    ctx: click.Context,
    /,
    name: str,
    fleets: tuple[str, ...],
    begin: datetime | None,
    weeks: int,
    **_manners: Any,
) -> int:
    """Show every start and stop that the YAML declares, with its reason: its line, days off, clock
    changes. NAME may be a glob. The command makes no AWS call.
    """
    console = options.console(ctx)
    from reconciler.declare.load import load
    from reconciler.declare.suggest import did_you_mean
    from reconciler.errors import UsageError
    from reconciler.plan.selection import Selection
    from reconciler.render import simulate as render
    from reconciler.schedule import simulate as power

    site = load(fleet_paths(fleets))
    console.site = site.name
    chosen = [
        workstation
        for workstation in site.workstations
        if Selection((name,)).means(site, workstation.fleet, workstation.name)
    ]
    if not chosen:
        full = [f"{workstation.fleet}/{workstation.name}" for workstation in site.workstations]
        hint = did_you_mean(
            name, full if "/" in name else [workstation.name for workstation in site.workstations]
        )
        raise UsageError(f"no workstation is called `{name}`" + (f" ({hint})" if hint else ""))
    since = begin or datetime.now(UTC).replace(second=0, microsecond=0)
    courses = [power.simulate(workstation, since, weeks) for workstation in chosen]
    if console.output == "json":
        console.json(render.document(site.name, since.isoformat(), courses))
    else:
        console.result(render.text(courses, console.style))
    return exit_codes.DONE
