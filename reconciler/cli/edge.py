"""The edge: every error of a command ends here, as a message and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

import click

from reconciler.cli.annotations import command
from reconciler.cli.console import Console, write
from reconciler.cli.failures import Failure, failure
from reconciler.cli.stop import Interrupted
from reconciler.errors import BadDeclaration, ReconcilerError
from reconciler.render.escape import terminal


def guarded(console: Console, action: Callable[[], int]) -> int:
    """Run it; the exit code, whatever happens."""
    try:
        return action()
    except Interrupted as signal:
        said = f"stopped by {signal} while reading; nothing was written"
        return console.fail(Failure("interrupted", said, "", console.stop.exit_code))
    except BadDeclaration as error:
        return _problems(console, error)
    except (ReconcilerError, click.ClickException) as error:
        return _fail(console, error)
    # The one place that takes every exception: whatever nobody foresaw must still end as one
    # line, valid JSON and an exit code, and in a loop must not end the loop.
    except Exception as error:  # noqa: BLE001
        return _fail(console, error)


def _fail(console: Console, error: Exception) -> int:
    said = failure(error)
    code = console.fail(said)
    if console.on_github:
        write(sys.stderr, command("error", said.line) + "\n")
    _trace(console, error)
    return code


def _problems(console: Console, error: BadDeclaration) -> int:
    for problem in error.problems:
        console.log.error("%s", problem)
        if console.on_github:
            write(sys.stderr, command("error", problem.message, problem.where) + "\n")
    errors = [
        {"where": str(it.where), "message": it.message, "hint": it.hint or None}
        for it in error.problems
    ]
    console.explain_failure(failure(error), {"errors": errors})
    _trace(console, error)
    return error.exit_code


def _trace(console: Console, error: Exception) -> None:
    if console.debug:
        for line in "".join(traceback.format_exception(error)).splitlines():
            write(sys.stderr, terminal(line) + "\n")
