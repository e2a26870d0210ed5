"""Every effective setting of one workstation, and where it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from reconciler.declare.merge import Item, MergedConfig
from reconciler.declare.suggest import did_you_mean
from reconciler.declare.tree import Map
from reconciler.errors import UsageError, Where


class Row(NamedTuple):
    """One setting; `where` is None for a built-in."""

    path: str  # dotted: `storage.root.size`
    value: Any  # as written: `100GiB`
    where: Where | None


def explain(declared: MergedConfig, name: str) -> list[Row]:
    """List the settings of `alice` or `vision/alice`, by path. Raises: UsageError for an unknown
    name."""
    return sorted(_rows(_find(declared, name).settings, ""), key=lambda row: row.path)


def _rows(settings: Map, prefix: str) -> Iterator[Row]:
    for key, value in settings.items():
        if isinstance(value, Map) and value:
            yield from _rows(value, f"{prefix}{key}.")
        else:
            span = settings.spans.get(key)
            yield Row(prefix + key, value, span.where if span else None)


def _find(declared: MergedConfig, name: str) -> Item:
    for item in declared.workstations:
        if name in (item.name, f"{item.fleet}/{item.name}"):
            return item
    named = [item.name for item in declared.workstations]
    full = [f"{item.fleet}/{item.name}" for item in declared.workstations]
    hint = did_you_mean(name, full if "/" in name else named)
    raise UsageError(f"no workstation is called `{name}`" + (f" ({hint})" if hint else ""))
