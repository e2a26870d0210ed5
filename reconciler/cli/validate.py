"""`reconcile validate`: the YAML, checked offline."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import exits, options
from reconciler.cli.places import fleet_paths


@click.command(
    cls=options.Command,
    examples=("reconcile validate", "reconcile validate -f fleets/vision.yaml -o json"),
    short_help="Check the YAML, offline.",
)
@options.fleets
@options.manners("text", "json")
@click.pass_context
def validate(ctx: click.Context, /, fleets: tuple[str, ...], **_manners: Any) -> int:
    """Check the YAML, offline: every problem of every file at once. Makes no AWS call."""
    console = options.console(ctx)
    from reconciler.declare.load import load
    from reconciler.render.as_json import VERSION
    from reconciler.render.words import count

    site = load(fleet_paths(fleets))
    console.site = site.name
    if console.output == "json":
        console.json(
            {
                "version": VERSION,
                "site": site.name,
                "valid": True,
                "files": list(site.files),
                "workstations": len(site.workstations),
                "file_systems": len(site.file_systems),
            }
        )
    else:
        stations = count(len(site.workstations), "workstation")
        console.result(f"Valid: {stations} in {count(len(site.files), 'file')}.\n")
    return exits.DONE
