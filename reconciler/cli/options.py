"""Options and help of every command: examples first, options in groups."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from reconciler.cli import product
from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.streams import write

F = TypeVar("F", bound=Callable[..., Any])
CONTEXT = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": 100,
    "auto_envvar_prefix": "RECONCILE",
}
OUTPUT = "Output"


class Option(click.Option):
    """An option with its heading in `--help`."""

    def __init__(self, *names: Any, group: str = "Options", **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.group = group


class Argument(click.Argument):
    """An argument with its explanation in `--help`."""

    group = "Arguments"

    def __init__(self, *names: Any, about: str, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.about = about

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        return self.make_metavar(ctx), self.about


class _Help(click.Command):
    """Help that begins with examples and ends with the exit codes."""

    examples: tuple[str, ...] = ()
    codes: tuple[exit_codes.Exit, ...] = ()

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            formatter.write("".join(f"  {example}\n" for example in self.examples))
        formatter.write_paragraph()
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        self.format_options(ctx, formatter)
        self._format_exit_codes(formatter)
        formatter.write_paragraph()
        formatter.write_text(f"Documentation: {product.DOCS}")

    def _format_exit_codes(self, formatter: click.HelpFormatter) -> None:
        """In one line, but for the program that has the table."""
        if self.codes:
            with formatter.section("Exit codes"):
                formatter.write_dl([(str(row.code), row.meaning) for row in self.codes])
            return
        formatter.write_paragraph()
        formatter.write_text(exit_codes.BRIEF)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option:
            option.callback = _show_help  # click's own takes a reader who has left for an error
        return option

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record:
                groups.setdefault(getattr(parameter, "group", OUTPUT), []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        write(sys.stdout, ctx.get_help() + "\n")
        ctx.exit()


class Command(_Help):
    """A sub-command."""

    def __init__(self, *names: Any, examples: tuple[str, ...], **settings: Any) -> None:
        settings["context_settings"] = CONTEXT
        super().__init__(*names, **settings)
        self.examples = examples


class Group(_Help, click.Group):
    """`reconcile` itself: the run, and the sub-commands."""

    def __init__(
        self,
        *names: Any,
        examples: tuple[str, ...],
        codes: tuple[exit_codes.Exit, ...] = (),
        **settings: Any,
    ) -> None:
        settings["context_settings"] = CONTEXT
        super().__init__(*names, **settings)
        self.examples = examples
        self.codes = codes

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


class Duration(click.ParamType[int]):
    """`30s`, `5m`, `1h`, `1d`: seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from reconciler.declare.units import seconds

        if isinstance(value, int):
            return value
        if not re.fullmatch(r"[1-9]\d{0,6}[smhd]", value):
            self.fail(f"{value!r} is not a duration; write 30s, 5m or 1h.", param, ctx)
        return seconds(value)


def fleets(function: F) -> F:
    """Add `-f`: the place of the YAML."""
    return click.option(
        "-f",
        "--fleets",
        cls=Option,
        group="What",
        multiple=True,
        type=click.Path(),
        metavar="PATH",
        envvar="RECONCILE_FLEETS",
        help="Directory or file with the YAML; repeatable.  [default: fleets/, here or above]",
    )(function)


def manners(*outputs: str) -> Callable[[F], F]:
    """Add the options of the output: the same for every command that has a result."""

    def option(*names: str, **settings: Any) -> Callable[[F], F]:
        variable = "RECONCILE_" + names[-1].lstrip("-").replace("-", "_").upper()
        return click.option(*names, cls=Option, group=OUTPUT, envvar=variable, **settings)

    decorators = (
        option(
            "-o",
            "--output",
            type=click.Choice(outputs),
            metavar="FORM",
            default="text",
            help=f"Form of the result on stdout: {' or '.join(outputs)}.",
        ),
        option("--no-color", is_flag=True, help="No colour; NO_COLOR and FORCE_COLOR work too."),
        option("-v", "--verbose", is_flag=True, help="Also log what is done, on stderr."),
        option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            metavar="FORM",
            default="text",
            help="Form of every line on stderr: text or json.",
        ),
        option("--debug", is_flag=True, help="Show the traceback of an error."),
    )

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def console(ctx: click.Context) -> Console:
    """Make this command's console from its options. From here on zone data is chosen."""
    from reconciler.declare.zonedata import in_use

    in_use()
    console = ctx.ensure_object(Console)
    console.output = ctx.params["output"]
    console.no_color = ctx.params["no_color"]
    console.verbose = ctx.params["verbose"]
    console.log_format = ctx.params["log_format"]
    console.debug = ctx.params["debug"]
    return console


def _say_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        write(sys.stdout, product.version(verbose=ctx.ensure_object(Console).verbose) + "\n")
        ctx.exit()


version = click.option(
    "--version",
    cls=Option,
    group=OUTPUT,
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version and exit; with -v, the time zone data too.",
)
"""`--version`, for a program."""
