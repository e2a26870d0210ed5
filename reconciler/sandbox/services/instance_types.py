"""EC2 instance types: the catalogue, where they are offered, and attribute-based selection."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

from reconciler.sandbox.operations import AwsError, Call, MotoResult, Wire, dry_run, operation, page

LARGEST_PAGE = 1000
CURRENT = frozenset({"c5", "c6gn", "g5", "m5", "m6i", "r5", "r6i", "r7g", "r7gd"})
"""Families that moto's catalogue calls previous and AWS's page of those does not list."""
AMAZON = "amazon-web-services"


@functools.cache
def offerings(location_type: str, region: str) -> Mapping[str, tuple[str, ...]]:
    """List the types offered at each location, by name."""
    found: dict[str, list[str]] = {}
    for offer in INSTANCE_TYPE_OFFERINGS.get(location_type, {}).get(region, []):
        found.setdefault(offer["Location"], []).append(offer["InstanceType"])
    return {location: tuple(sorted(types)) for location, types in sorted(found.items())}


def offered(instance_type: str, zone: str) -> bool:
    """Tell whether a zone has this type at all."""
    return instance_type in offerings("availability-zone", zone[:-1]).get(zone, ())


@functools.cache
def _in_region(region: str) -> frozenset[str]:
    everywhere = offerings("region", region).values()
    return frozenset(name for types in everywhere for name in types)


def current(instance_type: str) -> bool:
    """Tell whether a type is of the current generation, against moto's data where AWS's list
    differs."""
    listed = bool(INSTANCE_TYPES[instance_type]["CurrentGeneration"])
    return listed or _family(instance_type) in CURRENT


def vcpus(instance_type: str) -> int:
    """Count the vCPUs of a type; 4 for one that is not in the catalogue."""
    return int(INSTANCE_TYPES.get(instance_type, {}).get("VCpuInfo", {}).get("DefaultVCpus", 4))


def _family(instance_type: str) -> str:
    return instance_type.split(".")[0]


@operation("ec2", "DescribeInstanceTypeOfferings")
def describe_offerings(call: Call) -> Wire:
    """Answer DescribeInstanceTypeOfferings. Moto knows no wildcards (``g5.*`` gives nothing) and
    no pages; AWS has both. [M ec2]"""
    dry_run(call)
    location_type = call.params.get("LocationType", "region")
    wanted = {item["Name"]: item.get("Values", []) for item in call.params.get("Filters", [])}
    if unknown := set(wanted) - {"instance-type", "location"}:
        raise AwsError("InvalidParameterValue", f"The filter '{min(unknown)}' is invalid.")
    found = [
        {"InstanceType": name, "LocationType": location_type, "Location": location}
        for location, types in offerings(location_type, call.region).items()
        if _any_glob(location, wanted.get("location"))
        for name in types
        if _any_glob(name, wanted.get("instance-type"))
    ]
    size = call.params.get("MaxResults", LARGEST_PAGE)
    shown, token = page(found, size, call.params.get("NextToken"))
    return {"InstanceTypeOfferings": shown, "NextToken": token}


@operation("ec2", "DescribeInstanceTypes")
def describe_types(call: Call) -> MotoResult:
    """Answer DescribeInstanceTypes. Moto answers every type in every region, in one page, some with
    the wrong generation.

    AWS answers the region's own types, at most 100 a page. [M ec2.DescribeInstanceTypes]
    """
    dry_run(call)
    names = call.params.get("InstanceTypes", [])
    here = _in_region(call.region)
    if unknown := sorted(set(names) - here):
        listed = ", ".join(unknown)
        raise AwsError(
            "InvalidInstanceType", f"The following supplied instance types do not exist: [{listed}]"
        )
    filters = [item for item in call.params.get("Filters", []) if item["Name"] != "instance-type"]
    globs = [
        value
        for item in call.params.get("Filters", [])
        if item["Name"] == "instance-type"
        for value in item.get("Values", [])
    ]
    answer = call.moto({"Filters": filters, **({"InstanceTypes": names} if names else {})})
    types = [
        {**kind, "CurrentGeneration": current(kind["InstanceType"])}
        for kind in answer["InstanceTypes"]
        if kind["InstanceType"] in here and _any_glob(kind["InstanceType"], globs or None)
    ]
    size = call.params.get("MaxResults", 100)
    answer["InstanceTypes"], answer["NextToken"] = page(types, size, call.params.get("NextToken"))
    return answer


@operation("ec2", "GetInstanceTypesFromInstanceRequirements")
def preview(call: Call) -> Wire:
    """Answer GetInstanceTypesFromInstanceRequirements. Moto has no such call. AWS lists the
    region's types with the attributes and ignores price protection.

    [M ec2.GetInstanceTypesFromInstanceRequirements]
    """
    dry_run(call)
    found = select(
        call.params["InstanceRequirements"],
        call.region,
        call.params.get("ArchitectureTypes"),
        call.params.get("VirtualizationTypes"),
    )
    size = call.params.get("MaxResults", LARGEST_PAGE)
    shown, token = page(found, size, call.params.get("NextToken"))
    return {"InstanceTypes": [{"InstanceType": name} for name in shown], "NextToken": token}


def select(
    requirements: Wire,
    region: str,
    architectures: Iterable[str] | None = None,
    virtualizations: Iterable[str] | None = None,
) -> list[str]:
    """List the types of a region that have these attributes, sorted by name. Raises: AwsError
    for attributes that AWS refuses."""
    if requirements.get("AllowedInstanceTypes") and requirements.get("ExcludedInstanceTypes"):
        raise AwsError(
            "InvalidParameterCombination",
            "AllowedInstanceTypes and ExcludedInstanceTypes cannot be used together.",
        )
    for name in ("VCpuCount", "MemoryMiB"):
        if "Min" not in (requirements.get(name) or {}):
            raise AwsError("MissingParameter", f"InstanceRequirements must contain {name}.Min.")
    words = json.dumps(requirements, sort_keys=True)
    found = _selected(words, region, tuple(architectures or ()), tuple(virtualizations or ()))
    return list(found)


@functools.lru_cache(maxsize=256)
def _selected(
    words: str, region: str, architectures: tuple[str, ...], virtualizations: tuple[str, ...]
) -> tuple[str, ...]:
    """A group asks the same at each launch, and the catalogue does not change."""
    requirements = json.loads(words)
    return tuple(
        name
        for name in sorted(_in_region(region) & INSTANCE_TYPES.keys())
        if (kind := INSTANCE_TYPES[name])
        and _meets(kind["ProcessorInfo"]["SupportedArchitectures"], architectures)
        and _meets(kind["SupportedVirtualizationTypes"], virtualizations)
        and all(test(name, kind, requirements) for test in TESTS)
    )


def _any_glob(name: str, globs: Iterable[str] | None) -> bool:
    return globs is None or any(fnmatchcase(name, glob) for glob in globs)


def _meets(have: Iterable[str], wanted: Iterable[str] | None) -> bool:
    """Several values of one attribute mean any of them; none mean no limit."""
    return not wanted or not set(have).isdisjoint(wanted)


def _within(value: float, limits: Mapping[str, float] | None) -> bool:
    limits = limits or {}
    return value >= limits.get("Min", 0) and value <= limits.get("Max", float("inf"))


def _choice(has: bool, rule: str) -> bool:
    return rule == "included" or has == (rule == "required")


def _names(name: str, kind: Wire, wanted: Wire) -> bool:
    allowed, excluded = wanted.get("AllowedInstanceTypes"), wanted.get("ExcludedInstanceTypes")
    generation = "current" if current(name) else "previous"
    return (
        _any_glob(name, allowed or None)
        and not (excluded and _any_glob(name, excluded))
        and _meets([generation], wanted.get("InstanceGenerations"))
        and _choice(kind["BareMetal"], wanted.get("BareMetal", "excluded"))
        and _choice(
            kind["BurstablePerformanceSupported"], wanted.get("BurstablePerformance", "excluded")
        )
        and (kind["HibernationSupported"] or not wanted.get("RequireHibernateSupport"))
    )


def _processor(name: str, kind: Wire, wanted: Wire) -> bool:
    cores, memory = kind["VCpuInfo"]["DefaultVCpus"], kind["MemoryInfo"]["SizeInMiB"]
    maker = kind["ProcessorInfo"].get("Manufacturer", "").lower()
    return (
        _within(cores, wanted.get("VCpuCount"))
        and _within(memory, wanted.get("MemoryMiB"))
        and _within(memory / 1024 / cores, wanted.get("MemoryGiBPerVCpu"))
        and _meets([AMAZON if maker == "aws" else maker], wanted.get("CpuManufacturers"))
    )


def _storage_and_network(name: str, kind: Wire, wanted: Wire) -> bool:
    """Network bandwidth is the baseline, not what a burst may reach.

    [M ec2.InstanceRequirementsRequest$NetworkBandwidthGbps: "baseline network bandwidth"]
    """
    storage, network = kind.get("InstanceStorageInfo", {}), kind["NetworkInfo"]
    ebs = kind["EbsInfo"].get("EbsOptimizedInfo", {}).get("BaselineBandwidthInMbps", 0)
    speed = sum(card.get("BaselineBandwidthInGbps", 0) for card in network.get("NetworkCards", []))
    kinds = [disk["Type"] for disk in storage.get("Disks", [])]
    encrypted = network.get("EncryptionInTransitSupported", False)
    return (
        _choice(kind["InstanceStorageSupported"], wanted.get("LocalStorage", "included"))
        and (not wanted.get("LocalStorageTypes") or _meets(kinds, wanted["LocalStorageTypes"]))
        and _within(storage.get("TotalSizeInGB", 0), wanted.get("TotalLocalStorageGB"))
        and _within(ebs, wanted.get("BaselineEbsBandwidthMbps"))
        and _within(network["MaximumNetworkInterfaces"], wanted.get("NetworkInterfaceCount"))
        and _within(speed, wanted.get("NetworkBandwidthGbps"))
        and (encrypted or not wanted.get("RequireEncryptionInTransit"))
    )


# Where the catalogue keeps each kind of accelerator: member, list in it, the API's word.
ACCELERATORS = (
    ("GpuInfo", "Gpus", "gpu"),
    ("FpgaInfo", "Fpgas", "fpga"),
    ("InferenceAcceleratorInfo", "Accelerators", "inference"),
    ("MediaAcceleratorInfo", "Accelerators", "media"),
)


def _accelerators(name: str, kind: Wire, wanted: Wire) -> bool:
    """A type with a slice of a GPU (g6f) has a count of 0, as the catalogue says."""
    found = [
        (word, device)
        for member, devices, word in ACCELERATORS
        for device in kind.get(member, {}).get(devices, [])
    ]
    count = sum(device["Count"] for _, device in found)
    memory = sum(
        max(device["Count"], 1) * device.get("MemoryInfo", {}).get("SizeInMiB", 0)
        for _, device in found
    )
    makers = [device["Manufacturer"].lower() for _, device in found]
    names = [device["Name"].lower().replace(" ", "-") for _, device in found]
    return (
        _within(count, wanted.get("AcceleratorCount"))
        and _within(memory, wanted.get("AcceleratorTotalMemoryMiB"))
        and _meets([word for word, _ in found], wanted.get("AcceleratorTypes"))
        and _meets(
            [AMAZON if maker in ("aws", "amazon") else maker for maker in makers],
            wanted.get("AcceleratorManufacturers"),
        )
        and _meets(names, wanted.get("AcceleratorNames"))
    )


TESTS: tuple[Callable[[str, Wire, Wire], bool], ...] = (
    _names,
    _processor,
    _storage_and_network,
    _accelerators,
)


def architectures_of(image: Any) -> list[str]:
    """List the architectures that an image runs on, which a group adds to its requirements."""
    return [image.architecture] if image is not None and image.architecture else []
