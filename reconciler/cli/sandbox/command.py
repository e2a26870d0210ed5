"""`reconcile sandbox`: a local AWS in the foreground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reconciler.cli import options
from reconciler.cli.sandbox.control import capacity, clock
from reconciler.cli.sandbox.imds import imds
from reconciler.cli.sandbox.troubles import interrupt, machine, quota, throttle
from reconciler.cli.terminal import exit_codes

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox


@click.group(
    cls=options.Group,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND]",
    examples=(
        "reconcile sandbox > sandbox.env &     # then, once it is ready:",
        ". ./sandbox.env && reconcile --dry-run",
        "reconcile sandbox clock +2h           # schedules fire on the way",
        "reconcile sandbox --port 0 -o json    # a free port, as one line of JSON",
    ),
    short_help="Run a local AWS for trials.",
)
@click.option(
    "--port",
    cls=options.Option,
    type=click.IntRange(0, 65535),
    default=5566,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free port.",
)
@options.manners("text", "json")
@click.pass_context
def sandbox(ctx: click.Context, /, port: int, **_manners: Any) -> int:
    """Run a local AWS, with a network, images and prices in it, until Ctrl-C or SIGTERM.

    No operating system boots in it, and nothing is mounted: it only plays the machines.
    Its contents are lost when it ends. When it is ready, stdout has two `export` lines that
    point every AWS tool at it, then a line `# ready`. The lines hold a key that is new with
    each start: without this key nobody gets an answer, on this machine either. Ctrl-C and
    SIGTERM end it with exit code 0.
    """
    if ctx.invoked_subcommand:
        _hand_down(ctx, ctx.invoked_subcommand)
        return exit_codes.DONE
    console = options.console(ctx)
    from reconciler.errors import UsageError

    try:
        with console.stop.interruptible():  # it takes a second or two
            from reconciler.sandbox import UNSET, SandboxError, serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the sandbox needs {error.name}: in a checkout `make setup` installs it, elsewhere "
            "`pipx inject gpu-workstation-reconciler moto==5.2.5 flask flask-cors`, or pip with "
            "the same packages"
        ) from error

    def announce(sandbox: Sandbox) -> None:
        if console.output == "json":
            console.compact = True
            words = {"environment": sandbox.environment, "unset": list(UNSET)}
            console.json({"version": 1, "ready": True, **words})
        else:
            console.result(exports(sandbox.environment, UNSET))
        console.log.info(
            "sandbox on %s; it only plays the machines: nothing boots, nothing is mounted; Ctrl-C "
            "ends it",
            sandbox.endpoint,
        )

    try:
        serve(port, announce)
    except SandboxError as error:
        raise UsageError(str(error)) from error
    return exit_codes.DONE


for _command in (clock, capacity, quota, interrupt, machine, throttle, imds):
    sandbox.add_command(_command)


def _hand_down(ctx: click.Context, command: str) -> None:
    """Options before the sub-command hold for it too; the port is of a sandbox that starts."""
    if ctx.get_parameter_source("port") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--port is for a sandbox that starts; this one is AWS_ENDPOINT_URL.")
    given = (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP)
    words = {
        name: value for name, value in ctx.params.items() if ctx.get_parameter_source(name) in given
    }
    ctx.default_map = {command: words}


def exports(environment: Mapping[str, str], unset: Sequence[str]) -> str:
    """Write two lines for a shell and the mark that nothing more follows; `eval` skips the mark.

    The same for sh, bash, zsh and fish, which has `export` and no `unset`. Its `set -e` would end
    any other shell at the next error, so that only fish may come to it.
    """
    import shlex

    pairs = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    endpoint = [pair for pair in pairs if pair.startswith("AWS_ENDPOINT_URL=")]
    others = [pair for pair in pairs if pair not in endpoint]
    names, has_unset = " ".join(unset), "type unset >/dev/null 2>&1"
    cleared = f"{has_unset} || set -e {names}; {has_unset} && unset {names}"
    return f"export {' '.join(endpoint)}\nexport {' '.join(others)}; {cleared}\n# ready\n"
