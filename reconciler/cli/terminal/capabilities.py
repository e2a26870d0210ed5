"""Detect what a stream can show: colour, characters, width. Pure: gets the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from reconciler.render.style import Style


def colour(tty: bool, env: Mapping[str, str], *, no_color: bool = False) -> bool:
    """Choose colour: a no beats a yes (no-color.org); without either, a terminal decides."""
    if no_color or env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR"):
        return True
    return tty and env.get("TERM") != "dumb"


def unicode(encoding: str | None, env: Mapping[str, str]) -> bool:
    """Tell whether the locale is UTF-8.

    Python turns the C locale into UTF-8 by itself, so the stream alone does not tell that
    somebody asked for plain ASCII; no locale at all (a container) is left to the stream.
    """
    if not (encoding or "").lower().replace("-", "").startswith("utf8"):
        return False
    asked = next(filter(None, map(env.get, ("LC_ALL", "LANG", "LC_CTYPE"))), "")
    return asked == "" or "utf8" in asked.lower().replace("-", "")


def style(stream: TextIO | None, env: Mapping[str, str], *, no_color: bool = False) -> Style:
    """Choose the style of text on this stream; lines are wrapped for a terminal only."""
    from reconciler.render.style import Style

    tty = is_tty(stream)
    return Style(
        colour=colour(tty, env, no_color=no_color),
        unicode=unicode(getattr(stream, "encoding", None), env),
        width=_columns() if tty else None,
    )


def is_tty(stream: TextIO | None) -> bool:
    """Tell whether a stream is a terminal. One may be closed (`>&-`): Python then has None."""
    return stream is not None and not stream.closed and stream.isatty()


def output(arguments: Sequence[str], env: Mapping[str, str]) -> str:
    """Read the form of `-o` without click: for errors in the command line itself."""
    option = re.compile(r"--output|-v*o")  # flags may stand before it: -vo json
    for first, second in pairwise([*arguments, ""]):
        joined = re.fullmatch(r"(?:--output=|-v*o)(\w+)", first)
        if joined:
            return joined[1]
        if option.fullmatch(first):
            return second
    return env.get("RECONCILE_OUTPUT", "text")


def fleets(arguments: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """Read the values of `-f` without click: a comment on a mistake in the command line, or in the
    YAML, has to have the mark of the plan that it replaces."""
    found = []
    for first, second in pairwise([*arguments, ""]):
        joined = re.fullmatch(r"(?:--fleets=|-v*f)(.+)", first)
        if joined:
            found.append(joined[1])
        elif re.fullmatch(r"--fleets|-v*f", first):
            found.append(second)
    variable = env.get("RECONCILE_FLEETS", "")
    return tuple(found or filter(None, variable.split(os.pathsep)))


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns
