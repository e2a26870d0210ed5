"""Enter a command, from its arguments to its exit code: the same for both programs."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence

import click

from reconciler.cli.terminal import exit_codes
from reconciler.cli.terminal.console import Console
from reconciler.cli.terminal.error_boundary import error_boundary
from reconciler.cli.terminal.signals import Stop


def enter(command: click.Command, program: str, arguments: Sequence[str] | None) -> int:
    """Run a command on these arguments, or the process's; return the exit code."""
    # Python collects garbage once more when it ends: a fifth of the CPU of a short run.
    atexit.register(gc.freeze)
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name in the YAML may have letters it lacks
            stream.reconfigure(errors="backslashreplace")
    with Stop() as stop:
        console = Console(given, os.environ, stop)
        code = error_boundary(console, lambda: _dispatch(command, program, given, console))
    return stop.exit_code if stop() else code


def _dispatch(command: click.Command, program: str, given: list[str], console: Console) -> int:
    code = command.main(given, program, standalone_mode=False, obj=console)
    return code if isinstance(code, int) else exit_codes.DONE
