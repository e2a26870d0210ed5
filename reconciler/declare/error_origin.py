"""Where a mistake was made, when the parser stumbled over it only later.

A quote that is never closed ends at the next one, lines below; a line without its colon goes on
into the next line. What tells is the last piece of text before the place where the parser gave up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.declare.tree import Source
from reconciler.errors import Problem


@dataclass(frozen=True)
class ScalarToken:
    """One scalar as the scanner saw it; lines and columns count from 0, the end is behind it."""

    line: int
    column: int
    end_line: int
    end_column: int
    quote: str  # ' or " or ""


def earlier(
    source: Source,
    text: str,
    at: tuple[int, int],
    context: tuple[int, int],
    last: ScalarToken | None,
) -> Problem | None:
    """Find the problem at the place to edit; None when it is where the parser says.

    `text` is what the parser says; `at` and `context` are where it gave up, and where what it was
    in begins: line and column from 0.
    """
    if last is not None:
        found = _quoted(source, at, last) if last.quote else _plain(source, text, at, last)
        if found:
            return found
    return _separator(source, text, at, context)


def _quoted(source: Source, at: tuple[int, int], last: ScalarToken) -> Problem | None:
    if last.line != last.end_line and at[0] == last.end_line:
        return source.problem(
            last.line + 1,
            last.column + 1,
            f"this quote is closed only in line {last.end_line + 1}",
            "add the closing quote",
        )
    if at == (last.end_line, last.end_column) and _char(source, at).isalnum():
        return source.problem(
            at[0] + 1,
            at[1] + 1,
            "text goes on after the closing quote",
            "double a quote that belongs to the text",
        )
    return None


def _plain(source: Source, text: str, at: tuple[int, int], last: ScalarToken) -> Problem | None:
    """Unquoted text that took the next line in as well, up to its colon."""
    if "mapping values" not in text or last.line == last.end_line or at[0] != last.end_line:
        return None
    line = source.lines[last.line]
    if line[: last.column].strip():  # the value of a key: the next line stands deeper than that key
        column = len(source.lines[at[0]]) - len(source.lines[at[0]].lstrip())
        message, hint = "this does not line up", "indent it like the keys beside it"
        return source.problem(at[0] + 1, column + 1, message, hint)
    return _no_colon(source, last.line, last.column)


def _no_colon(source: Source, line: int, column: int) -> Problem:
    """A line that should be `key: value`: without its colon, or without the blank after it."""
    found = re.match(r"[\w-]+:(?=[^\s:/])", source.lines[line][column:])
    if found:
        message, hint = "a blank is missing after the `:`", "write `key: value`"
        return source.problem(line + 1, column + found.end(), message, hint)
    message, hint = (
        "a `:` is missing after this",
        "write `key: value`, with a space after the colon",
    )
    return source.problem(line + 1, column + 1, message, hint)


def _separator(
    source: Source, text: str, at: tuple[int, int], context: tuple[int, int]
) -> Problem | None:
    """What stands in the way on the very line where a list or a mapping in brackets begins."""
    if "expected ':'" in text:
        return _no_colon(source, *context)
    if "',' or" not in text or at[0] != context[0]:
        return None
    char = _char(source, at)
    if char == ":":
        message, hint = "a `:` is not expected here", "quote text that has a colon"
    elif char in ("]", "}"):
        opened, right = ("{", "}") if char == "]" else ("[", "]")
        message, hint = f"`{char}` cannot close what `{opened}` opened", f"write {right} instead"
    elif char:
        message, hint = "a comma is missing before this", "add it"
    else:
        return None
    return source.problem(at[0] + 1, at[1] + 1, message, hint)


def _char(source: Source, at: tuple[int, int]) -> str:
    line = source.lines[at[0]] if at[0] < len(source.lines) else ""
    return line[at[1] : at[1] + 1]
