"""The agent as files of a machine, built from `ami/agent`: for user data and for images. Pure.

The same sources give the same bytes on every Python: comments and docstrings are cut out by their
positions, and the zip is stored, with fixed times and in a fixed order.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from reconciler import __version__

ARCHIVE = "/usr/lib/ws/ws.pyz"
PACK = "/usr/lib/ws/ws.xz"
COMMAND = "/usr/bin/ws"
UNITS = "/etc/systemd/system"
PYTHON = "/usr/bin/python3"

ONLY_IN_IMAGES = ("dcv", "doctor", "metrics", "status", "why")
"""Modules that user data has no room for: a machine whose image has no agent does without them."""

IMAGE_TAG = "reconciler:agent"
"""The tag of an image that has the agent: its version."""

_VERSION = 'VERSION = "{}"'  # in ws/__init__.py, where it is empty in the sources
_WRITTEN = re.compile(r'VERSION="([0-9][0-9A-Za-z.+-]{0,30})"\n')
_NUMBERS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}")
_SHAPE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}([.+-]?[0-9A-Za-z]{1,12}){0,2}")

_MAIN = """\
import sys
from ws.__main__ import main
sys.exit(main(sys.argv[1:]))
"""

_COMMAND = f"""\
#!/bin/sh
exec {PYTHON} -I {ARCHIVE} "$@"
"""


class File(NamedTuple):
    """A file of a machine."""

    path: str
    mode: int
    content: bytes


_UNPACK = f"""\
import lzma, pathlib, zipfile
parts = lzma.open("{PACK}", "rt").read().split("\\0")
with zipfile.ZipFile("{ARCHIVE}", "w") as archive:
 for name, text in zip(parts[::2], parts[1::2]):
  if name[0] == "/": pathlib.Path(name).write_text(text)
  else: archive.writestr(name, text)
"""


@cache
def files() -> tuple[File, ...]:
    """Build every file of the agent, as an image has it."""
    archive = File(ARCHIVE, 0o644, _archive(dict(_modules())))
    units = (File(f"{UNITS}/{name}", 0o644, text.encode()) for name, text in _units())
    return (archive, File(COMMAND, 0o755, _COMMAND.encode()), *units)


@cache
def carried() -> File:
    """Build the file that user data carries: the path of each module in the archive, or of each
    other file on the machine, and its text, each ended by a NUL; without what is in images only.

    One file, since what is compressed together is smaller, and none that escapes line ends.
    """
    absent = [f"ws/{name}.py" for name in ONLY_IN_IMAGES]
    content = {name: text for name, text in _modules() if name not in absent}
    content |= {f"{UNITS}/{name}": text for name, text in _carried_units()}
    content[COMMAND] = _COMMAND
    return File(PACK, 0o644, "".join(f"{k}\0{v}\0" for k, v in content.items()).encode())


def unpacked(content: bytes) -> dict[str, str]:
    """Read the content of such a file: the texts by their paths. Raises: ValueError."""
    *parts, rest = content.decode().split("\0")
    if rest:
        raise ValueError("the last text has no end")
    return dict(zip(parts[::2], parts[1::2], strict=True))


@cache
def commands() -> tuple[str | tuple[str, ...], ...]:
    """List the commands that unpack the agent and start it, where user data carries it."""
    # Services with an [Install] section; systemd refuses to enable the others.
    started = " ".join(name for name, text in _carried_units() if "[Install]\n" in text)
    missing = f"ws: this image has no {PYTHON}, so no home is mounted: use another image"
    return (
        f'[ -x {PYTHON} ] || echo "{missing}" >/dev/console',
        (PYTHON, "-I", "-c", _UNPACK),
        f"chmod 755 {COMMAND}",
        "systemctl daemon-reload",
        f"systemctl enable --now --no-block {started}",
    )


def _carried_units() -> tuple[tuple[str, str], ...]:
    absent = [f"ws-{name}.service" for name in ONLY_IN_IMAGES]
    return tuple((name, text) for name, text in _units() if name not in absent)


def _archive(modules: dict[str, str]) -> bytes:
    """A zip of modules by their path inside it, without compression."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for name in sorted(modules):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, whatever builds it
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, modules[name])
    return buffer.getvalue()


def version_in(content: bytes) -> str:
    """Find the version in a carried agent; "" where there is none. Raises: ValueError."""
    found = _WRITTEN.search(unpacked(content).get("ws/__init__.py", ""))
    return found[1] if found else ""


def version_of_tag(text: str) -> str:
    """Return the version that the tag of an image gives; "" for a text that is no version."""
    return text if _SHAPE.fullmatch(text) else ""


def is_older(version: str, than: str = __version__) -> bool:
    """Tell whether a version is older than another one, by their numbers."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    parts = [int(part) for part in found[0].split(".")] if found else []
    return (*parts, *[0] * (4 - len(parts)))


def _folder() -> Traversable:
    """Find `ami/agent`: in an installed wheel, or in the checkout."""
    shipped = resources("reconciler").joinpath("ami", "agent")
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "ami" / "agent"


def _read(folder: str, ending: str) -> Iterator[tuple[str, str]]:
    for each in sorted(_folder().joinpath(folder).iterdir(), key=lambda found: found.name):
        if each.name.endswith(ending):
            yield each.name, each.read_text(encoding="utf-8")


def _modules() -> Iterator[tuple[str, str]]:
    yield "__main__.py", _MAIN
    for name, source in _read("ws", ".py"):
        delivered = source.replace(_VERSION.format(""), _VERSION.format(__version__))
        yield f"ws/{name}", strip(delivered)


@cache
def _units() -> tuple[tuple[str, str], ...]:
    return tuple((name, _plain(text)) for name, text in _read("units", ""))


def _plain(unit: str) -> str:
    """A unit without its comments and empty lines."""
    lines = (line for line in unit.splitlines() if line.strip() and line[0] not in "#;")
    return "".join(f"{line}\n" for line in lines)


def strip(source: str) -> str:
    """Cut out what Python does not need: comments, docstrings, empty lines, the types of parameters
    and results, three of four spaces of an indent, spaces and lines inside of a statement."""
    for cut in (_without_comments, _without_docstrings, _without_types, _narrow, _joined, _close):
        source = cut(source)
    return source


def _without_comments(source: str) -> str:
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines)


def _without_docstrings(source: str) -> str:
    """Without each text that is a statement; `pass` where nothing else stands."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        body: Any = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            if _is_text(statement):
                first, last = statement.lineno - 1, statement.end_lineno
                indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
                lines[first:last] = [""] * (last - first)
                if len(body) == 1 and not isinstance(node, ast.Module):
                    lines[first] = f"{indent}pass"
    return "\n".join(lines)


def _is_text(node: ast.AST) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _without_types(source: str) -> str:
    """Without the annotations of functions; those of classes have a meaning."""
    encoded = source.encode()  # ast counts bytes
    starts = [0, *(found.end() for found in re.finditer(b"\n", encoded))]
    cuts = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg) and node.annotation:
            begin = starts[node.lineno - 1] + node.col_offset + len(node.arg.encode())
            cuts.append((begin, _end(starts, node.annotation)))
        elif isinstance(node, ast.FunctionDef) and node.returns:
            place = starts[node.returns.lineno - 1] + node.returns.col_offset
            cuts.append((encoded.rindex(b" ->", 0, place), _end(starts, node.returns)))
    for begin, end in sorted(cuts, reverse=True):
        encoded = encoded[:begin] + encoded[end:]
    return encoded.decode()


def _end(starts: list[int], node: ast.expr) -> int:
    return starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)


def _narrow(source: str) -> str:
    """Without empty lines, and with narrow indents, except inside of texts."""
    inside = {row for first, last in _texts(ast.parse(source)) for row in range(first, last)}
    return "".join(
        f"{line if row in inside else _indented(line)}\n"
        for row, line in enumerate(source.split("\n"))
        if line.strip() or row in inside
    )


def _joined(source: str) -> str:
    """Each statement on one line, except inside of texts."""
    lines = source.split("\n")
    for token in reversed(_tokens(source)):
        if token.type == tokenize.NL and token.line.strip():
            row = token.start[0] - 1
            lines[row : row + 2] = [lines[row] + lines[row + 1].lstrip(" ")]
    return "\n".join(lines)


def _close(source: str) -> str:
    """Without the spaces that separate no names, numbers or texts."""
    lines = source.split("\n")
    for left, right in reversed(list(pairwise(_tokens(source)))):
        (row, begin), (last, end) = left.end, right.start
        line = lines[row - 1]
        if (
            row == last
            and 0 < begin < end
            and not (_in_word(line[begin - 1]) and _in_word(line[end]))
        ):
            lines[row - 1] = line[:begin] + line[end:]
    return "\n".join(lines)


def _in_word(character: str) -> bool:
    return character.isalnum() or character in "_\"'"


def _tokens(source: str) -> list[tokenize.TokenInfo]:
    """The tokens, each text as one: Python 3.12 and later sees tokens inside of them."""
    begins: list[tuple[int, int]] = []
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name, start = tokenize.tok_name[token.type], token.start
        if name == "FSTRING_START":
            begins.append(start)
        elif name == "FSTRING_END":
            start = begins.pop()
        if not begins and name not in ("INDENT", "DEDENT"):
            found.append(token._replace(start=start))
    return found


def _indented(line: str) -> str:
    bare = line.lstrip(" ")
    return " " * ((len(line) - len(bare)) // 4) + bare


def _texts(node: ast.AST) -> Iterator[tuple[int, int]]:
    """The rows, from the second on, of each text of several rows; each pair as of `range`."""
    if isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    ):
        yield node.lineno, node.end_lineno or node.lineno
        return
    for inner in ast.iter_child_nodes(node):
        yield from _texts(inner)
