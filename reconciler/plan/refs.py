"""Fill Refs in a spec with what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from reconciler.plan.model import Key, Ref


def refs(value: Any) -> Iterator[Ref]:
    """Every Ref inside a value: a spec, a tuple, a dict."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from refs(item)
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from refs(item)
    elif is_dataclass(value) and not isinstance(value, Key):
        for each in fields(value):
            yield from refs(getattr(value, each.name))


def fill(value: Any, known: Mapping[Ref, str]) -> Any:
    """The same value with every known Ref replaced; unknown ones stay."""
    if isinstance(value, Ref):
        return known.get(value, value)
    if isinstance(value, Mapping):
        return {key: fill(item, known) for key, item in value.items()}
    if isinstance(value, tuple | frozenset):
        return type(value)(fill(item, known) for item in value)
    if is_dataclass(value) and not isinstance(value, type | Key) and any(refs(value)):
        changed = {each.name: fill(getattr(value, each.name), known) for each in fields(value)}
        return replace(value, **changed)
    return value


def keep(spec: Any, live: Any, movable: frozenset[Key]) -> Any:
    """`spec` with each field that waits for nothing planned taken from `live`.

    A Ref can stay open because its target could not be read, or is not ready. That is no
    difference: only a target that this plan changes may show as one.
    """
    open_fields = {
        each.name: getattr(live, each.name)
        for each in fields(spec)
        if any(ref.key not in movable for ref in refs(getattr(spec, each.name)))
    }
    return replace(spec, **open_fields) if open_fields else spec
