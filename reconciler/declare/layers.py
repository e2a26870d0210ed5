"""Layers: built-in, `_defaults.yaml`, the file's defaults, the item; and where each value is from.

Maps merge, lists and scalars replace, null returns to the built-in. Where a setting is a choice
between ways of saying it (an image by id or by parameter), a higher layer that makes another
choice replaces the lower one instead of mixing with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.declare import gp3
from reconciler.declare.homes import FILE_SYSTEMS, HOMES
from reconciler.declare.tree import Map

Path = tuple[str, ...]
Choice = tuple[frozenset[str], ...]

CHOICES: Mapping[Path, tuple[Choice, ...]] = {
    (): (
        (
            frozenset({"instance_types"}),
            frozenset({"gpu", "vcpus", "memory", "instance_requirements"}),
        ),
    ),
    ("image",): ((frozenset({"id"}), frozenset({"ssm_parameter"}), frozenset({"name", "owner"})),),
    ("storage", "home"): (tuple(frozenset({key}) for key in HOMES),),
    ("instance_requirements",): (
        (frozenset({"allowed_instance_types"}), frozenset({"excluded_instance_types"})),
        (
            frozenset({"spot_max_price_percentage_over_lowest_price"}),
            frozenset({"max_spot_price_as_percentage_of_optimal_on_demand_price"}),
        ),
    ),
}
"""Where a map holds alternatives: the sets of keys that exclude each other."""

OFF = "off"
"""`idle` of a workstation that never stops by itself for want of use."""

MAX_RUNTIME = "24h"
"""Where no schedule stops it: a workstation that somebody forgot stops by itself."""

NULL_IS_A_VALUE = frozenset({("max_runtime",)})
"""Where null does not return to the built-in, but says "no limit": opting out has to be written."""

ROOT: Mapping[str, Any] = {"size": "100GiB", **gp3.BUILT_IN}
IMAGE: Mapping[str, Any] = {
    "ssm_parameter": "/aws/service/deeplearning/ami/x86_64/"
    "base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
}
"""AWS's own image with the NVIDIA driver: "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu
24.04)", whose parameter is called after its name (DLAMI guide, "Finding the ID of a DLAMI")."""
SIGNALS = ("gpu", "cpu", "disk", "network", "ssh", "dcv", "lease")
IDLE: Mapping[str, Any] = {
    "after": "45m",
    "warn": "15m",
    "signals": list(SIGNALS),
    "unknown": "active",
}
FALLBACK: Mapping[str, Any] = {"after": "10m", "max_duration": "8h"}
GPU: Mapping[str, Any] = {"count": 1}
IMAGE_BY_NAME: Mapping[str, Any] = {"owner": "self"}


def merge(lower: Map, higher: Map, path: Path = ()) -> Map:
    """Lay `higher` over `lower` in a new map. Neither is changed."""
    merged = lower.copy()
    for choice in CHOICES.get(path, ()):
        _choose(merged, higher, choice)
    if not path and higher.get("spot_policy", "auto") != "auto":
        merged.drop("on_demand_fallback")  # a default for auto says nothing about other policies
    for key in higher.broken:
        merged.drop_invalid(key)
    for key, value in higher.items():
        if value is None and (*path, key) not in NULL_IS_A_VALUE:
            merged.drop(key)
            merged.replaced = {k: span for k, span in merged.replaced.items() if k != key}
        elif isinstance(value, Map):
            below = merged.get(key)
            base = below if isinstance(below, Map) else Map()
            merged.put(key, merge(base, value, (*path, key)), higher.spans.get(key))
        else:
            merged.put(key, value, higher.spans.get(key))
    return merged


def _choose(merged: Map, higher: Map, choice: Choice) -> None:
    taken = [side for side in choice if any(higher.get(key) is not None for key in side)]
    if taken:
        aside = frozenset().union(*choice).difference(*taken)
        spans = {key: merged.spans[key] for key in aside & merged.spans.keys() - higher.keys()}
        if spans:
            merged.replaced = {**merged.replaced, **spans}
        for key in aside:
            merged.drop(key)


def complete(settings: Map) -> Map:
    """Complete the settings of a workstation: the merged layers over the built-ins."""
    built_in: dict[str, Any] = {
        "spot_policy": "auto",
        "network": {"public_addresses": False},
        "outside_hours": "report",
        "storage": {"root": ROOT},
    }
    if "image" not in settings:
        built_in["image"] = IMAGE
    if settings.get("idle") != OFF:
        built_in["idle"] = IDLE
    if settings.get("spot_policy", "auto") == "auto":
        built_in["on_demand_fallback"] = FALLBACK
    if not _stops(settings.get("schedule")):
        built_in["max_runtime"] = MAX_RUNTIME
    if "gpu" in settings:
        built_in["gpu"] = GPU
    if "name" in settings.get("image", ()):
        built_in["image"] = IMAGE_BY_NAME
    home = settings.get("storage", Map()).get("home", Map())
    for key, home_type in HOMES.items():
        if key in home:
            built_in["storage"]["home"] = {key: home_type.built_in(home[key])}
    return _over(built_in, settings)


def _stops(schedule: Any) -> bool:
    """Whether a schedule turns the workstation off by itself."""
    return isinstance(schedule, Map) and ("stop" in schedule or "stop" in schedule.broken)


def complete_file_system(settings: Map) -> Map:
    """Complete the settings of a shared file system; one without a type has nothing built in."""
    file_system = FILE_SYSTEMS.get(settings.get("type", ""))
    return _over(file_system.shared_built_in(settings) if file_system else {}, settings)


def _over(built_in: Mapping[str, Any], settings: Map) -> Map:
    """The settings, and under them what is built in, which has no source span."""
    full = settings.copy()
    for key, value in built_in.items():
        if settings.hides(key):
            continue
        if isinstance(value, Mapping):
            full[key] = _over(value, settings.get(key, Map()))
        else:
            full.setdefault(key, value)
    return full
