"""YAML text → a Map that knows where everything stands, or problems. The only importer of yaml.

One pass over the parser's events: positions come for free, depth is bounded before anything is
built, and aliases, tags and duplicate keys are seen as written. Nothing is ever constructed.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import yaml

from reconciler.declare import secrets, syntax
from reconciler.declare.error_origin import ScalarToken
from reconciler.declare.scalars import MAX_LENGTH, AmbiguousScalar, hidden, name_of, plain, show
from reconciler.declare.tree import ANY, MAX_PROBLEMS, Map, Seq, Source, SourceSpan
from reconciler.errors import Problem

MAX_DEPTH = 32
MAX_ITEMS = 1000  # of one list; AWS's longest takes 400
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C where the wheel has it
_BAD: Final = object()  # stands for a value that was reported

# `!!str 42` and `! 42` say that text is meant (YAML 1.2.2, 6.9.1 and 10.1.1.3).
_AS_TEXT = frozenset({"tag:yaml.org,2002:str", "!"})

# A line with nothing but blanks, or blanks and a comment: YAML allows tabs in it, the parsers do
# not (YAML 1.2.2, 6.6).
_BLANK = re.compile(r"^[ \t]+(?=#|$)", re.MULTILINE)
_VERSION = re.compile(r"%YAML 1\.2[ \t]*(#.*)?")
_CONFLICT = re.compile(r"(<{7}|>{7}|\|{7})( .*)?|={7}")

# Characters that never belong in a file, comments included: controls, bidi, odd line breaks.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    "\ufffe\uffff]"
)


class _Stop(Exception):
    """The rest of the file cannot be read; carries the reason."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def parse(name: str, data: bytes) -> tuple[Map | None, list[Problem]]:
    """Parse the top-level mapping of one file, and list every problem on the way.

    The mapping is None when nothing of the file is usable. A UTF-8 byte order mark, which editors
    on Windows write, is no part of the text.
    """
    data = data.removeprefix(BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, [_not_utf8(name, data, error.start)]
    source = Source(name, tuple(re.split("\r\n|\r|\n", text)))
    refused = _refused(source, text)
    if refused:
        return None, refused
    document = _Document(source, text)
    try:
        return document.read(), document.problems
    except _Stop as stop:
        return None, [*document.problems, stop.problem]
    except yaml.YAMLError as error:
        last = _last_scalar(text, getattr(error, "problem_mark", None))
        return None, [*document.problems, syntax.explain(source, error, last)]


def _last_scalar(text: str, mark: Any) -> ScalarToken | None:
    """The last scalar that ends before the place where the parser gave up."""
    found = None
    scanner = _Parser(text)
    try:
        while mark is not None and scanner.check_token():
            token = scanner.get_token()
            if token.start_mark.index >= mark.index:
                break
            if isinstance(token, yaml.ScalarToken):
                found = token
    except yaml.YAMLError:
        pass
    if found is None:
        return None
    begin, end, quote = found.start_mark, found.end_mark, found.style
    is_quoted = quote in ("'", '"')
    return ScalarToken(begin.line, begin.column, end.line, end.column, quote if is_quoted else "")


def _refused(source: Source, text: str) -> list[Problem]:
    """What may stand nowhere in a file, comments included."""
    found = _FORBIDDEN.search(text)
    if found is not None:
        return [_forbidden(source, text, found.start())]
    for number, line in enumerate(source.lines, 1):
        if line.startswith("%") and not _is_version(source, number):
            return [source.problem(number, 1, *_directive(source, number), len(line))]
        if _CONFLICT.fullmatch(line):
            message, hint = "a merge conflict was left here", "keep one side, without the marks"
            return [source.problem(number, 1, message, hint, len(line))]
    leaks = islice(secrets.found(text), MAX_PROBLEMS)
    return [_leak(source, text, *leak) for leak in leaks]


def _is_version(source: Source, number: int) -> bool:
    """Whether this line is `%YAML 1.2`, with nothing before it and `---` after it."""
    after = next((line for line in source.lines[number:] if _content(line)), "")
    return (
        _VERSION.fullmatch(source.lines[number - 1]) is not None
        and not any(map(_content, source.lines[: number - 1]))
        and _content(after)[:3].rstrip() == "---"
    )


def _directive(source: Source, number: int) -> tuple[str, str]:
    """What is wrong with a line that begins with %: a directive is the one thing it can be."""
    if any(map(_content, source.lines[: number - 1])):
        return "a second document begins here", "one file holds one document"
    if _VERSION.fullmatch(source.lines[number - 1]):
        return "`%YAML 1.2` stands before a line of `---`", "take the line out"
    return "YAML directives are not used here", "take the line out"


def _content(line: str) -> str:
    """A line without its comment."""
    return line.partition("#")[0].strip()


def _not_utf8(name: str, data: bytes, start: int) -> Problem:
    before = re.split(b"\r\n|\r|\n", data[:start])
    line, column = len(before), len(before[-1].decode("utf-8")) + 1
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        message = "the file is UTF-16"
    else:
        message = f"the byte 0x{data[start]:02X} is not UTF-8"
    return Source(name).problem(line, column, message, "save the file as UTF-8")


def _forbidden(source: Source, text: str, start: int) -> Problem:
    before = re.split("\r\n|\r|\n", text[:start])
    line, column = len(before), len(before[-1]) + 1
    if text[start] == "\x00":
        return source.problem(
            line, column, "the file has a NUL byte", "save it as UTF-8 text, not as UTF-16"
        )
    return source.problem(
        line, column, f"{name_of(text[start])} is not allowed, not even in a comment", "take it out"
    )


def _leak(source: Source, text: str, secret: str, start: int, end: int) -> Problem:
    before = re.split("\r\n|\r|\n", text[:start])
    line, column = len(before), len(before[-1]) + 1
    hint = "revoke it, since git keeps it, and take it out"
    problem = source.problem(line, column, f"this looks like {secret}", hint, end - start)
    return replace(problem, line="")  # not into the log as well


class _Document:
    """The parser's events of one file, read once."""

    def __init__(self, source: Source, text: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._next = _Parser(_BLANK.sub(lambda found: " " * len(found[0]), text)).get_event

    def read(self) -> Map | None:
        """The top-level mapping; None if there is no usable one."""
        self._next()  # stream start
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return self._empty()
        top = self._next()
        value = self._value(top, 1)
        self._next()  # document end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._report(event, "a second document begins here", "one file holds one document")
        if isinstance(value, Map):
            return value
        if value is None:
            return self._empty()
        if value is not _BAD:
            self._report(top, "a fleet file is a mapping", "begin with `fleet: <name>`")
        return None

    def _empty(self) -> Map | None:
        message = "the file is empty: a file that was cut off must not read as a removed fleet"
        hint = "delete the file if that is meant, or declare a fleet in it"
        self.problems.append(self.source.problem(1, 1, message, hint))
        return None

    def _report(self, event: Any, message: str, hint: str = "") -> object:
        line, column, length = _place(event)
        if len(self.problems) == MAX_PROBLEMS:
            message, hint = f"more than {MAX_PROBLEMS} problems", "correct those first"
            raise _Stop(self.source.problem(line, column, message, hint, length))
        self.problems.append(self.source.problem(line, column, message, hint, length))
        return _BAD

    def _value(self, event: Any, depth: int, *, is_key: bool = False) -> Any:
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._report(
                event,
                f"{show('*' + event.anchor)} refers to an earlier value",
                "write the value here, or put what is shared under `defaults`",
            )
        tagged = event.tag is not None and not (event.tag in _AS_TEXT and kind is yaml.ScalarEvent)
        if tagged:
            self._report(event, f"the tag {_tag(event.tag)} is not allowed", "take the tag out")
        if kind is yaml.ScalarEvent:
            value = self._scalar(event, is_key=is_key)
        elif depth > MAX_DEPTH:
            line, column, _ = _place(event)
            raise _Stop(
                self.source.problem(
                    line, column, f"more than {MAX_DEPTH} levels deep", "nothing needs that many"
                )
            )
        else:
            is_map = kind is yaml.MappingStartEvent
            value = self._map(depth) if is_map else self._seq(depth, event)
        return _BAD if tagged else value

    def _scalar(self, event: Any, *, is_key: bool) -> Any:
        text: str = event.value
        if len(text) > MAX_LENGTH:
            return self._report(event, f"longer than {MAX_LENGTH} characters", "shorten it")
        refused = hidden(text, strict=is_key)
        if refused is not None:
            return self._report(event, f"{show(text)} {refused.message}", refused.hint)
        if event.style or event.tag in _AS_TEXT:  # text, whatever it looks like
            return text
        value = plain(text)
        if isinstance(value, AmbiguousScalar):
            return self._report(event, value.message, value.hint)
        return value

    def _seq(self, depth: int, start: Any) -> Any:
        seq, refused = Seq(), False
        while True:
            event = self._next()
            if type(event) is yaml.SequenceEndEvent:
                if refused and not seq:
                    return _BAD  # it is not empty: its items were reported
                if len(seq) > MAX_ITEMS:
                    return self._report(start, f"a list of more than {MAX_ITEMS} items", "split it")
                return seq
            place = _place(event)
            value = self._value(event, depth + 1)
            if value is _BAD:
                refused = True
            else:
                seq.append(value)
                seq.spans.append(SourceSpan(self.source, *place, *place))

    def _map(self, depth: int) -> Map:
        found = Map()
        while True:
            event = self._next()
            if type(event) is yaml.MappingEndEvent:
                return found
            if type(event) is yaml.ScalarEvent and event.value == "<<" and not event.style:
                self._merge(event, found, depth)
                continue
            key = self._key(event, depth)
            value_event = self._next()
            span = SourceSpan(self.source, *_place(event), *_place(value_event))
            value = self._value(value_event, depth + 1)
            if not isinstance(key, str):
                continue
            if key in found.spans:
                first = found.spans[key].line
                self._report(event, f"{show(key)} is written twice", f"first on line {first}")
            elif value is _BAD:
                found.drop_invalid(key)
                found.spans[key] = span  # so that the same key again is seen
            else:
                found.put(key, value, span)

    def _merge(self, event: Any, found: Map, depth: int) -> None:
        """Report a merge key; what it would bring is not reported as missing."""
        self._report(event, "merge keys are not used here", "put what is shared under `defaults`")
        found.mark_invalid(ANY)
        value = self._next()
        if type(value) is not yaml.AliasEvent:  # one reason at a time
            self._value(value, depth + 1)

    def _key(self, event: Any, depth: int) -> Any:
        key = self._value(event, depth + 1, is_key=True)
        if isinstance(key, str) or key is _BAD:
            return key
        if isinstance(key, Map | Seq):
            return self._report(event, "a key must be text", "write `key: value`")
        return self._report(event, f"the key {show(event.value)} is not text", "write it in quotes")


def _tag(tag: str) -> str:
    return show(tag.replace("tag:yaml.org,2002:", "!!"))


def _place(event: Any) -> tuple[int, int, int]:
    """Line and column from 1, and how many characters to underline."""
    start, end = event.start_mark, event.end_mark
    length = end.column - start.column if end.line == start.line else 1
    return start.line + 1, start.column + 1, max(1, length)
