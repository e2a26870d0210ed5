"""Texts about an Auto Scaling group: its market in a line, its fields as the YAML names them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.declare.units import duration
from reconciler.plan.kind import Word
from reconciler.plan.model import SUMMARY, FieldChange, Shown
from reconciler.plan.ownership import FALLBACK, MAX_RUNTIME, OWNER
from reconciler.plan.resolve import ResolvedWorkstation
from reconciler.workstation.runtime_tags import parse_fallback, parse_lease

MIB = 2**20
GPU_SLACK = 0.98
"""What a GPU keeps for itself: `gpu.memory` is compiled to so much of it (declare/abis.py)."""

FEW = 4
"""Instance types that are named of a list; the others are counted."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


SENSITIVE = {
    SUMMARY: Word("market"),
    "on_demand_percentage_above_base_capacity": Word("market"),
    "instance_types": Word("instance_types"),
    "subnets": Word("subnets"),
    f"tags.{OWNER}": Word("owner", personal=True),
}


def details(each: ResolvedWorkstation) -> dict[str, str]:
    """Describe the sensitive values of one workstation's group, by path."""
    subnets = sorted(each.subnets, key=lambda subnet: subnet.id)
    named = (subnet.id + (" (PUBLIC addresses)" if subnet.public else "") for subnet in subnets)
    private = "" if any(subnet.public for subnet in subnets) else " (no public addresses)"
    return {
        "subnets": ", ".join(named) + private,
        "on_demand_percentage_above_base_capacity": "",  # the summary says it
    }


def summary(spec: Any) -> str:
    """Describe the market of a new group: `Spot, On-Demand after 10 min without capacity`."""
    if spec.on_demand_percentage_above_base_capacity:
        return "On-Demand"
    fallback = parse_fallback(spec.tags.get(FALLBACK, ""))
    return (
        f"Spot, On-Demand after {duration(fallback.after)} without capacity" if fallback else "Spot"
    )


def shown(change: FieldChange) -> Shown | None:
    """Show a differing field as the YAML names it; None where it is clear as it is."""
    if change.field == "instance_requirements":
        return _need(change)
    if change.field == "instance_types":
        return Shown(change.path, *_types(change.old, change.new))
    words = _WORDS.get(change.path)
    return Shown(words[0], words[1](change.old), words[1](change.new)) if words else None


def _need(change: FieldChange) -> Shown | None:
    _, _, attribute = change.path.partition(".")
    name, _, bound = attribute.partition(".")
    path, convert = _NEEDS.get(name, ("", _same))
    path = path or f"instance_requirements.{_CAMEL.sub('_', name).lower()}"
    path += f".{bound.lower()}" if bound else ""
    return Shown(
        f"{path} (all GPUs)" if convert is _gpu_gb else path,
        _limit(change.old, bound, convert),
        _limit(change.new, bound, convert),
    )


def _limit(value: Any, bound: str, convert: Callable[[int, str], Any]) -> Any:
    """A number, or both limits of one: `{Min: 1, Max: 4}` → `{min: 1, max: 4}`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return convert(value, bound)
    if isinstance(value, Mapping):
        return {str(key).lower(): _limit(limit, str(key), convert) for key, limit in value.items()}
    return value


def _same(value: int, _bound: str) -> int:
    return value


def _gib(value: int, _bound: str) -> str:
    return f"{value / 1024:,.4g} GiB" if value >= 1024 else f"{value} MiB"


def _gpu_gb(value: int, bound: str) -> str:
    """The nominal size: `Min` is a little under decimal, `Max` is binary (declare/abis.py)."""
    size = value / 1024 if bound == "Max" else value * MIB / 10**9 / GPU_SLACK
    return f"{round(size)} GB"


_NEEDS: Mapping[str, tuple[str, Callable[[int, str], Any]]] = {
    "VCpuCount": ("vcpus", _same),
    "MemoryMiB": ("memory", _gib),
    "AcceleratorCount": ("gpu.count", _same),
    "AcceleratorManufacturers": ("gpu.manufacturer", _same),
    "AcceleratorTotalMemoryMiB": ("gpu.memory", _gpu_gb),
}


def _types(old: Any, new: Any) -> tuple[Any, Any]:
    """Short lists as they are; of others how many, and what is new and gone."""
    if not (isinstance(old, tuple) and isinstance(new, tuple)) or len({*old, *new}) <= FEW:
        return old, new
    added = [name for name in new if name not in old]
    gone = [name for name in old if name not in new]
    parts = [f"{word} {_few(names)}" for word, names in (("+", added), ("-", gone)) if names]
    more = f" ({'; '.join(parts)})" if parts else f" (first {_few(list(new))})"
    return f"{len(old)} types", f"{len(new)} types{more}"


def _few(names: list[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return " ".join(names[:FEW]) + more


def _market(tag: Any) -> Any:
    """`on-demand since 2026-11-20T09:10:00Z` → `On-Demand since 20 Nov 2026 09:10 UTC`."""
    since = parse_lease(str(tag))
    return f"On-Demand since {since:%d %b %Y %H:%M} UTC" if since else tag or "Spot"


def _seconds(text: Any) -> Any:
    return duration(int(text)) if re.fullmatch(r"\d{1,9}", str(text)) else text


def _fallback(text: Any) -> Any:
    fallback = parse_fallback(str(text))
    if fallback is None:
        return text
    return f"after {duration(fallback.after)}, for at most {duration(fallback.max_duration)}"


def _power(desired: Any) -> Any:
    return {0: "0 (off)", 1: "1 (on)"}.get(desired, desired)


_WORDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "market": ("market", _market),
    "next_stop": ("next_stop", lambda text: text or None),
    "stop_hook": ("stop_hook", lambda seconds: _seconds(seconds) or None),
    "desired_capacity": ("desired_capacity", _power),
    "override": ("override", lambda text: text or None),
    "health_check_grace_period": ("health_check_grace_period", _seconds),
    "on_demand_percentage_above_base_capacity": (
        "on_demand_percentage_above_base_capacity",
        lambda share: f"{share} %",
    ),
    f"tags.{MAX_RUNTIME}": ("max_runtime", _seconds),
    f"tags.{FALLBACK}": ("on_demand_fallback", _fallback),
}
