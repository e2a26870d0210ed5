"""The error boundary: each error of a command becomes a message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.streams import write
from reconciler.errors import Interrupted

if TYPE_CHECKING:
    from reconciler.errors import BadDeclaration


T = TypeVar("T")


def error_boundary(console: Console, action: Callable[[], int]) -> int:
    """Run a command, and return its exit code, whatever happens."""
    code, failed = attempt(console, action)
    return failed if code is None else code


def attempt(console: Console, action: Callable[[], T]) -> tuple[T | None, int]:
    """Run it; its result, or None and the exit code of the error, which has been reported."""
    try:
        return action(), exit_codes.DONE
    except Interrupted as error:
        return None, _report(console, error)
    except Exception as error:  # noqa: BLE001 - the one place that takes all: see below
        # Whatever nobody foresaw must still end as one line, valid JSON and an exit code, and in
        # a loop must not end the loop.
        return None, _report(console, error)


def _report(console: Console, error: BaseException) -> int:
    from reconciler.cli.terminal.annotations import command
    from reconciler.cli.terminal.failures import failure
    from reconciler.errors import BadDeclaration

    shown = console.masked(failure(error))
    if isinstance(error, BadDeclaration):
        _problems(console, error)
    else:
        console.complain(shown)
        if console.on_github:
            write(sys.stderr, command("error", shown.line) + "\n")
        console.explain_failure(shown)
    if console.debug:
        _trace(error)
    return shown.exit_code


def _problems(console: Console, error: BadDeclaration) -> None:
    from reconciler.render import problems

    console.site = console.site or error.site
    if console.log_format == "json":
        for problem in error.problems:
            console.log.error("%s", problem, extra={"where": str(problem.where)})
    else:
        write(sys.stderr, problems.text(error.problems, console.style_err))
    if console.on_github:
        write(sys.stderr, problems.github(error.problems))
    console.explain_problems(console.masked(error.problems))


def _trace(error: BaseException) -> None:
    import traceback

    from reconciler.render.escape import terminal

    for line in "".join(traceback.format_exception(error)).splitlines():
        write(sys.stderr, terminal(line) + "\n")
