"""A need, compiled to AWS's attributes and tried on the catalogue of real instance types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import boto3
import pytest

from reconciler.declare.abis import ATTRIBUTES, GPUS
from reconciler.declare.schema import inlined, schema
from tests.declare.helpers import Folder


@cache
def _catalogue() -> Mapping[str, Mapping[str, Any]]:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    found: Mapping[str, Mapping[str, Any]] = INSTANCE_TYPES
    return found


def _matching(need: Mapping[str, Any]) -> set[str]:
    """What AWS would pick, price protection left out: it is not in the catalogue."""
    return {name for name, facts in _catalogue().items() if _fits(need, name, facts)}


def _fits(need: Mapping[str, Any], name: str, facts: Mapping[str, Any]) -> bool:
    gpus = facts.get("GpuInfo", {}).get("Gpus", [])
    return (
        not facts["BareMetal"]
        and _within(need["VCpuCount"], facts["VCpuInfo"]["DefaultVCpus"])
        and _within(need["MemoryMiB"], facts["MemoryInfo"]["SizeInMiB"])
        and _within(need.get("AcceleratorCount", {}), sum(gpu["Count"] for gpu in gpus))
        and _within(
            need.get("AcceleratorTotalMemoryMiB", {}),
            facts.get("GpuInfo", {}).get("TotalGpuMemoryInMiB", 0),
        )
        and all(
            gpu["Manufacturer"].lower() in need.get("AcceleratorManufacturers", ()) for gpu in gpus
        )
        and any(fnmatchcase(name, pattern) for pattern in need.get("AllowedInstanceTypes", ["*"]))
    )


def _within(limits: Mapping[str, float], value: float) -> bool:
    return limits.get("Min", 0) <= value <= limits.get("Max", value)


def _need(folder: Folder, settings: str) -> Mapping[str, Any]:
    found = folder.workstation(settings).instance_requirements
    assert found is not None
    return found


def _families(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def test_24_gb_matches_every_gpu_sold_with_24_and_none_that_has_it_only_in_sum(
    folder: Folder,
) -> None:
    matching = _matching(_need(folder, "gpu: {memory: 24GB}"))
    assert {"g5", "g6", "g6e", "gr6"} <= _families(matching)
    assert {"g5.xlarge", "g6.xlarge", "g6e.xlarge"} <= matching
    assert not matching & {"g4dn.12xlarge", "g4dn.xlarge", "g5.12xlarge", "g6f.xlarge"}
    assert "g4dn" not in _families(matching)


def test_a_range_of_gpu_memory_keeps_the_large_ones_out(folder: Folder) -> None:
    matching = _matching(_need(folder, "gpu: {memory: {min: 24GB, max: 24GB}}"))
    assert _families(matching) == {"g5", "g6", "gr6"}
    up_to_48 = _matching(_need(folder, "gpu: {memory: {max: 48GB}}"))
    assert {"g4dn", "g5", "g6", "g6e"} <= _families(up_to_48)
    assert "p5" not in _families(up_to_48)


def test_memory_is_for_each_gpu(folder: Folder) -> None:
    matching = _matching(_need(folder, "gpu: {memory: 24GB, count: 4}"))
    assert {"g5.12xlarge", "g6.12xlarge", "g6e.12xlarge"} <= matching
    assert "g4dn.12xlarge" not in matching  # four of 16


def test_vcpus_and_memory_narrow_the_sizes(folder: Folder) -> None:
    need = _need(folder, "gpu: {memory: 24GB}, vcpus: {min: 4, max: 16}, memory: {min: 32GiB}")
    matching = _matching(need)
    assert {"g5.2xlarge", "g6.4xlarge", "g6e.xlarge"} <= matching
    assert not matching & {"g5.xlarge", "g5.8xlarge"}


@pytest.mark.parametrize("name", GPUS)
def test_a_name_is_its_families_and_its_memory_is_what_aws_reports(
    folder: Folder, name: str
) -> None:
    real = {
        facts["GpuInfo"]["Gpus"][0]["Name"].lower()
        for type_, facts in _catalogue().items()
        if any(fnmatchcase(type_, family) for family in GPUS[name].families)
    }
    spoken = {"rtx-pro-4500": "rtx pro 4500", "rtx-pro-6000": "rtx pro server 6000"}
    assert real == {spoken.get(name, name)}
    for size in GPUS[name].memory:
        for type_ in _matching(_need(folder, f"gpu: {{name: {name}, count: 1}}")):
            assert any(fnmatchcase(type_, family) for family in GPUS[name].families)
        _need(folder, f"gpu: {{name: {name}, memory: {size}GB}}")
    sizes = {
        facts["GpuInfo"]["Gpus"][0]["MemoryInfo"]["SizeInMiB"]
        for type_, facts in _catalogue().items()
        if any(fnmatchcase(type_, family) for family in GPUS[name].families)
    }
    for size_mib in sizes:  # each real size is one of the nominal ones, as compiled
        assert any(
            size * 10**9 / 2**20 * 0.98 <= size_mib <= size * 1024 for size in GPUS[name].memory
        )


def test_no_family_of_one_gpu_is_forgotten() -> None:
    for name, gpu in GPUS.items():
        spoken = {"rtx-pro-4500": "rtx pro 4500", "rtx-pro-6000": "rtx pro server 6000"}
        for type_, facts in _catalogue().items():
            gpus = facts.get("GpuInfo", {}).get("Gpus", [])
            if gpus and gpus[0]["Name"].lower() == spoken.get(name, name) and gpus[0]["Count"]:
                assert any(fnmatchcase(type_, family) for family in gpu.families), type_


def test_price_protection_is_always_set_on_purpose(folder: Folder) -> None:
    spot, on_demand = (
        "SpotMaxPricePercentageOverLowestPrice",
        "OnDemandMaxPricePercentageOverLowestPrice",
    )
    need = _need(folder, "gpu: {}")
    assert (need[spot], need[on_demand]) == (300, 300)
    own = _need(
        folder,
        "gpu: {}, instance_requirements: {max_spot_price_as_percentage_of_optimal_on_demand_price: "
        "60, on_demand_max_price_percentage_over_lowest_price: 20}",
    )
    assert spot not in own
    assert own["MaxSpotPriceAsPercentageOfOptimalOnDemandPrice"] == 60
    assert own[on_demand] == 20


def test_what_aws_requires_is_always_there(folder: Folder) -> None:
    need = _need(folder, "gpu: {}")
    assert need["VCpuCount"] == need["MemoryMiB"] == {"Min": 1}
    need = _need(folder, "vcpus: {max: 8}, instance_requirements: {memory_mib: {max: 4096}}")
    assert need["VCpuCount"] == {"Min": 1, "Max": 8}
    assert need["MemoryMiB"] == {"Min": 1, "Max": 4096}
    assert "AcceleratorCount" not in need


def test_every_attribute_of_aws_can_be_given_and_compiles_to_its_shape(folder: Folder) -> None:
    fields = schema()["$defs"]["instance_requirements"]["properties"]
    shape = boto3.client("autoscaling", region_name="us-east-1").meta.service_model.shape_for(
        "InstanceRequirements"
    )
    assert set(fields) == set(ATTRIBUTES)
    assert set(ATTRIBUTES.values()) == set(shape.members)
    client = boto3.client("autoscaling", region_name="us-east-1")
    for name, words in inlined()["properties"]["workstations"]["additionalProperties"][
        "properties"
    ]["instance_requirements"]["properties"].items():
        need = _need(
            folder, f"instance_requirements: {{{name}: {json.dumps(words['examples'][0])}}}"
        )
        assert ATTRIBUTES[name] in need
        _validated(client, need)


def test_enums_are_those_of_auto_scaling() -> None:
    fields = schema()["$defs"]["instance_requirements"]["properties"]
    shape = boto3.client("autoscaling", region_name="us-east-1").meta.service_model.shape_for(
        "InstanceRequirements"
    )
    for name, words in fields.items():
        member = shape.members[ATTRIBUTES[name]]
        if "items" in words and "enum" in words["items"]:
            assert words["items"]["enum"] == member.member.enum, name


def _validated(client: Any, need: Mapping[str, Any]) -> None:
    from botocore.validate import ParamValidator

    shape = client.meta.service_model.shape_for("InstanceRequirements")
    report = ParamValidator().validate(dict(need), shape)
    assert not report.has_errors(), report.generate_report()
