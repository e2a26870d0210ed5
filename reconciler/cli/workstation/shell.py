"""`workstation ssh`, and the proxy command that ssh calls."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.completion import complete_workstation

NAME = click.argument(
    "name",
    cls=options.Argument,
    about="The workstation; without it, your own.",
    default="",
    metavar="[NAME]",
    shell_complete=complete_workstation,
)


@click.command(
    cls=options.Command,
    name="ssh",
    examples=(
        "workstation ssh",
        "workstation ssh alice nvidia-smi",
    ),
    short_help="Open a shell on it.",
)
@NAME
@click.argument(
    "command",
    cls=options.Argument,
    about="The command to run there; write -- before its options.",
    nargs=-1,
    metavar="[COMMAND]...",
)
@options.manners("text")
@click.pass_context
def shell(ctx: click.Context, /, name: str, command: tuple[str, ...], **_manners: Any) -> int:
    """Open a shell on a workstation, or run COMMAND there, through Session Manager.

    It prepares ssh as `workstation connect` does.
    """
    console = options.console(ctx)
    from reconciler.cli.workstation.connect import ConnectOptions, ssh

    return ssh(ConnectOptions(name, run=False, port=0, user="", ssh_config=True), command, console)


@click.command(
    cls=options.Command,
    hidden=True,
    examples=("workstation proxy --region us-east-1 acme/alice 22",),
)
@click.argument("name", cls=options.Argument, about="The workstation.", metavar="SITE/NAME")
@click.argument(
    "port",
    cls=options.Argument,
    about="Where its ssh server listens.",
    type=click.IntRange(1, 65535),
    metavar="PORT",
)
@click.option("--region", cls=options.Option, group="How", required=True, help="AWS region.")
@click.option(
    "--profile", cls=options.Option, group="How", default="", help="Profile of the AWS CLI."
)
@options.manners("text")
@click.pass_context
def proxy(
    ctx: click.Context, /, name: str, port: int, region: str, profile: str, **_manners: Any
) -> int:
    """Connect ssh to the present machine of a workstation; ssh calls this command."""
    console = options.console(ctx)
    from reconciler.cli.workstation.connect import proxy as run

    return run(name, port, region, profile, console)
