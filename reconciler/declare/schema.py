"""The shape of the YAML: one JSON Schema, compiled once. The only importer of jsonschema.

What is wrong is reported in our words (complaints.py) at the place in the file, and taken out, so
that the steps after this one go on with the rest.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path as File
from typing import Any

from jsonschema import Draft202012Validator

from reconciler.declare.complaints import complain
from reconciler.declare.tree import MAX_PROBLEMS, Map, Spot
from reconciler.errors import Problem

NAME = "fleet.schema.json"
Path = tuple[str | int, ...]


@cache
def schema() -> dict[str, Any]:
    """The schema as published."""
    shipped = files("reconciler").joinpath("schemas", NAME)  # in an installed wheel
    checkout = File(__file__).parents[2] / "schemas" / NAME
    text = (shipped if shipped.is_file() else checkout).read_text(encoding="utf-8")
    published: dict[str, Any] = json.loads(text)
    return published


@cache
def inlined() -> dict[str, Any]:
    """The schema with every $ref written out: half the time to validate, and an error carries
    the words of its property."""
    written_out: dict[str, Any] = _inline(schema(), schema()["$defs"])
    return written_out


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(inlined())


def check(top: Map) -> list[Problem]:
    """Every misfit between a file's top-level mapping and the schema; misfits are taken out.

    With MAX_PROBLEMS of them it ends, and the mapping is not to be used.
    """
    problems: list[Problem] = []
    misfits: dict[Path, str] = {}  # the place, and the field that was meant by an unknown one
    for error in _validator().iter_errors(top):
        path = tuple(error.absolute_path)
        of_name = "propertyNames" in error.absolute_schema_path
        if path in misfits and not of_name:  # of the wrong type and not in the enum: once is enough
            continue
        written = _spot(top, path).written if path else ""
        for complaint in complain(_called(path), error, written, of_name=of_name):
            place = path if complaint.entry is None else (*path, complaint.entry)
            spot = _spot(top, place)
            say = spot.key if complaint.of_key else spot.value
            problems.append(say(complaint.message, complaint.hint))
            if len(problems) == MAX_PROBLEMS:
                return problems
            if not of_name:  # what stands under a bad name is checked all the same
                misfits[place] = complaint.meant
    for place in sorted(misfits, key=_last_first):
        _take_out(top, place, misfits[place])
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


def _spot(top: Map, place: Path) -> Spot:
    spot: Spot = _container(top, place).spots[place[-1]]
    return spot


def _take_out(top: Map, place: Path, meant: str) -> None:
    container, last = _container(top, place), place[-1]
    if isinstance(container, Map):
        container.spoil(str(last))
        if meant:
            container.excuse(meant)
    else:
        del container[last], container.spots[last]


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
