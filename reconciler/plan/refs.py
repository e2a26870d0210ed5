"""Find Refs in a spec, and fill them with known attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.plan.model import Key, Ref

OpenFields = Mapping[str, tuple[Ref, ...]]
"""The fields of a spec that hold Refs, and which: few of many, so they are found once."""

PLAIN = (str, int, Key, type(None))
"""What holds none, and almost everything is."""


def open_fields(spec: Any) -> OpenFields:
    """Collect the fields of a spec that hold a Ref."""
    values = ((name, getattr(spec, name)) for name in spec.__dataclass_fields__)
    found = {name: tuple(refs(value)) for name, value in values if not isinstance(value, PLAIN)}
    return {name: held for name, held in found.items() if held}


def refs(value: Any) -> Iterator[Ref]:
    """Yield every Ref inside a value: a spec, a tuple, a dict."""
    if isinstance(value, PLAIN):
        return
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from refs(item)
    elif isinstance(value, tuple | list | frozenset):
        for item in value:
            yield from refs(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from refs(getattr(value, name))


def fill(spec: Any, opened: OpenFields, known: Mapping[Ref, str]) -> Any:
    """Replace every known Ref of a spec; unknown ones stay."""
    if not any(ref in known for held in opened.values() for ref in held):
        return spec
    return replace(spec, **{name: _filled(getattr(spec, name), known) for name in opened})


def _filled(value: Any, known: Mapping[Ref, str]) -> Any:
    if isinstance(value, Ref):
        return known.get(value, value)
    if isinstance(value, Mapping):
        return {key: _filled(item, known) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return type(value)(_filled(item, known) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        inside = {name: _filled(getattr(value, name), known) for name in value.__dataclass_fields__}
        return replace(value, **inside)
    return value


def keep(
    spec: Any, live: Any, opened: OpenFields, known: Mapping[Ref, str], moving: set[Key]
) -> Any:
    """Take each field of `spec` that waits for nothing planned from `live`.

    A Ref can stay open because its target could not be read, or is not ready. That is no
    difference: only a target that this plan changes (`moving`) may show as one.
    """
    as_is = {
        name: getattr(live, name)
        for name, held in opened.items()
        if any(ref not in known and ref.key not in moving for ref in held)
    }
    return replace(spec, **as_is) if as_is else spec
