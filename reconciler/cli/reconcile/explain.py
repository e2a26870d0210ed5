"""`reconcile explain`: show where each setting of a workstation comes from."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.completion import complete_workstation
from reconciler.cli.paths import fleet_paths
from reconciler.cli.terminal import exit_codes


@click.command(
    cls=options.Command,
    examples=("reconcile explain alice", "reconcile explain vision/alice -o json"),
    short_help="Show every setting of a workstation and its source.",
)
@click.argument(
    "name",
    cls=options.Argument,
    about="The workstation, or fleet/name.",
    shell_complete=complete_workstation,
)
@options.fleets
@options.manners("text", "json")
@click.pass_context
def explain(ctx: click.Context, /, name: str, fleets: tuple[str, ...], **_manners: Any) -> int:
    """Show every effective setting of a workstation, with the file and line it came from."""
    console = options.console(ctx)
    from reconciler.declare import explain as settings_of
    from reconciler.declare.load import checked
    from reconciler.render import explain as render

    declared = checked(fleet_paths(fleets))
    console.site = declared.site
    settings = settings_of.explain(declared, name)
    if console.output == "json":
        console.json(render.document(declared.site, name, settings))
    else:
        console.result(render.text(settings, console.style))
    return exit_codes.DONE
