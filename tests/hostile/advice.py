"""Follow a piece of advice, as somebody would who reads the message and edits that place once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from reconciler.errors import Problem


@dataclass(frozen=True)
class Edit:
    """A file after the advice was followed, and what was put in."""

    text: str
    begin: int  # where in `text` the edit begins, and where it ends
    end: int


@dataclass(frozen=True)
class Place:
    """A problem's place in a text: the span that is underlined, and the YAML around it."""

    text: str
    problem: Problem

    @property
    def start(self) -> int:
        """The index at which the span begins."""
        lines = re.split("(\r\n|\r|\n)", self.text)
        before = sum(map(len, lines[: 2 * (self.problem.where.line - 1)]))
        return before + self.problem.where.column - 1

    @property
    def end(self) -> int:
        """Where the underlined span ends."""
        return self.start + self.problem.length

    def put(self, new: str, begin: int | None = None, end: int | None = None) -> Edit:
        """The text with a span (the underlined one) replaced."""
        begin = self.start if begin is None else begin
        end = self.end if end is None else end
        return Edit(self.text[:begin] + new + self.text[end:], begin, begin + len(new))

    def value(self) -> tuple[int, int]:
        """The span of the whole value that begins at the place, over several lines too."""
        here = [
            (node.start_mark.index, node.end_mark.index)
            for node in self._nodes()
            if node.start_mark.index == self.start
        ]  # a block mapping begins where its first key does
        return min(here, default=(self.start, self.end))

    def entry(self) -> tuple[int, int]:
        """The span of `key: value` whose key, or whose value, is at the place; else of the item."""
        for node in self._nodes():
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if self.start in (key.start_mark.index, value.start_mark.index):
                        return key.start_mark.index, value.end_mark.index
        return self.value()

    def removed(self) -> Edit:
        """Without that entry, or item, and the comma or the line that goes with it."""
        begin, end = self.entry()
        after = re.match(r"\s*,\s*", self.text[end:])
        before = re.search(r",\s*$", self.text[:begin])
        if after:
            return self.put("", begin, end + after.end())
        if before:
            return self.put("", before.start(), end)
        line = self.text.rfind("\n", 0, begin) + 1
        if re.fullmatch(r"\s*(- )?", self.text[line:begin]):
            rest = self.text.find("\n", end)
            return self.put("", line, rest + 1 if rest >= 0 else len(self.text))
        return self.put("", begin, end)

    def added(self, entry: str) -> Edit:
        """With one more entry in the mapping that is the value of the key at the place."""
        for node in self._nodes():
            for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
                if key.start_mark.index == self.start:
                    return self._into(value, key, entry)
            if node.start_mark.index == self.start and isinstance(node, yaml.MappingNode):
                return self._into(node, None, entry)
        return self.put(f"{entry}\n", self.start, self.start)

    def _into(self, value: Any, key: Any, entry: str) -> Edit:
        at = value.start_mark.index
        if isinstance(value, yaml.MappingNode) and value.flow_style:
            tail = ", " if value.value else ""
            return self.put(f"{entry}{tail}", at + 1, at + 1)
        if isinstance(value, yaml.MappingNode):
            indent = " " * value.start_mark.column
            return self.put(f"{entry}\n{indent}", at, at)
        return self.put(f" {{{entry}}}", key.end_mark.index + 1, value.end_mark.index)

    def _nodes(self) -> Iterator[Any]:
        try:
            root = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError):
            return
        seen: set[int] = set()
        stack = [root] if root else []
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            if isinstance(node, yaml.MappingNode):
                stack += [child for pair in node.value for child in pair]
            elif isinstance(node, yaml.SequenceNode):
                stack += node.value


Follow = Callable[[Place, re.Match[str]], Iterator[Edit]]


def _replaced(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    begin, end = place.value()
    if "has no value" in place.problem.message and not place.text[begin:].startswith("null"):
        begin, end = place.entry()
        key = re.match(r"[^:\n]*:", place.text[begin:])
        begin = end = begin + (key.end() if key else 0)
        yield from (place.put(f" {new}", begin, end) for new in found.groups())
        return
    for new in found.groups():
        yield place.put("7" if new.endswith(" number") else new, begin, end)


def _spelt(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    yield place.put(found[1])


def _true_or_false(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    for new in (found[1], "true", "false"):
        yield place.put(new)


def _entry(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    yield place.put(found[1], *place.entry())


def _both(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    yield place.put(f"{found[1]}, {found[2]}", *place.entry())


def _below(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    begin, end = place.entry()
    path = found[1].split(".")
    inner = place.text[begin:end]
    yield place.put("".join(f"{step}: {{" for step in path) + inner + "}" * len(path), begin, end)


def _added(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    yield place.added(found[1])


def _removed(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    yield place.removed()


def _without_character(place: Place) -> Edit:
    char = re.search(r"U\+([0-9A-F]{4,6}) ", place.problem.message)
    assert char
    begin, end = place.entry()
    end = max(end, place.end)
    odd = chr(int(char[1], 16))
    escapes = rf"\\u{ord(odd):04x}|\\U{ord(odd):08x}|\\x{ord(odd):02x}|\\[0e]"
    new = re.sub(escapes, "", place.text[begin:end].replace(odd, ""), flags=re.IGNORECASE)
    return place.put(new, begin, end)


def _tag(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    tag = re.match(r"!\S*\s*", place.text[place.start :])
    yield place.put("", place.start, place.start + (tag.end() if tag else 0))


def _line(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    end = place.text.find("\n", place.start)
    yield place.put("", place.start, end + 1 if end >= 0 else len(place.text))


def _swapped(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    begin = place.text.rfind("min:", 0, place.start)
    most = place.text[place.start : place.end]
    least = re.match(r"min:\s*([\w.]+)", place.text[begin:])
    assert least
    middle = place.text[begin : place.start].replace(least[1], most, 1)
    yield place.put(middle + least[1], begin, place.end)


def _quoted(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    begin = place.start if place.text[place.start] in "@`%*&" else place.start - 1
    end = re.search(r"$|\n", place.text[begin:])
    assert end
    yield place.put(f"'{place.text[begin : begin + end.start()]}'", begin, begin + end.start())


def _closing(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    """A quote or a bracket at the end of the line where the open one stands."""
    pairs = {"[": "]", "{": "}", "'": "'", '"': '"'}
    end = place.text.find("\n", place.start)
    end = end if end >= 0 else len(place.text)
    opened: list[str] = []
    for char in place.text[place.start : end]:
        if char in "[{":
            opened.append(char)
        elif char in "]}":
            opened.pop()
    first = place.text[place.start]
    close = pairs[first] if first in "'\"" else "".join(pairs[c] for c in reversed(opened))
    yield place.put(close, end, end)


def _indented(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    """Spaces for tabs: as deep as the line above, or two deeper where that one opens a block."""
    lines = place.text.split("\n")
    number = place.problem.where.line - 1
    above = lines[number - 1]
    depth = len(above) - len(above.lstrip()) + 2 * above.rstrip().endswith(":")
    begin = sum(len(line) + 1 for line in lines[:number])
    while number < len(lines) and "\t" in lines[number]:
        extra = 2 * (lines[number].count("\t") - lines[place.problem.where.line - 1].count("\t"))
        lines[number] = " " * (depth + max(0, extra)) + lines[number].replace("\t", "").lstrip()
        number += 1
    yield Edit("\n".join(lines), begin, begin + depth)


def _site(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    yield place.put(f"{found[1]}\n", 0, 0)


def _comma(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    yield place.put(", ", place.start, place.start)


def _doubled(place: Place, found: re.Match[str]) -> Iterator[Edit]:
    yield place.put(place.text[place.start - 1], place.start, place.start)


QUOTED = r'("[^"]*")'
MECHANICAL: tuple[tuple[str, Follow], ...] = (
    (rf"write it in quotes: {QUOTED}", _replaced),
    (r"write it without quotes: (.+)", _replaced),
    (r"write a list: (.+)", _replaced),
    (rf"write {QUOTED} if text is meant, otherwise true or false", _true_or_false),
    (r"write (.+), or (.+) if (?:text|a number) is meant", _replaced),
    (rf"write {QUOTED}; in a schedule, with its days: {QUOTED}", _replaced),
    (rf"write (start: {QUOTED}) and (stop: {QUOTED})".replace('("', '(?:"'), _both),
    (r"write ([\w.]+) or more: .* says `min`", _replaced),
    (r"write (\w+: .+)", _entry),
    (r"write (\{.*\}|\S+|\"[^\"]*\")", _replaced),
    (r"did you mean `(.+)`\?", _spelt),
    (r"it belongs under `(.+)`", _below),
    (r"for example (\w+: .+?)(?:; or give it under `defaults`)?", _added),
    (r"for example `(.+)`", _spelt),
    (r"for example (.+)", _replaced),
    (r"(?:`\w+` is there too: )?keep one of them|first on line \d+", _removed),
    (r"leave it out(?:, or .*)?|keep the day in .*", _removed),
    (r"leave `\w+` out", _removed),
    (r"take it out, or use .*", _removed),
    (r"take the tag out", _tag),
    (r"take the line out", _line),
    (r"swap them", _swapped),
    (r"at most (\d+)(?:, or .*)?", _replaced),
    (r"the next is (\w+)", _replaced),
    (r"add (\w+: .+) to the _defaults.yaml here", _site),
    (r"add the closing (?:quote|bracket)|add a comma or the closing .", _closing),
    (r"use spaces", _indented),
    (r"add it", _comma),
    (r"double a quote that belongs to the text", _doubled),
    (r"write (.) instead", _replaced),
    (r"use (\"?[\w.]+\"?)(?:, or .*)?", _replaced),
    (r"write the text in quotes", _quoted),
    (r"mount it at (/fsx), or under /mnt", _replaced),
)
"""What can be followed without knowing what is wanted; alternatives each by itself."""

PERSON = re.compile(
    "|".join((
        "", "see docs/.*", "its fields: .*", "it has U.*", "it has: .*", "shorten it", "split .*",
        "check .*", "save .*", "export .*", "type it .*", "year, month, day", "the earlier first.*",
        "the lower first.*", "nothing needs that many", "correct those first", "rename .*",
        ".*; rename one of them", ".*choose another.*", ".*keep it in one place", "put what .*",
        "write the value here.*", "write `key: value`.*", "write a plain value", "write one, or .*",
        "write it in quotes", "write it on one line.*", "begin .*", "delete the file .*",
        "one f.*", "indent it .*", "add a comma .*", "use single quotes.*", "keep one side.*",
        "a .* is mounted .*", "its zones .*", "they are .*", "its path .*", "letters, digits.*",
        "AWS takes 50.*", "name .*", "such a file .*", "declare it .*", "change it.*",
        "whether it runs now.*", "Spot has no bid.*", "`workstation connect` goes .*",
        "what runs on it .*", "`ingress` at .*", "every instance type .*", "give .*", "READ, .*",
        "quote text .*", "files that begin .*", "move it up, .*", "move it to .*",
        r"\d+ belongs .*", "[0-9, or]+ MB/s per TiB", "a calendar says .*", "add a .*",
        "put the file itself here", "an offset knows .*", "a type has .*", "a workstation would .*",
        "an image runs .*", "families with .*", "use a .*", "use an .*", "use one .*",
        "a fleet is declared in a file", "say it under .*",
    ))
)  # fmt: skip
"""What only a person can follow: the message does not know what is wanted."""


def follow(text: str, problem: Problem) -> list[Edit] | None:
    """Each way to follow a problem's advice; None when it takes a person.

    Raises: ValueError for advice of a kind that nobody has thought about.
    """
    place = Place(text, problem)
    if problem.hint == "take it out" and "U+" in problem.message:
        return [_without_character(place)]
    if problem.hint == "take it out":
        return [place.removed()]
    if problem.message == "a blank is missing after the `:`":
        return [place.put(" ", place.start + 1, place.start + 1)]
    for pattern, act in MECHANICAL:
        found = re.fullmatch(pattern, problem.hint)
        if found:
            return list(act(place, found))
    if not PERSON.fullmatch(problem.hint):
        raise ValueError(f"advice of an unknown kind: {problem.hint}")
    return None
