"""Plain values that remember where they were written.

A `Map` is a dict and a `Seq` is a list, so a JSON Schema validator reads them as they are; beside
each entry stands its `SourceSpan`. Built-in values have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from reconciler.errors import Problem, Where

MAX_PROBLEMS = 1000  # of one file; telling of 80,000 takes seconds and helps nobody


@dataclass(frozen=True)
class Source:
    """One YAML file: the name to show, and its lines."""

    name: str
    lines: tuple[str, ...] = ()

    def problem(
        self, line: int, column: int, message: str, hint: str = "", length: int = 1
    ) -> Problem:
        """Make a problem at a place in this file; line and column count from 1."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return Problem(Where(self.name, line, column), message, hint, length, text)


class SourceSpan(NamedTuple):
    """The place of one entry: its key, and its value. For a list item both are the item."""

    source: Source
    line: int
    column: int
    length: int
    value_line: int
    value_column: int
    value_length: int

    @property
    def where(self) -> Where:
        """The place of the key: the line to edit."""
        return Where(self.source.name, self.line, self.column)

    @property
    def written(self) -> str:
        """The value as it stands in the file, if it is on one line."""
        line = self.source.lines[self.value_line - 1]
        return line[self.value_column - 1 : self.value_column - 1 + self.value_length]

    def key(self, message: str, hint: str = "") -> Problem:
        """Make a problem of the key, or of the entry as a whole."""
        return self.source.problem(self.line, self.column, message, hint, self.length)

    def value(self, message: str, hint: str = "") -> Problem:
        """Make a problem of the value."""
        return self.source.problem(
            self.value_line, self.value_column, message, hint, self.value_length
        )


ANY = "<<"
"""Among the broken keys of a map: something in it was refused that could have given any key."""

_NOTHING: frozenset[str] = frozenset()  # most maps: one for all of them, not a set for each
_NONE: Mapping[str, SourceSpan] = {}


class Map(dict[str, Any]):
    """A mapping with the source span of each entry.

    `broken` names keys whose value was reported already and left out, so that nobody reports
    them a second time as missing. `replaced` has the source spans of settings of a lower layer that
    another choice of a higher one pushed aside.
    """

    __slots__ = ("broken", "replaced", "spans")

    def __init__(self) -> None:
        super().__init__()
        self.spans: dict[str, SourceSpan] = {}
        self.broken: set[str] | frozenset[str] = _NOTHING
        self.replaced: Mapping[str, SourceSpan] = _NONE

    def copy(self) -> Map:
        """Copy the map; the values are the same objects."""
        twin = Map()
        twin.update(self)
        twin.spans = self.spans.copy()
        twin.replaced = self.replaced
        if self.broken:
            twin.broken = set(self.broken)
        return twin

    def put(self, key: str, value: Any, span: SourceSpan | None) -> None:
        """Set an entry and its source span."""
        self[key] = value
        if span is not None:
            self.spans[key] = span
        elif key in self.spans:
            del self.spans[key]
        self._mark_valid(key)

    def drop(self, key: str) -> None:
        """Remove an entry, if it is there."""
        self.pop(key, None)
        self.spans.pop(key, None)
        self._mark_valid(key)

    def drop_invalid(self, key: str) -> None:
        """Remove an entry that was reported, and do not report its key as missing."""
        self.drop(key)
        self.mark_invalid(key)

    def mark_invalid(self, key: str) -> None:
        """Mark a key as reported, so that it is not reported as missing."""
        if isinstance(self.broken, frozenset):
            self.broken = set()
        self.broken.add(key)

    def _mark_valid(self, key: str) -> None:
        if isinstance(self.broken, set):
            self.broken.discard(key)

    def hides(self, key: str) -> bool:
        """Tell whether the key may have been written with a value that was refused."""
        return key in self.broken or ANY in self.broken

    def mentions(self, key: str) -> bool:
        """Tell whether the key was written, usable or not."""
        return key in self or self.hides(key)


def wrong(own: Map, key: str, holder: SourceSpan, message: str, hint: str = "") -> Problem:
    """Make a problem of a setting; for a built-in value the map that lacks it is shown."""
    span = own.spans.get(key)
    return span.value(message, hint) if span else holder.key(message, hint)


def required(own: Map, key: str, holder: SourceSpan, hint: str) -> Iterator[Problem]:
    """Report a setting that was not written; one that was refused has its problem already."""
    if not own.mentions(key):
        yield holder.key(f"there is no `{key}`", hint)


class Seq(list[Any]):
    """A list with the source span of each item."""

    __slots__ = ("spans",)

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[SourceSpan] = []
