"""Check the requirements of a machine: choices, ranges, GPUs, attributes that are given twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.declare.abis import GPUS
from reconciler.declare.layers import CHOICES
from reconciler.declare.merge import Item
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map
from reconciler.declare.units import gpu_gb, mib
from reconciler.errors import Problem

_NEEDS = ("gpu", "instance_types", "vcpus", "memory", "instance_requirements")
_FROM_ONE = ("vcpus", "vcpu_count", "memory_mib")  # AWS requires them, and every type has one


def check(item: Item) -> Iterator[Problem]:
    """Check what one workstation asks of its machine."""
    settings = item.settings
    if item.is_complete and not any(_is_given(settings, need) for need in _NEEDS):
        yield item.span.key(
            f"{show(item.name)} does not say what machine it needs",
            "for example gpu: {memory: 24GB}; or give it under `defaults`",
        )
    yield from _choices(settings)
    yield from _ranges(settings)
    if "gpu" in settings:
        yield from _gpu(settings["gpu"])
    yield from _duplicates(settings)


def _is_given(settings: Map, need: str) -> bool:
    value = settings.get(need)
    return settings.hides(need) or bool(value or getattr(value, "broken", False))


def _choices(settings: Map) -> Iterator[Problem]:
    """Alternatives of one layer; between layers the higher has replaced the lower."""
    for path, choices in CHOICES.items():
        at: Any = settings
        for step in path:
            at = at.get(step, Map())
        for choice in choices:
            sides = [[key for key in at.spans if key in side and key in at] for side in choice]
            taken = sorted((side[0] for side in sides if side), key=lambda key: at.spans[key][1:])
            if len(taken) > 1:
                message = f"`{taken[0]}` and `{taken[1]}` exclude each other"
                yield at.spans[taken[1]].key(message, "keep one of them")


def _ranges(settings: Map) -> Iterator[Problem]:
    for name in ("vcpus", "memory"):
        if name in settings:
            yield from _range(name, settings[name])
    for name, value in settings.get("instance_requirements", Map()).items():
        if isinstance(value, Map) and name != "baseline_performance_factors":
            yield from _range(name, value)
    memory = settings.get("gpu", Map()).get("memory")
    if isinstance(memory, Map):
        yield from _range("memory", memory)


def _range(name: str, limits: Map) -> Iterator[Problem]:
    low, high = _number(limits.get("min")), _number(limits.get("max"))
    if high is None:
        return
    if low is not None and high < low:
        least, most = limits.spans["min"], limits.spans["max"]
        together = least.source is most.source and abs(least.line - most.line) <= 1
        yield most.value(
            f"the `max` of `{name}` is below its `min`, {limits['min']}",
            "swap them" if together else f"write {limits['min']} or more: {least.where} says `min`",
        )
    elif high < 1 and name in _FROM_ONE:
        yield limits.spans["max"].value(
            f"the `max` of `{name}` must be at least 1", "every instance type has one"
        )


def _number(value: Any) -> Any:
    """A limit as a number: sizes in MiB, or GB for a GPU's."""
    if not isinstance(value, str):
        return value
    return mib(value) if value.endswith("iB") else gpu_gb(value)


def _gpu(gpu: Map) -> Iterator[Problem]:
    known = GPUS.get(gpu.get("name", ""))
    if known is None:
        return
    name, memory = gpu["name"], gpu.get("memory")
    if memory is not None:
        limits = memory if isinstance(memory, Map) else {"min": memory}
        low, high = (_number(limits.get(key)) for key in ("min", "max"))
        if not any((low or 0) <= size <= (high or size) for size in known.memory):
            sizes = " or ".join(f"{size}GB" for size in known.memory)
            yield gpu.spans["memory"].value(
                f"a GPU called {name} has {sizes}", "change it, or leave out `name` or `memory`"
            )
    if gpu.get("manufacturer", known.manufacturer) != known.manufacturer:
        yield gpu.spans["manufacturer"].value(
            f"a GPU called {name} is made by {known.manufacturer}", "leave `manufacturer` out"
        )


def _duplicates(settings: Map) -> Iterator[Problem]:
    required = settings.get("instance_requirements", Map())
    for name, given_by in _covered(settings).items():
        if name in required:
            yield required.spans[name].key(
                f"`{name}` is given by `{given_by}` already", "keep one of them"
            )


def _covered(settings: Map) -> dict[str, str]:
    """Attributes that compiling sets, by what sets them."""
    covered = {}
    if "vcpus" in settings:
        covered["vcpu_count"] = "vcpus"
    if "memory" in settings:
        covered["memory_mib"] = "memory"
    if "gpu" in settings:
        covered["accelerator_types"] = "gpu"
        covered["accelerator_count"] = "gpu.count"
        covered["accelerator_manufacturers"] = "gpu.manufacturer"
        if "memory" in settings["gpu"]:
            covered["accelerator_total_memory_mib"] = "gpu.memory"
        if "name" in settings["gpu"]:
            # AWS takes a list of allowed or of excluded types, and a name becomes the former.
            for name in ("accelerator_names", "allowed_instance_types", "excluded_instance_types"):
                covered[name] = "gpu.name"
    return covered
