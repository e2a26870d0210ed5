"""What the service model says of a request's values, and the SDK does not check for the caller.

Botocore checks required members, types and minimums before it sends. Enums, patterns and
maximums are the service's own work, so here they are checked for the services that the
sandbox answers itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

# Auto Scaling's model lists fewer accelerators than EC2's and than there are; whether the
# service refuses the others is not documented, so the sandbox does not.
OPEN_ENUMS = frozenset({"AcceleratorName"})


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """List each breach of a constraint in AWS's words, depth first."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from violations(member, value[name], _camel(path, name))
    elif isinstance(shape, ListShape):
        yield from _range(shape, len(value), value, path, "length")
        for index, item in enumerate(value):
            yield from violations(shape.member, item, f"{path}.{index + 1}.member")
    elif isinstance(shape, MapShape):
        yield from _range(shape, len(value), value, path, "length")
    elif shape.type_name == "string":
        yield from _string(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _range(shape, value, value, path, "value")


def _camel(path: str, name: str) -> str:
    lowered = name[0].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    yield from _range(shape, len(value), value, path, "length")
    enum: list[str] = getattr(shape, "enum", [])
    if enum and value not in enum and shape.name not in OPEN_ENUMS:
        allowed = ", ".join(enum)
        yield _breach(value, path, f"Member must satisfy enum value set: [{allowed}]")
    pattern = _compiled(shape.metadata.get("pattern", ""))
    if pattern and not pattern.fullmatch(value):
        yield _breach(
            value, path, f"Member must satisfy regular expression pattern: {pattern.pattern}"
        )


def _range(shape: Shape, size: float, value: Any, path: str, measure: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    noun = "Member must have length" if measure == "length" else "Member must have value"
    if least is not None and size < least:
        yield _breach(value, path, f"{noun} greater than or equal to {least}")
    if most is not None and size > most:
        yield _breach(value, path, f"{noun} less than or equal to {most}")


def _breach(value: Any, path: str, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The model's patterns are Java's; the few that Python cannot read are not checked."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None
