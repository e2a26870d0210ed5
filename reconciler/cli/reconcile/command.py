"""`reconcile`: the command of the run, with its sub-commands.

This module and what it imports are all that `--help` costs: AWS, YAML and tables are imported
by the commands that need them, when they run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.core import ParameterSource

from reconciler.cli import options
from reconciler.cli.completion import complete_selection, completion
from reconciler.cli.main import enter
from reconciler.cli.reconcile.ami import ami
from reconciler.cli.reconcile.doctor import doctor
from reconciler.cli.reconcile.explain import explain
from reconciler.cli.reconcile.iam import iam
from reconciler.cli.reconcile.simulate import simulate
from reconciler.cli.reconcile.validate import validate
from reconciler.cli.sandbox.command import sandbox
from reconciler.cli.terminal import exit_codes

PROGRAM = "reconcile"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    return enter(reconcile, PROGRAM, arguments)


@click.group(
    cls=options.Group,
    name=PROGRAM,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND]",
    examples=(
        "reconcile --dry-run              # the plan, without writing",
        "reconcile                        # make AWS match the YAML",
        "reconcile --only 'vision/*' --every 5m",
        "reconcile --every 5m --listen    # also notify owners of interruptions",
    ),
    codes=exit_codes.TABLE,
)
@options.fleets
@click.option(
    "--only",
    cls=options.Option,
    group="What",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_selection,
    help="A workstation, or fleet/name; globs allowed; repeatable.",
)
@click.option(
    "--dry-run",
    cls=options.Option,
    group="How",
    is_flag=True,
    help="Print the plan; write nothing.",
)
@click.option(
    "--exit-code",
    cls=options.Option,
    group="How",
    is_flag=True,
    help="With --dry-run: exit 3 when changes are pending.",
)
@click.option(
    "--approve",
    cls=options.Option,
    group="How",
    metavar="TOKEN",
    multiple=True,
    help="Approve what a guard holds back, with the token from its message; repeatable.",
)
@click.option(
    "--expect",
    cls=options.Option,
    group="How",
    metavar="PLAN",
    default="",
    help="Apply only this plan: its digest, or a file of --dry-run -o json; else exit 4.",
)
@click.option(
    "--drift-only",
    cls=options.Option,
    group="How",
    is_flag=True,
    help="Repair; leave a new image or subnet behind an unchanged declaration, and exit 4.",
)
@click.option(
    "--wait",
    cls=options.Option,
    group="How",
    is_flag=True,
    help="Wait until slow resources, such as file systems, are ready.",
)
@click.option(
    "--every",
    cls=options.Option,
    group="How",
    type=options.Duration(),
    metavar="5m",
    help="Repeat the run at about this interval; SIGTERM stops the loop cleanly.",
)
@click.option(
    "--listen",
    cls=options.Option,
    group="How",
    is_flag=True,
    help="With --every: receive AWS's events; notify owners, and run at once when a launch fails.",
)
@click.option(
    "--redact",
    cls=options.Option,
    group=options.OUTPUT,
    is_flag=True,
    help="For public logs: replace account, AWS ids and e-mail addresses by placeholders.",
)
@options.manners("text", "json", "markdown")
@options.version
@click.pass_context
def reconcile(ctx: click.Context, /, **given: Any) -> int:
    """Make the GPU workstations in AWS match the YAML in fleets/.

    Without a command it runs: it reads the YAML, reads AWS, applies the differences and reports.
    """
    if ctx.invoked_subcommand:
        _hand_down(ctx, ctx.invoked_subcommand)
        return exit_codes.DONE
    _check(ctx)
    from reconciler.cli.reconcile.run import Request, exit_code, run

    console = options.console(ctx)
    every = given["every"]
    request = Request(
        fleets=given["fleets"],
        only=given["only"],
        approve=given["approve"],
        expect=given["expect"],
        drift_only=given["drift_only"],
        dry_run=given["dry_run"],
        exit_code=given["exit_code"],
        wait=given["wait"],
        looped=every is not None,
        redact=given["redact"],
    )
    if every is None:
        return exit_code(request, run(request, console))
    from reconciler.cli.reconcile.loop import repeat

    # A variable does not make a dry run publish and delete; when typed it is an error.
    return repeat(request, console, every, listens=given["listen"] and not request.dry_run)


for _command in (validate, explain, doctor, simulate, iam, ami, sandbox, completion):
    reconcile.add_command(_command)


def _typed(ctx: click.Context, name: str) -> bool:
    """Whether an option stands on the command line, not only in a RECONCILE_ variable."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _check(ctx: click.Context) -> None:
    """Options that contradict each other, when they were typed."""
    dry_run = ctx.params["dry_run"]
    if _typed(ctx, "exit_code") and not dry_run:
        raise click.UsageError("--exit-code is for --dry-run: a run that writes ends with 0 or 1.")
    if _typed(ctx, "wait") and dry_run:
        raise click.UsageError("--wait has nothing to wait for with --dry-run.")
    if _typed(ctx, "every") and _typed(ctx, "approve"):
        raise click.UsageError("--approve is for one plan, --every makes many plans.")
    if ctx.params["expect"] and ctx.params["every"] is not None:
        raise click.UsageError("--expect is for one plan, --every makes many plans.")
    if ctx.params["expect"] and ctx.params["wait"]:
        raise click.UsageError("--expect is for one plan, --wait continues with later plans.")
    if _typed(ctx, "listen") and ctx.params["every"] is None:
        raise click.UsageError(
            "--listen needs --every: a single run has ended before an event comes."
        )
    if _typed(ctx, "listen") and dry_run:
        raise click.UsageError("--listen sends notices and deletes events: not with --dry-run.")


def _hand_down(ctx: click.Context, command: str) -> None:
    """Options before the sub-command hold for it too, where it has them."""
    sub = reconcile.commands[command]
    known = {parameter.name for parameter in sub.params}
    typed = [name for name in ctx.params if _typed(ctx, name)]
    for parameter in reconcile.params:
        if parameter.name in typed and parameter.name not in known:
            raise click.UsageError(
                f"{parameter.opts[-1]} belongs to the run, not to `{PROGRAM} {command}`."
            )
    ctx.default_map = {command: {name: ctx.params[name] for name in typed}}
