"""`reconcile completion`: the shell script, and the names that it completes."""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem, get_completion_class

from reconciler.cli.options import Argument, Command
from reconciler.cli.paths import found, names
from reconciler.cli.terminal.console import Console

_INSTALL = {
    "bash": "{0} completion bash >> ~/.bashrc",
    "zsh": '{0} completion zsh > "${{fpath[1]}}/_{0}"',
    "fish": "{0} completion fish > ~/.config/fish/completions/{0}.fish",
}


def completion_of(program: str) -> click.Command:
    """Make the command `completion` of a program."""

    @click.command(
        cls=Command,
        name="completion",
        examples=tuple(line.format(program) for line in _INSTALL.values()),
        short_help="Print the completion script of a shell.",
    )
    @click.argument("shell", cls=Argument, about="The shell.", type=click.Choice(list(_INSTALL)))
    @click.pass_obj
    def completion(console: Console, shell: str) -> int:
        """Print the completion script of a shell.

        It completes commands, options, fleets and workstations; names come from the YAML, never
        from AWS.
        """
        script = get_completion_class(shell)
        assert script is not None
        variable = f"_{program.upper()}_COMPLETE"
        source = script(root(), {}, program, variable).source()
        # zsh takes a first line `#compdef` as the script's purpose: the comment comes second.
        first, _, rest = source.lstrip().partition("\n")
        console.result(f"{first}\n# {_INSTALL[shell].format(program)}\n{rest}\n")
        return 0

    return completion


completion = completion_of("reconcile")


def root() -> click.Command:
    """Return the outermost command, which the script asks for completions."""
    return click.get_current_context().find_root().command


def complete_workstation(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """Complete workstations, by name and as `fleet/name`."""
    known = _names(ctx)
    words = [name for _, name in known] + [f"{fleet}/{name}" for fleet, name in known]
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def complete_selection(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """Complete workstations, and whole fleets as `fleet/*`."""
    fleets = sorted({fleet for fleet, _ in _names(ctx)})
    whole = [
        CompletionItem(f"{fleet}/*") for fleet in fleets if f"{fleet}/*".startswith(incomplete)
    ]
    return [*complete_workstation(ctx, _param, incomplete), *whole]


def _names(ctx: click.Context) -> list[tuple[str, str]]:
    outer = ctx.parent.params if ctx.parent else {}
    return list(names(found(ctx.params.get("fleets") or outer.get("fleets") or ())))
