"""What the YAML parser says, in our words: what is wrong, where, and what to do."""

from __future__ import annotations

from typing import Any, NamedTuple

from reconciler.declare.error_origin import ScalarToken, earlier
from reconciler.declare.tree import Source
from reconciler.errors import Problem

_ESCAPE = "an unknown escape in double quotes", "use single quotes, or double the backslash"
_NO_LIST = "a list is not expected here", "begin it on a new line"


class _Explanation(NamedTuple):
    part: str  # of the parser's text
    message: str
    hint: str
    at_start: bool = False  # shown where the unfinished thing begins, not where it was missed


_EXPLANATIONS = (
    _Explanation("end of stream", "this quote is never closed", "add the closing quote", True),
    _Explanation("document indicator", "this quote is never closed", "add the closing quote", True),
    _Explanation("tab character", "a tab cannot indent", "use spaces"),
    _Explanation(
        "mapping values are not allowed",
        "a `:` is not expected here",
        "check the indentation, and quote text that has a colon",
    ),
    _Explanation(
        "expected ':'",
        "a `:` is missing after this",
        "write `key: value`, with a space after the colon",
        True,
    ),
    _Explanation("',' or ']'", "this list is not closed", "add a comma or the closing ]", True),
    _Explanation("',' or '}'", "this mapping is not closed", "add a comma or the closing }", True),
    _Explanation("'-' indicator", "this does not line up", "indent it like the items above"),
    _Explanation("expected key", "this does not line up", "indent it like the keys beside it"),
    _Explanation("block sequence entries", *_NO_LIST),
    _Explanation("block collections", *_NO_LIST),
    _Explanation("mapping keys are not", "a key is not expected here", "begin it on a new line"),
    _Explanation("escape", *_ESCAPE),
    _Explanation("hexdecimal", *_ESCAPE),
    _Explanation(
        "comment or line break", "text is not expected here", "begin it on the line after | or >"
    ),
    _Explanation(
        "alphabetic or numeric character",
        "`*` and `&` mean something else in YAML",
        "write the text in quotes",
    ),
    _Explanation("node content", "a value is missing here", "write one, or take the comma out"),
    _Explanation("document start", "a second document begins here", "one file holds one document"),
    _Explanation("tag", "this tag is not allowed", "write a plain value"),
)
_OTHER = _Explanation("", "this is not YAML", "check quotes, colons and indentation")


def explain(source: Source, error: Any, last: ScalarToken | None) -> Problem:
    """Explain a parser's error as one problem at the place that must be edited.

    `last` is the last scalar before the place where the parser gave up.
    """
    text = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None)
    if "cannot start any token" in text:
        return _no_token(source, mark)
    if mark is not None:
        context = getattr(error, "context_mark", None) or mark
        begun = (context.line, context.column)
        found = earlier(source, text, (mark.line, mark.column), begun, last)
        if found:
            return found
    words = next((candidate for candidate in _EXPLANATIONS if candidate.part in text), _OTHER)
    if words.at_start:
        mark = getattr(error, "context_mark", None) or mark
    elif mark is not None and not "".join(source.lines[mark.line :]).strip():
        return _unfinished(source)
    elif "line up" in words.message and not _begins_line(source, mark):
        words = _Explanation("", "this is not expected here", "check quotes, brackets and colons")
    return _at(source, mark, words.message, words.hint)


def _no_token(source: Source, mark: Any) -> Problem:
    char = source.lines[mark.line][mark.column : mark.column + 1]
    if char == "\t":
        return _at(source, mark, "a tab cannot indent", "use spaces")
    return _at(source, mark, f"a value cannot begin with {char!r}", "write the text in quotes")


def _unfinished(source: Source) -> Problem:
    """The file ends within a list or a mapping: shown at the end of what is written."""
    written = "\n".join(source.lines).rstrip().split("\n")
    message, hint = "the file ends within a list or a mapping", "add the closing bracket"
    return source.problem(len(written), max(1, len(written[-1])), message, hint)


def _begins_line(source: Source, mark: Any) -> bool:
    line = source.lines[mark.line] if mark.line < len(source.lines) else ""
    return not line[: mark.column].strip()


def _at(source: Source, mark: Any, message: str, hint: str) -> Problem:
    if mark is None:
        return source.problem(1, 1, message, hint)
    return source.problem(mark.line + 1, mark.column + 1, message, hint)
