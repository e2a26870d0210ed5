from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.helpers import GPU, Aws, refused

BASE: dict[str, Any] = {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}


def preview(aws: Aws, region: str = "us-east-1", **requirements: Any) -> set[str]:
    """The types with these attributes, all pages."""
    pages = aws.client("ec2", region).get_paginator("get_instance_types_from_instance_requirements")
    found = pages.paginate(
        ArchitectureTypes=["x86_64"],
        VirtualizationTypes=["hvm"],
        InstanceRequirements={**BASE, **requirements},
        PaginationConfig={"PageSize": 100},
    )
    return {item["InstanceType"] for page in found for item in page["InstanceTypes"]}


def families(types: set[str]) -> set[str]:
    return {name.split(".")[0] for name in types}


def test_a_workstation_gpu(aws: Aws) -> None:
    found = preview(aws, **{**GPU, "AcceleratorTotalMemoryMiB": {"Min": 22000, "Max": 25000}})
    assert families(found) == {"g5", "g6", "gr6"}
    assert "g5.xlarge" in found
    assert "g5.12xlarge" not in found


CASES: list[tuple[dict[str, Any], set[str], set[str]]] = [
    ({"AcceleratorNames": ["t4"]}, {"g4dn.xlarge"}, {"g4dn.metal", "g5.xlarge"}),
    ({"AcceleratorNames": ["a10g", "l4"]}, {"g5.xlarge", "g6.xlarge"}, {"g4dn.xlarge"}),
    ({"AllowedInstanceTypes": ["g6*.xlarge"]}, {"g6.xlarge", "g6e.xlarge"}, {"g5.xlarge"}),
    ({"ExcludedInstanceTypes": ["g5*", "m*"]}, {"g6.xlarge"}, {"g5.xlarge", "m5.large"}),
    ({"InstanceGenerations": ["current"]}, {"g5.xlarge", "m5.large"}, {"m3.large"}),
    ({"InstanceGenerations": ["previous"]}, {"m3.large"}, {"g5.xlarge", "m5.large"}),
    ({"BareMetal": "required"}, {"g4dn.metal"}, {"g4dn.xlarge"}),
    ({"BurstablePerformance": "included"}, {"t3.micro", "m5.large"}, set()),
    ({}, {"m5.large"}, {"t3.micro", "m5.metal"}),
    ({"LocalStorage": "required"}, {"m5d.large"}, {"m5.large"}),
    ({"LocalStorage": "excluded"}, {"m5.large"}, {"m5d.large"}),
    ({"LocalStorageTypes": ["hdd"]}, {"d3.xlarge"}, {"m5d.large", "m5.large"}),
    ({"TotalLocalStorageGB": {"Min": 400}}, {"g6.2xlarge"}, {"g5.xlarge"}),
    ({"AcceleratorCount": {"Max": 0}}, {"m5.large"}, {"g5.xlarge"}),
    ({"AcceleratorCount": {"Min": 4}}, {"g5.12xlarge"}, {"g5.xlarge"}),
    ({"AcceleratorTypes": ["fpga"]}, {"f2.6xlarge"}, {"g5.xlarge"}),
    ({"AcceleratorManufacturers": ["amazon-web-services"]}, {"inf2.xlarge"}, {"g5.xlarge"}),
    ({"CpuManufacturers": ["amd"]}, {"g5.xlarge", "m5a.large"}, {"g4dn.xlarge"}),
    ({"MemoryGiBPerVCpu": {"Min": 8}}, {"r5.large"}, {"m5.large"}),
    ({"VCpuCount": {"Min": 4, "Max": 4}}, {"g5.xlarge"}, {"g5.2xlarge", "m5.large"}),
    ({"MemoryMiB": {"Min": 16384, "Max": 16384}}, {"g5.xlarge"}, {"g5.2xlarge"}),
    ({"NetworkInterfaceCount": {"Min": 15}}, {"m5.24xlarge"}, {"m5.large"}),
    ({"NetworkBandwidthGbps": {"Min": 100}}, {"p4d.24xlarge"}, {"g5.xlarge"}),
    # Up to 10 and up to 25 Gbps, with baselines of 2.5 and 5.
    ({"NetworkBandwidthGbps": {"Min": 5}}, {"g4dn.xlarge"}, {"g5.xlarge", "g6.xlarge"}),
    ({"NetworkBandwidthGbps": {"Max": 5}}, {"g4dn.xlarge", "g5.xlarge"}, {"g5.12xlarge"}),
    ({"BaselineEbsBandwidthMbps": {"Min": 10000}}, {"g5.24xlarge"}, {"g5.xlarge"}),
    ({"RequireHibernateSupport": True}, {"m5.large"}, {"g5.xlarge"}),
    ({"RequireEncryptionInTransit": True}, {"g5.xlarge"}, {"m5.large"}),
]


@pytest.mark.parametrize(("wanted", "inside", "outside"), CASES, ids=[str(c[0]) for c in CASES])
def test_each_attribute(
    running: Aws, wanted: dict[str, Any], inside: set[str], outside: set[str]
) -> None:
    found = preview(running, **wanted)
    assert inside <= found
    assert not outside & found


def test_price_protection_is_not_part_of_the_preview(running: Aws) -> None:
    loose = preview(running, **GPU)
    assert preview(running, **GPU, OnDemandMaxPricePercentageOverLowestPrice=0) == loose


def test_allowed_and_excluded_exclude_each_other(running: Aws) -> None:
    with refused("InvalidParameterCombination"):
        preview(running, AllowedInstanceTypes=["g5.*"], ExcludedInstanceTypes=["g6.*"])


def test_dry_run(running: Aws) -> None:
    with refused("DryRunOperation"):
        running.ec2.get_instance_types_from_instance_requirements(
            ArchitectureTypes=["x86_64"],
            VirtualizationTypes=["hvm"],
            InstanceRequirements=BASE,
            DryRun=True,
        )


def test_regions_differ(running: Aws) -> None:
    everywhere = preview(running, **GPU)
    assert preview(running, "eu-central-1", **GPU) < everywhere


def offerings(aws: Aws, kind: str, **filters: list[str]) -> list[tuple[str, str]]:
    pages = aws.ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType=kind,
        Filters=[{"Name": name.replace("_", "-"), "Values": v} for name, v in filters.items()],
    )
    rows = [row for page in pages for row in page["InstanceTypeOfferings"]]
    assert {row["LocationType"] for row in rows} <= {kind}
    return [(row["InstanceType"], row["Location"]) for row in rows]


def test_offerings_by_zone_with_wildcards(running: Aws) -> None:
    found = offerings(running, "availability-zone", instance_type=["g5.*"], location=["us-east-1a"])
    assert ("g5.xlarge", "us-east-1a") in found
    assert {(name.split(".")[0], zone) for name, zone in found} == {("g5", "us-east-1a")}


def test_offerings_by_zone_id_and_region(running: Aws) -> None:
    assert ("g5.xlarge", "us-east-1") in offerings(running, "region", instance_type=["g5.xlarge"])
    ids = offerings(running, "availability-zone-id", instance_type=["g5.xlarge"])
    assert all(zone.startswith("use1-az") for _, zone in ids)
    assert len(offerings(running, "availability-zone")) > 1000


def test_types_are_paged_and_corrected(running: Aws) -> None:
    pages = running.ec2.get_paginator("describe_instance_types").paginate(
        Filters=[{"Name": "instance-type", "Values": ["g*"]}],
        PaginationConfig={"PageSize": 20},
    )
    sizes, types = [], {}
    for page in pages:
        sizes.append(len(page["InstanceTypes"]))
        types.update({kind["InstanceType"]: kind for kind in page["InstanceTypes"]})
    assert max(sizes) == 20
    assert types["g5.xlarge"]["CurrentGeneration"]
    assert types["g5.xlarge"]["GpuInfo"]["TotalGpuMemoryInMiB"] == 22888
    (one,) = running.ec2.describe_instance_types(InstanceTypes=["g6.xlarge"])["InstanceTypes"]
    assert one["VCpuInfo"]["DefaultVCpus"] == 4
    with refused("InvalidInstanceType"):
        running.ec2.describe_instance_types(InstanceTypes=["zz.large"])


def test_types_of_other_regions_are_not_shown(running: Aws) -> None:
    with refused("InvalidInstanceType"):
        running.client("ec2", "eu-central-1").describe_instance_types(
            InstanceTypes=["p6-b300.48xlarge"]
        )
