"""Every effective setting of one workstation, and where it was written."""

from __future__ import annotations

from typing import Any, NamedTuple

from reconciler.declare.fleet import Site, Workstation
from reconciler.declare.nearest import did_you_mean
from reconciler.errors import UsageError, Where


class Row(NamedTuple):
    """One setting; `where` is None for a built-in."""

    path: str  # dotted: `storage.root.size`
    value: Any  # as written: `100GiB`
    where: Where | None


def explain(site: Site, name: str) -> list[Row]:
    """The settings of `alice` or `vision/alice`, by path. UsageError if there is no such one."""
    values = _find(site, name).values
    return [Row(path, values[path].value, values[path].where) for path in sorted(values)]


def _find(site: Site, name: str) -> Workstation:
    for each in site.workstations:
        if name in (each.name, f"{each.fleet}/{each.name}"):
            return each
    named = [each.name for each in site.workstations]
    full = [f"{each.fleet}/{each.name}" for each in site.workstations]
    hint = did_you_mean(name, full if "/" in name else named)
    raise UsageError(f"no workstation is called `{name}`" + (f" ({hint})" if hint else ""))
