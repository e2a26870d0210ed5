"""What AWS says of its instance types → reconciler/declare/data/instance_types.txt.

    make instance-types               asks AWS, in every region the account has enabled
    make instance-types FROM=moto     AWS's answers as the locked moto has them: needs no account

Names that AWS has ever had are those of EC2's service model in botocore. Needs
ec2:DescribeRegions, ec2:DescribeInstanceTypes and ec2:DescribeInstanceTypeOfferings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from botocore.model import StringShape
from botocore.session import Session

TABLE = Path(__file__).parents[1] / "reconciler/declare/data/instance_types.txt"
HEAD = """\
# EC2 instance types, written by `make instance-types` (docs/instance_types.py): do not edit.
# Attributes and regions: {source}.
# Names: the enum InstanceType of EC2's service model, botocore {botocore}.
#
# type vCPUs MiB architectures generation accelerators regions
#   architectures and accelerators are joined by commas; an accelerator is kind:count:MiB:name, its
#   MiB being that of one; - is none. Regions are a number in base 16, its lowest bit first, along
#   the line that follows. A family that AWS had, or will have, and lists in no region is
#   `<family>.* nowhere`.
"""
KINDS = (
    ("gpu", "GpuInfo", "Gpus"),
    ("fpga", "FpgaInfo", "Fpgas"),
    ("inference", "InferenceAcceleratorInfo", "Accelerators"),
    ("neuron", "NeuronInfo", "NeuronDevices"),
    ("media", "MediaAcceleratorInfo", "Accelerators"),
)
"""Ours, and where DescribeInstanceTypes has it."""

Types = Mapping[str, Mapping[str, Any]]  # by name, as DescribeInstanceTypes answers
Offers = Mapping[str, Iterable[str]]  # by region, the types offered there


def of_aws() -> tuple[Types, Offers]:
    """Ask AWS, with the credentials at hand."""
    import boto3

    types: dict[str, Mapping[str, Any]] = {}
    offers: dict[str, list[str]] = {}
    regions = boto3.client("ec2").describe_regions()["Regions"]
    for region in sorted(each["RegionName"] for each in regions):
        client = boto3.client("ec2", region_name=region)
        for page in client.get_paginator("describe_instance_types").paginate():
            types |= {each["InstanceType"]: dict(each) for each in page["InstanceTypes"]}
        listed = client.get_paginator("describe_instance_type_offerings").paginate()
        offers[region] = [
            each["InstanceType"] for page in listed for each in page["InstanceTypeOfferings"]
        ]
    return types, offers


def of_moto() -> tuple[Types, Offers]:
    """The same answers, as moto's authors kept them."""
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

    offers = {
        region: [each["InstanceType"] for each in listed]
        for region, listed in INSTANCE_TYPE_OFFERINGS["region"].items()
    }
    return INSTANCE_TYPES, offers


def table(types: Types, offers: Offers, source: str, before: str = "") -> str:
    """The whole file. `before` is the file as it was: its order of regions stays."""
    regions = _regions(offers, before)
    bits = dict.fromkeys(types, 0)
    for number, region in enumerate(regions):
        for name in offers.get(region, ()):
            bits[name] |= 1 << number
    offered = {name for name, where in bits.items() if where}
    shape = Session().get_service_model("ec2").shape_for("InstanceType")
    assert isinstance(shape, StringShape)
    ever = shape.enum
    alive = {_family(name) for name in offered}
    lines = [_line(name, types[name], bits[name]) for name in offered]
    lines += [f"{family}.* nowhere" for family in {_family(name) for name in ever} - alive]
    head = HEAD.format(source=source, botocore=version("botocore"))
    return head + "\n".join([f"regions {' '.join(regions)}", *sorted(lines)]) + "\n"


def _regions(offers: Offers, before: str) -> list[str]:
    line = next((text for text in before.splitlines() if text.startswith("regions ")), "regions")
    known = [region for region in line.split()[1:] if region in offers]
    return known + sorted(set(offers) - set(known))


def _family(name: str) -> str:
    return name.partition(".")[0]


def _line(name: str, facts: Mapping[str, Any], where: int) -> str:
    architectures = ",".join(facts["ProcessorInfo"]["SupportedArchitectures"])
    generation = "current" if facts["CurrentGeneration"] else "previous"
    found = [
        _accelerator(kind, device)
        for kind, holder, devices in KINDS
        for device in facts.get(holder, {}).get(devices, ())
    ]
    cores, memory = facts["VCpuInfo"]["DefaultVCpus"], facts["MemoryInfo"]["SizeInMiB"]
    accelerators = ",".join(found) or "-"
    return f"{name} {cores} {memory} {architectures} {generation} {accelerators} {where:x}"


def _accelerator(kind: str, device: Mapping[str, Any]) -> str:
    name = device.get("Name", "-").replace(" ", "-")
    return f"{kind}:{device['Count']}:{device.get('MemoryInfo', {}).get('SizeInMiB', 0)}:{name}"


def main(source: str) -> None:
    """Write the table anew."""
    before = TABLE.read_text() if TABLE.exists() else ""
    today = datetime.now(UTC).date().isoformat()
    if source == "moto":
        found, origin = of_moto(), f"AWS's answers as moto {version('moto')} carries them"
    else:
        found, origin = of_aws(), f"AWS's answers of {today}"
    TABLE.write_text(table(*found, origin, before))


if __name__ == "__main__":
    main(*sys.argv[1:])
