"""`reconcile doctor`: check for problems that would keep a workstation from starting."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.completion import complete_selection
from reconciler.cli.paths import fleet_paths
from reconciler.cli.terminal import exit_codes


@click.command(
    cls=options.Command,
    examples=(
        "reconcile doctor                 # quotas, types, subnets, images, roles",
        "reconcile doctor --only alice    # for one workstation",
        "reconcile doctor -o json",
    ),
    short_help="Check account and fleet before anybody starts a workstation.",
)
@click.option(
    "--only",
    cls=options.Option,
    group="What",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_selection,
    help="A workstation, or fleet/name; globs allowed; repeatable.",
)
@options.fleets
@options.manners("text", "json")
@click.pass_context
def doctor(
    ctx: click.Context, /, only: tuple[str, ...], fleets: tuple[str, ...], **_manners: Any
) -> int:
    """Check what would keep a workstation from starting, each finding with its fix.

    It only reads, with the permissions of the plan role. What cannot be read is unknown, and
    counts as an error; a warning does not.
    """
    console = options.console(ctx)
    from reconciler.aws.client import connect
    from reconciler.cli.terminal.progress import Progress
    from reconciler.declare.load import load
    from reconciler.doctor.check import Level
    from reconciler.doctor.examine import examine
    from reconciler.engine.environment import environment_of
    from reconciler.render import doctor as render

    with console.stop.interruptible(), Progress(console, "reading"):
        site = load(fleet_paths(fleets))
        console.site = site.name
        session = connect(site, console.stop.seconds)
        if session.target.note:
            console.say_once(session.target.note)
        diagnosis = examine(site, environment_of(session), only, session.ahead)
    if console.output == "json":
        console.json(render.document(diagnosis))
    else:
        console.result(render.text(diagnosis, console.style))
    bad = {Level.ERROR, Level.UNKNOWN} & {each.level for each in diagnosis.found}
    return exit_codes.FAILED if bad else exit_codes.DONE
