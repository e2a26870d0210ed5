"""Read image.yaml: what a golden image is made of, checked against its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from reconciler.declare import source
from reconciler.declare.schema import schema
from reconciler.declare.tree import Map
from reconciler.errors import BadDeclaration, Problem, Where

FILE = "image.yaml"
SCHEMA = "image.schema.json"

WINDOWS = (
    "an image of Windows is not possible: the agent, the stages and the mounts of homes are made "
    "for Linux"
)
EXPERIMENTAL = ("al2023",)
"""Operating systems whose stages have never run on AWS."""


@dataclass(frozen=True)
class ImageFile:
    """The values of image.yaml."""

    values: Mapping[str, Any]

    def leaves(self) -> Iterator[tuple[str, Any]]:
        """Yield each value with its dotted path; a list is one value."""
        yield from _leaves("", self.values)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), inner)
    else:
        yield path, value


def read(name: str, data: bytes) -> ImageFile:
    """Read the file; `name` is how messages call it. Raises: BadDeclaration with every problem."""
    top, problems = source.parse(name, data)
    if top is None or problems:
        raise BadDeclaration(problems or [Problem(Where(name, 1, 1), "the file is empty")])
    windows = str(top.get("os", "")).lower().startswith("windows")
    if windows:
        raise BadDeclaration([Problem(_place(name, top, ("os",)), WINDOWS)])
    errors = Draft202012Validator(schema(SCHEMA)).iter_errors(top)
    found = [_problem(name, top, error) for error in errors]
    if found:
        raise BadDeclaration(found)
    return ImageFile(top)


def _problem(name: str, top: Map, error: Any) -> Problem:
    path = tuple(error.absolute_path)
    called = ".".join(map(str, path)) or "the file"
    hint = str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""
    return Problem(_place(name, top, path), f"`{called}`: {error.message:.300}", hint)


def _place(name: str, top: Map, path: tuple[str | int, ...]) -> Where:
    where = Where(name, 1, 1)
    inner: Any = top
    for step in path:
        span = inner.spans.get(str(step)) if isinstance(inner, Map) else None
        if span is None:
            break
        where, inner = span.where, inner[str(step)]
    return where
