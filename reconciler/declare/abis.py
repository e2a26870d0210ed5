"""From a need to attribute-based instance selection: `gpu: {memory: 24GB}` → InstanceRequirements.

What AWS does that one has to know (its Auto Scaling API reference and user guide):

- `AcceleratorTotalMemoryMiB` counts all GPUs of an instance together, and a GPU sold with 24 GB
  reports 22888 MiB (decimal) while one sold with 16 GB may report 16384 (binary).
- `AcceleratorNames` of the Auto Scaling API lacks a10g, l4, l40s and h100, so a name becomes
  `AllowedInstanceTypes`.
- Left alone, On-Demand price protection drops every type 20 % above the cheapest match, in
  silence. It is always set here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.declare.units import gpu_gb, mib

PRICE_PROTECTION = 300  # percent over the cheapest match: up to four times its price
MIB = 2**20
SLACK = 0.98  # of the decimal size: drivers and firmware keep a little for themselves


@dataclass(frozen=True)
class Gpu:
    """A GPU by the name people use: the instance families that have it, GB of each GPU."""

    families: tuple[str, ...]
    memory: tuple[int, ...]
    manufacturer: str = "nvidia"


GPUS: Mapping[str, Gpu] = {
    "t4": Gpu(("g4dn.*",), (16,)),
    "t4g": Gpu(("g5g.*",), (16,)),
    "a10g": Gpu(("g5.*",), (24,)),
    "l4": Gpu(("g6.*", "gr6.*"), (24,)),
    "l40s": Gpu(("g6e.*",), (48,)),
    "rtx-pro-4500": Gpu(("g7.*",), (32,)),
    "rtx-pro-6000": Gpu(("g7e.*",), (96,)),
    "v100": Gpu(("p3.*", "p3dn.*"), (16, 32)),
    "a100": Gpu(("p4d.*", "p4de.*"), (40, 80)),
    "h100": Gpu(("p5.*",), (80,)),
    "h200": Gpu(("p5e.*", "p5en.*"), (141,)),
    "b200": Gpu(("p6-b200.*",), (180, 192)),
    "b300": Gpu(("p6-b300.*",), (288,)),
}

# The YAML's words → AWS's, for every attribute of Auto Scaling's InstanceRequirements.
ATTRIBUTES: Mapping[str, str] = {
    "vcpu_count": "VCpuCount",
    "memory_mib": "MemoryMiB",
    "memory_gib_per_vcpu": "MemoryGiBPerVCpu",
    "cpu_manufacturers": "CpuManufacturers",
    "instance_generations": "InstanceGenerations",
    "allowed_instance_types": "AllowedInstanceTypes",
    "excluded_instance_types": "ExcludedInstanceTypes",
    "bare_metal": "BareMetal",
    "burstable_performance": "BurstablePerformance",
    "require_hibernate_support": "RequireHibernateSupport",
    "network_interface_count": "NetworkInterfaceCount",
    "network_bandwidth_gbps": "NetworkBandwidthGbps",
    "baseline_ebs_bandwidth_mbps": "BaselineEbsBandwidthMbps",
    "local_storage": "LocalStorage",
    "local_storage_types": "LocalStorageTypes",
    "total_local_storage_gb": "TotalLocalStorageGB",
    "accelerator_types": "AcceleratorTypes",
    "accelerator_count": "AcceleratorCount",
    "accelerator_manufacturers": "AcceleratorManufacturers",
    "accelerator_names": "AcceleratorNames",
    "accelerator_total_memory_mib": "AcceleratorTotalMemoryMiB",
    "baseline_performance_factors": "BaselinePerformanceFactors",
    "spot_max_price_percentage_over_lowest_price": "SpotMaxPricePercentageOverLowestPrice",
    "max_spot_price_as_percentage_of_optimal_on_demand_price": (
        "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice"
    ),
    "on_demand_max_price_percentage_over_lowest_price": (
        "OnDemandMaxPricePercentageOverLowestPrice"
    ),
}


def compile_need(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Compile `gpu`, `vcpus`, `memory` and `instance_requirements` to AWS's InstanceRequirements.

    Vcpus and memory are members AWS requires, so where the YAML is silent they get a Min of 1,
    which every type has; a 0 may be lost on the way back and would then appear as drift.
    """
    requirements: Mapping[str, Any] = settings.get("instance_requirements", {})
    need: dict[str, Any] = {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}
    if "vcpus" in settings:
        need["VCpuCount"] = {"Min": 1, **_range(settings["vcpus"])}
    if "memory" in settings:
        sizes = {key: mib(text) for key, text in settings["memory"].items()}
        need["MemoryMiB"] = {"Min": 1, **_range(sizes)}
    if "gpu" in settings:
        need |= _gpu(settings["gpu"])
    need["OnDemandMaxPricePercentageOverLowestPrice"] = PRICE_PROTECTION
    if "max_spot_price_as_percentage_of_optimal_on_demand_price" not in requirements:
        need["SpotMaxPricePercentageOverLowestPrice"] = PRICE_PROTECTION
    for name, value in requirements.items():
        need[ATTRIBUTES[name]] = _attribute(name, value)
    return {name: need[name] for name in sorted(need) if need[name] != {}}


def _gpu(gpu: Mapping[str, Any]) -> dict[str, Any]:
    name, count = gpu.get("name"), gpu.get("count", 1)
    known = GPUS[name].manufacturer if name else "nvidia"
    need: dict[str, Any] = {
        "AcceleratorTypes": ["gpu"],
        "AcceleratorManufacturers": [gpu.get("manufacturer", known)],
        "AcceleratorCount": {"Min": count, "Max": count},
    }
    if name:
        need["AllowedInstanceTypes"] = list(GPUS[name].families)
    if "memory" in gpu:
        need["AcceleratorTotalMemoryMiB"] = _gpu_memory(gpu["memory"], count)
    return need


def _gpu_memory(memory: str | Mapping[str, str], count: int) -> dict[str, int]:
    """Nominal GB of one GPU → MiB of all: from a little under decimal, up to binary GiB."""
    limits = {"min": memory} if isinstance(memory, str) else memory
    need = {}
    if "min" in limits:
        need["Min"] = int(count * gpu_gb(limits["min"]) * 10**9 / MIB * SLACK)
    if "max" in limits:
        need["Max"] = count * gpu_gb(limits["max"]) * 1024
    return need


def _attribute(name: str, value: Any) -> Any:
    if name == "baseline_performance_factors":
        references = value["cpu"]["references"]
        return {"Cpu": {"References": [{"InstanceFamily": family} for family in references]}}
    if not isinstance(value, Mapping):
        return list(value) if isinstance(value, list) else value
    lowest = {"Min": 1} if name in ("vcpu_count", "memory_mib") else {}
    return {**lowest, **_range(value)}


def _range(limits: Mapping[str, Any]) -> dict[str, Any]:
    return {key.capitalize(): limits[key] for key in ("min", "max") if key in limits}
