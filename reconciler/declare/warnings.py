"""Warnings about valid settings that are probably not meant, of `validate` and of a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from reconciler.declare.fleet import Workstation
from reconciler.declare.hours import clock
from reconciler.declare.timers import overruled
from reconciler.errors import Where

_AHEAD = timedelta(days=366)
_ABOUT_GPUS = frozenset({
    "AcceleratorCount", "AcceleratorManufacturers", "AcceleratorNames", "AcceleratorTypes",
    "AcceleratorTotalMemoryMiB", "AllowedInstanceTypes",
})  # fmt: skip


@dataclass(frozen=True, order=True)
class Warn:
    """One warning: where, a stable code, what it is and what to do."""

    where: Where
    code: str
    message: str


def warnings(
    workstations: Iterable[Workstation], ignore_tags: Sequence[str], now: datetime
) -> tuple[Warn, ...]:
    """List the warnings of all workstations, by place, each once; `now` is in UTC."""
    return tuple(
        sorted(
            {warn for workstation in workstations for warn in _of(workstation, ignore_tags, now)}
        )
    )


def _of(workstation: Workstation, ignore_tags: Sequence[str], now: datetime) -> Iterator[Warn]:
    def warn(code: str, message: str, where: Where) -> Warn:
        return Warn(where, code, f"{workstation.name} {message}")

    if workstation.home is None:
        yield warn(
            "no-home",
            "has no home: nothing that is written on it is kept when it stops; add "
            "storage: {home: {ebs: {size: 200GiB}}}",
            workstation.places["storage.home"],
        )
    if workstation.instance_requirements is not None and not _needs_gpu(workstation):
        yield warn(
            "no-gpu",
            "names no GPU in its need, so a machine without one will do; add `gpu`, or "
            "instance_requirements: {accelerator_count: {max: 0}} if none is meant",
            workstation.places["gpu"],
        )
    for key in sorted(workstation.tags):
        if any(fnmatchcase(key, pattern) for pattern in ignore_tags):
            yield warn(
                "ignored-tag",
                f"has the tag `{key}`, which no run writes because `ignore_tags` names it; take it "
                "out of one of the two",
                workstation.where,
            )
    for day, edge, other in overruled(workstation.schedule, now, _AHEAD):
        yield Warn(
            edge.where,
            "skipped-hour",
            f"on {day:%a %d %b %Y} the clocks in {edge.timezone} skip "
            f"{'{:02}:{:02}'.format(*clock(edge.text))}, so {edge.action} {edge.text} would meet "
            f"{other.action} {other.text}: only the {other.action} happens that day",
        )


def _needs_gpu(workstation: Workstation) -> bool:
    """Whether a need says anything about accelerators, or names types itself."""
    return not _ABOUT_GPUS.isdisjoint(workstation.instance_requirements or ())
