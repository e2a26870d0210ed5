"""`reconcile validate`: check the YAML offline."""

from __future__ import annotations

import sys
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.paths import fleet_paths
from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.annotations import LIMIT, command
from reconciler.cli.terminal.streams import write


@click.command(
    cls=options.Command,
    examples=("reconcile validate", "reconcile validate -f fleets/vision.yaml -o json"),
    short_help="Check the YAML, offline.",
)
@options.fleets
@options.manners("text", "json")
@click.pass_context
def validate(ctx: click.Context, /, fleets: tuple[str, ...], **_manners: Any) -> int:
    """Check the YAML, offline: every problem of every file at once. The command makes no AWS call.

    YAML that is valid but probably not intended gets a warning, and no error.
    """
    console = options.console(ctx)
    from datetime import UTC, datetime

    from reconciler.declare.load import load
    from reconciler.declare.warnings import warnings
    from reconciler.render.as_json import VERSION
    from reconciler.render.words import count

    site = load(fleet_paths(fleets))
    console.site = site.name
    chosen = [each for each in site.workstations if site.selects(each.fleet)]
    found = warnings(chosen, site.ignore_tags, datetime.now(UTC))
    if console.output == "json":
        console.json(
            {
                "version": VERSION,
                "site": site.name,
                "valid": True,
                "files": list(site.files),
                "workstations": len(site.workstations),
                "file_systems": len(site.file_systems),
                "warnings": [
                    {"code": warning.code, "message": warning.message, "where": str(warning.where)}
                    for warning in found
                ],
            }
        )
    else:
        for warning in found:
            console.log.warning("%s: %s", warning.where, warning.message)
        stations = count(len(site.workstations), "workstation")
        console.result(f"Valid: {stations} in {count(len(site.files), 'file')}.\n")
    if console.on_github:
        lines = [command("warning", warning.message, warning.where) for warning in found[:LIMIT]]
        write(sys.stderr, "".join(f"{line}\n" for line in lines))
    return exit_codes.DONE
