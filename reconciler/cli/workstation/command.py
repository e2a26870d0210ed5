"""`workstation`: what a developer does with a workstation. It needs no YAML and no console.

As for `reconcile`, this module and what it imports are all that `--help` costs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.completion import completion_of
from reconciler.cli.main import enter
from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.streams import write
from reconciler.cli.workstation.shell import NAME, proxy, shell

PROGRAM = "workstation"
TIMEOUT = 15 * 60
"""Seconds: a Spot launch, a boot and a mount take some minutes together."""
UNTIL = click.argument(
    "words",
    cls=options.Argument,
    about='The workstation, without it your own; and a time: Mon, "Mon 18:00", 18:00, tomorrow, '
    "2027-01-04.",
    nargs=-1,
    required=True,
    metavar="[NAME] until WHEN",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    return enter(workstation, PROGRAM, arguments)


@click.group(
    cls=options.Group,
    name=PROGRAM,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND]",
    examples=(
        "workstation start                # yours; it is ready when this ends",
        "workstation connect",
        "workstation extend 2h            # no schedule stops it before",
        "workstation why                  # why it is off, or does not start",
    ),
)
@options.version
@click.pass_context
def workstation(ctx: click.Context, /) -> int:
    """Start, stop and reach a workstation.

    NAME is a workstation. Without it, the command means your own: the one whose owner is your
    AWS login. Region and credentials are those of the AWS configuration.
    """
    if ctx.invoked_subcommand is None:
        write(sys.stdout, ctx.get_help() + "\n")
    return exit_codes.DONE


@workstation.command(
    cls=options.Command,
    examples=(
        "workstation start",
        "workstation start alice --for 3h",
        'workstation start --until "Fri 18:00" --no-wait',
    ),
    short_help="Turn it on, and wait until it is ready.",
)
@NAME
@click.option(
    "--for",
    "seconds",
    cls=options.Option,
    group="How",
    type=options.Duration(),
    metavar="3h",
    help="Keep it on for this long, whatever its schedule says.",
)
@click.option(
    "--until",
    cls=options.Option,
    group="How",
    metavar="WHEN",
    default="",
    help='Keep it on until this time: Mon, "Fri 18:00", 2027-01-04.',
)
@click.option(
    "--no-wait",
    cls=options.Option,
    group="How",
    is_flag=True,
    help="Request the start, and do not wait.",
)
@click.option(
    "--timeout",
    cls=options.Option,
    group="How",
    type=options.Duration(),
    metavar="15m",
    default=TIMEOUT,
    help="Wait this long until it is ready; it starts after that too.  [default: 15m]",
)
@options.manners("text", "json")
@click.pass_context
def start(
    ctx: click.Context,
    /,
    name: str,
    seconds: int | None,
    until: str,
    no_wait: bool,
    timeout: int,
    **_manners: Any,
) -> int:
    """Turn a workstation on, and wait until it is ready: until its home is mounted.

    Within its hours it stays on until its next stop. Outside of them it is kept on for 4 hours,
    and without a schedule until its max_runtime is over. An override that keeps it off is
    cancelled.
    """
    console = options.console(ctx)
    if seconds and until:
        raise click.UsageError("give --for or --until, not both.")
    from reconciler.cli.workstation.start import StartOptions, run

    return run(StartOptions(name, seconds, until, None if no_wait else timeout), console)


@workstation.command(
    cls=options.Command,
    examples=("workstation stop", "workstation stop alice -o json"),
    short_help="Turn it off until its next start.",
)
@NAME
@options.manners("text", "json")
@click.pass_context
def stop(ctx: click.Context, /, name: str, **_manners: Any) -> int:
    """Turn a workstation off until its next start, and say what still costs money.

    A start that waits for capacity is cancelled, and so is an override that keeps it on.
    """
    console = options.console(ctx)
    from reconciler.cli.workstation.override import stop as run

    return run(name, console)


@workstation.command(
    cls=options.Command,
    examples=("workstation status", "workstation status --all -o json"),
    short_help="Show whether it is on, since when, and until when.",
)
@NAME
@click.option(
    "--all",
    "everybody",
    cls=options.Option,
    group="What",
    is_flag=True,
    help="The workstations of everybody, in every region.",
)
@options.manners("text", "json")
@click.pass_context
def status(ctx: click.Context, /, name: str, everybody: bool, **_manners: Any) -> int:
    """Show the state of a workstation; without NAME, of all that are yours.

    --all shows the workstations of everybody in every region that you may read, with prices and
    their sum.
    """
    console = options.console(ctx)
    if name and everybody:
        raise click.UsageError("give NAME or --all, not both.")
    from reconciler.cli.workstation.view import status as run

    return run(name, everybody, console)


@workstation.command(
    cls=options.Command,
    examples=(
        "workstation connect              # the commands for DCV and ssh",
        "workstation connect --run        # forward DCV to this machine until Ctrl-C",
        "workstation connect && ssh alice.acme.workstation",
    ),
    short_help="Show how to connect; prepare ssh.",
)
@NAME
@click.option(
    "--run", "go", cls=options.Option, group="How", is_flag=True, help="Forward DCV's port now."
)
@click.option(
    "--port",
    cls=options.Option,
    group="How",
    type=click.IntRange(1024, 65535),
    default=8443,
    show_default=True,
    help="Port of this machine for DCV.",
)
@click.option(
    "--user",
    cls=options.Option,
    group="How",
    metavar="LOGIN",
    default="",
    help="Login on the workstation.  [default: the name of the workstation]",
)
@click.option(
    "--no-ssh-config",
    cls=options.Option,
    group="How",
    is_flag=True,
    help="Do not change ~/.ssh/config.",
)
@options.manners("text", "json")
@click.pass_context
def connect(
    ctx: click.Context,
    /,
    name: str,
    go: bool,
    port: int,
    user: str,
    no_ssh_config: bool,
    **_manners: Any,
) -> int:
    """Show how to connect through Session Manager; nothing listens on the internet.

    It includes ~/.ssh/workstations/config in ~/.ssh/config, so that `ssh NAME.SITE.workstation`
    works, with everything that uses ssh, also after the machine was replaced.
    """
    console = options.console(ctx)
    from reconciler.cli.workstation.connect import ConnectOptions, run

    return run(ConnectOptions(name, go, port, user, not no_ssh_config), console)


@workstation.command(
    cls=options.Command,
    examples=("workstation extend 2h", "workstation extend alice 90m"),
    short_help="Keep it on for this long from now.",
)
@click.argument(
    "words",
    cls=options.Argument,
    about="The workstation, without it your own; and for how long: 90m, 2h, 1d.",
    nargs=-1,
    required=True,
    metavar="[NAME] 2h",
)
@options.manners("text", "json")
@click.pass_context
def extend(ctx: click.Context, /, words: tuple[str, ...], **_manners: Any) -> int:
    """Keep a workstation on for this long from now, whatever its schedule says.

    This never shortens the time.
    """
    console = options.console(ctx)
    if len(words) > 2:
        raise click.UsageError("give a duration, and before it a NAME at most.")
    seconds = options.Duration().convert(words[-1], None, ctx)
    from reconciler.cli.workstation.override import extend as run

    return run(words[0] if len(words) == 2 else "", seconds, console)


@workstation.command(
    cls=options.Command,
    examples=(
        "workstation hold until Mon       # until Monday's first start, else 00:00",
        'workstation hold until "Mon 18:00"',
        "workstation hold alice until 2027-01-04",
    ),
    short_help="Keep it on until a given time.",
)
@UNTIL
@options.manners("text", "json")
@click.pass_context
def hold(ctx: click.Context, /, words: tuple[str, ...], **_manners: Any) -> int:
    """Keep a workstation on until a given time, at most 31 days; times are in its time zone."""
    console = options.console(ctx)
    name, when = _until(words)
    from reconciler.cli.workstation.override import hold as run

    return run(name, when, console)


@workstation.command(
    cls=options.Command,
    examples=("workstation off until 2027-01-04", "workstation off alice until Mon"),
    short_help="Turn it off, and keep it off until a given time.",
)
@UNTIL
@options.manners("text", "json")
@click.pass_context
def off(ctx: click.Context, /, words: tuple[str, ...], **_manners: Any) -> int:
    """Turn a workstation off and keep it off until a given time: its starts are refused."""
    console = options.console(ctx)
    name, when = _until(words)
    from reconciler.cli.workstation.override import off as run

    return run(name, when, console)


@workstation.command(
    cls=options.Command,
    examples=("workstation why", "workstation why alice -o json"),
    short_help="Say why it is off, or does not start.",
)
@NAME
@options.manners("text", "json")
@click.pass_context
def why(ctx: click.Context, /, name: str, **_manners: Any) -> int:
    """Say why a workstation is off, does not start or lost its machine, and what to do."""
    console = options.console(ctx)
    from reconciler.cli.workstation.view import why as run

    return run(name, console)


workstation.add_command(shell)
workstation.add_command(proxy)
workstation.add_command(completion_of(PROGRAM))


def _until(words: tuple[str, ...]) -> tuple[str, str]:
    """NAME, or "", and WHEN."""
    if len(words) > 2 and words[1] == "until":
        return words[0], " ".join(words[2:])
    if len(words) > 1 and words[0] == "until":
        return "", " ".join(words[1:])
    raise click.UsageError('write `until` and when: until Mon, until "Mon 18:00".')
