"""The shape of the YAML: one JSON Schema, compiled once. The only importer of jsonschema.

What is wrong is reported in our words (messages.py) at the place in the file, and taken out, so
that the steps after this one go on with the rest.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path as File
from typing import Any

from jsonschema import Draft202012Validator

from reconciler.declare.messages import messages
from reconciler.declare.tree import MAX_PROBLEMS, Map, SourceSpan
from reconciler.errors import Problem

NAME = "fleet.schema.json"
Path = tuple[str | int, ...]


@cache
def schema(name: str = NAME) -> dict[str, Any]:
    """Read a JSON Schema as published."""
    shipped = files("reconciler").joinpath("schemas", name)  # in an installed wheel
    checkout = File(__file__).parents[2] / "schemas" / name
    text = (shipped if shipped.is_file() else checkout).read_text(encoding="utf-8")
    published: dict[str, Any] = json.loads(text)
    return published


@cache
def inlined() -> dict[str, Any]:
    """Resolve every $ref of the schema: half the time to validate, and an error carries the
    words of its property."""
    written_out: dict[str, Any] = _inline(schema(), schema()["$defs"])
    return written_out


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(inlined())


def check(top: Map) -> list[Problem]:
    """Find every schema error of a file's top-level mapping, and take out the values in error.

    With MAX_PROBLEMS of them it ends, and the mapping is not to be used.
    """
    problems: list[Problem] = []
    invalid: dict[Path, str] = {}  # the place, and the field that was meant by an unknown one
    for error in _validator().iter_errors(top):
        path = tuple(error.absolute_path)
        of_name = "propertyNames" in error.absolute_schema_path
        if path in invalid and not of_name:  # of the wrong type and not in the enum: once is enough
            continue
        written = _span(top, path).written if path else ""
        for message in messages(_called(path), error, written, of_name=of_name):
            place = path if message.entry is None else (*path, message.entry)
            span = _span(top, place)
            problem_of = span.key if message.of_key else span.value
            problems.append(problem_of(message.text, message.hint))
            if len(problems) == MAX_PROBLEMS:
                return problems
            if not of_name:  # what stands under a bad name is checked all the same
                invalid[place] = message.meant
    for place in sorted(invalid, key=_last_first):
        _take_out(top, place, invalid[place])
    return problems


def _called(path: Path) -> str:
    """How to call a value in a sentence."""
    names = [name for name in path if isinstance(name, str)]
    if not names:
        return "the file"
    return f"an item of `{names[-1]}`" if isinstance(path[-1], int) else f"`{names[-1]}`"


def _container(top: Map, place: Path) -> Any:
    container: Any = top
    for step in place[:-1]:
        container = container[step]
    return container


def _span(top: Map, place: Path) -> SourceSpan:
    span: SourceSpan = _container(top, place).spans[place[-1]]
    return span


def _take_out(top: Map, place: Path, meant: str) -> None:
    container, last = _container(top, place), place[-1]
    if isinstance(container, Map):
        container.drop_invalid(str(last))
        if meant:
            container.mark_invalid(meant)
    else:
        del container[last], container.spans[last]


def _last_first(place: Path) -> tuple[int, int]:
    """Deep before shallow, late before early: what is taken out then moves nothing else."""
    return -len(place), -place[-1] if isinstance(place[-1], int) else 0


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inline(inner, definitions) for inner in node]
    if not isinstance(node, dict):
        return node
    own = {k: _inline(v, definitions) for k, v in node.items() if k not in ("$ref", "$defs")}
    if "$ref" not in node:
        return own
    target = definitions[node["$ref"].rpartition("/")[2]]
    return {**_inline(target, definitions), **own}
