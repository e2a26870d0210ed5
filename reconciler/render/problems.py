"""What is wrong in the YAML → text with the source line and a caret, JSON, GitHub annotations."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from reconciler.errors import BadDeclaration, Problem
from reconciler.render.escape import annotation, terminal
from reconciler.render.style import Style
from reconciler.render.words import count

AT_MOST = 50  # shown; whoever has more repairs the first ones first
_WIDEST = 100  # characters of a source line; a longer one is cut around the caret


def text(problems: Sequence[Problem], style: Style) -> str:
    """Write a problem as `file:line:column: message (what to do)`, the source line, and a caret
    below the place."""
    lines: list[str] = []
    for problem in problems[:AT_MOST]:
        place, rest = terminal(str(problem.where)), terminal(_with_hint(problem))
        lines.append(f"{style.paint('strong', place)}: {style.paint('trouble', rest)}")
        lines += _excerpt(problem, style)
    lines += _remainder(problems)
    return style.finish(lines)


def document(problems: Sequence[Problem]) -> dict[str, Any]:
    """Build the JSON document of the problems: the first as `error`, as every command has it,
    and all as `errors`."""
    errors = [
        {
            "code": BadDeclaration.code,
            "message": problem.message,
            "where": str(problem.where),
            "hint": problem.hint or None,
        }
        for problem in problems
    ]
    return {"error": errors[0], "errors": errors}


def github(problems: Sequence[Problem]) -> str:
    """Write GitHub workflow commands: each problem at its line of the pull request."""
    return "".join(_annotation(problem) + "\n" for problem in problems[:AT_MOST])


def _annotation(problem: Problem) -> str:
    where = problem.where
    file = annotation(where.file, is_property=True)
    place = f"file={file},line={where.line},col={where.column}"
    return f"::error {place}::{annotation(_with_hint(problem))}"


def _with_hint(problem: Problem) -> str:
    return problem.message + (f" ({problem.hint})" if problem.hint else "")


def _excerpt(problem: Problem, style: Style) -> list[str]:
    if not problem.line.strip():
        return []
    begin = problem.where.column - 1
    cut = max(0, begin - _WIDEST // 2)
    shown = problem.line[cut : cut + _WIDEST]
    before, under = shown[: begin - cut], shown[begin - cut :][: problem.length]
    number = str(problem.where.line)
    gutter = " " * len(number)
    carets = "^" * max(1, _columns(under))
    return [
        f"  {style.paint('quiet', f'{number} |')} {terminal(shown)}",
        f"  {style.paint('quiet', f'{gutter} |')} {' ' * _columns(before)}"
        f"{style.paint('trouble', carets)}",
    ]


def _columns(shown: str) -> int:
    """How many columns of a terminal a text takes, as `terminal` writes it."""
    return sum(_width(character) for character in terminal(shown))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _remainder(problems: Sequence[Problem]) -> list[str]:
    more = len(problems) - AT_MOST
    if more > 0:
        return [f"... and {more} more: {count(len(problems), 'problem')} in all"]
    files = {problem.where.file for problem in problems}
    return [f"{count(len(problems), 'problem')} in {count(len(files), 'file')}"]
