"""What the YAML parser says, in our words: what is wrong, where, and what to do."""

from __future__ import annotations

from typing import Any

from reconciler.declare.tree import Source
from reconciler.errors import Problem

# (part of the parser's text, our message, what to do); the first that fits is used.
_WORDS = (
    ("unexpected end of stream", "this quote is never closed", "add the closing quote"),
    ("unexpected document indicator", "this quote is never closed", "add the closing quote"),
    ("tab character", "a tab", "indent with spaces"),
    (
        "mapping values are not allowed",
        "a `:` is not expected here",
        "check the indentation, and quote text that has a colon",
    ),
    (
        "could not find expected ':'",
        "a `:` is missing after this",
        "write `key: value`, with a space after the colon",
    ),
    ("expected ',' or ']'", "this list is not closed", "add a comma or the closing ]"),
    ("expected ',' or '}'", "this mapping is not closed", "add a comma or the closing }"),
    ("expected '-' indicator", "this does not line up", "indent it like the items above"),
    ("expected key", "this does not line up", "indent it like the keys beside it"),
    ("block sequence entries", "a list is not expected here", "begin it on a new line"),
    ("block collections", "a list is not expected here", "begin it on a new line"),
    ("mapping keys are not allowed", "a key is not expected here", "begin it on a new line"),
    (
        "escape",
        "an unknown escape in double quotes",
        "use single quotes, or double the backslash",
    ),
    (
        "hexdecimal",
        "an unknown escape in double quotes",
        "use single quotes, or double the backslash",
    ),
    (
        "alphabetic or numeric character",
        "`*` and `&` mean something else in YAML",
        "write the text in quotes",
    ),
    ("expected node content", "a value is missing here", "write one, or take the comma out"),
    ("document start", "a second document begins here", "one file holds one document"),
    ("directive", "YAML directives are not used here", "take the % line out"),
    ("incompatible YAML document", "YAML directives are not used here", "take the % line out"),
    ("tag", "this tag is not allowed", "write a plain value"),
    ("nesting", "too many levels deep", "nothing needs that many"),
)


def explain(source: Source, error: Any) -> Problem:
    """One problem from a parser's error, at the place that must be edited."""
    text = f"{getattr(error, 'problem', None) or error}"
    mark = getattr(error, "problem_mark", None)
    if "cannot start any token" in text:
        return _no_token(source, mark)
    for part, message, hint in _WORDS:
        if part in text:
            if "never closed" in message:
                mark = getattr(error, "context_mark", None) or mark
            return _at(source, mark, message, hint)
    return _at(source, mark, "this is not YAML", "check quotes, colons and indentation")


def _no_token(source: Source, mark: Any) -> Problem:
    line = source.lines[mark.line] if mark.line < len(source.lines) else ""
    char = line[mark.column : mark.column + 1]
    if char == "\t":
        return _at(source, mark, "a tab", "indent with spaces")
    return _at(source, mark, f"a value cannot begin with `{char}`", "write the text in quotes")


def _at(source: Source, mark: Any, message: str, hint: str) -> Problem:
    if mark is None:
        return source.problem(1, 1, message, hint)
    line = min(mark.line + 1, max(1, len(source.lines)))  # an error may stand past the end
    column = mark.column + 1 if line == mark.line + 1 else 1
    return source.problem(line, column, message, hint)
