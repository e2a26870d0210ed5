"""`reconcile completion`: the shell script, and what names it completes."""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem, get_completion_class

from reconciler.cli.console import Console
from reconciler.cli.options import Command
from reconciler.cli.places import found, names

_INSTALL = {
    "bash": "reconcile completion bash >> ~/.bashrc",
    "zsh": 'reconcile completion zsh > "${fpath[1]}/_reconcile"',
    "fish": "reconcile completion fish > ~/.config/fish/completions/reconcile.fish",
}


@click.command(
    cls=Command,
    examples=tuple(_INSTALL.values()),
    short_help="Print the completion script of a shell.",
)
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_obj
def completion(console: Console, shell: str) -> int:
    """Print the completion script of a shell.

    It completes commands, options, fleets and workstations; names come from the YAML, never
    from AWS.
    """
    script = get_completion_class(shell)
    assert script is not None
    source = script(root(), {}, "reconcile", "_RECONCILE_COMPLETE").source()
    # zsh takes a first line `#compdef` as the script's purpose: the comment comes second.
    first, _, rest = source.lstrip().partition("\n")
    console.result(f"{first}\n# {_INSTALL[shell]}\n{rest}\n")
    return 0


def root() -> click.Command:
    """The outermost command, which the script asks for completions."""
    return click.get_current_context().find_root().command


def complete_workstation(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """Workstations, by name and as `fleet/name`."""
    known = _names(ctx)
    words = [name for _, name in known] + [f"{fleet}/{name}" for fleet, name in known]
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def complete_selection(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """As for one workstation, and whole fleets as `fleet/*`."""
    fleets = sorted({fleet for fleet, _ in _names(ctx)})
    whole = [CompletionItem(f"{it}/*") for it in fleets if f"{it}/*".startswith(incomplete)]
    return [*complete_workstation(ctx, _param, incomplete), *whole]


def _names(ctx: click.Context) -> list[tuple[str, str]]:
    outer = ctx.parent.params if ctx.parent else {}
    return list(names(found(ctx.params.get("fleets") or outer.get("fleets") or ())))
