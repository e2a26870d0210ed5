from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.helpers import IMAGE, Aws, refused

HOME: dict[str, Any] = {"AvailabilityZone": "us-east-1a", "Size": 200, "VolumeType": "gp3"}


def test_a_client_token_makes_one_volume(aws: Aws) -> None:
    first = aws.ec2.create_volume(**HOME, ClientToken="alice-home")
    assert aws.ec2.create_volume(**HOME, ClientToken="alice-home")["VolumeId"] == first["VolumeId"]
    assert len(aws.ec2.describe_volumes()["Volumes"]) == 1
    with refused("IdempotentParameterMismatch"):
        aws.ec2.create_volume(**{**HOME, "Size": 300}, ClientToken="alice-home")


def test_tags_and_pages(aws: Aws) -> None:
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "site", "Value": "acme"}]}]
    for _ in range(7):
        aws.ec2.create_volume(**HOME, TagSpecifications=tags)
    pages = aws.ec2.get_paginator("describe_volumes").paginate(
        Filters=[{"Name": "tag:site", "Values": ["acme"]}], PaginationConfig={"PageSize": 5}
    )
    assert [len(page["Volumes"]) for page in pages] == [5, 2]


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("InvalidZone.NotFound", {"AvailabilityZone": "us-east-1q"}),
    ("InvalidParameterValue", {"Size": 70000}),
    ("InvalidParameterValue", {"Iops": 1}),
    ("InvalidParameterValue", {"Throughput": 5000}),
    ("InvalidParameterCombination", {"AvailabilityZoneId": "use1-az1"}),
    ("DryRunOperation", {"DryRun": True}),
]


@pytest.mark.parametrize(("code", "words"), WRONG)
def test_what_aws_refuses(aws: Aws, code: str, words: dict[str, Any]) -> None:
    with refused(code):
        aws.ec2.create_volume(**{**HOME, **words})
    assert aws.ec2.describe_volumes()["Volumes"] == []


def test_a_volume_only_grows(aws: Aws) -> None:
    volume = aws.ec2.create_volume(**HOME)["VolumeId"]
    aws.ec2.modify_volume(VolumeId=volume, Size=300)
    with refused("InvalidParameterValue", "smaller"):
        aws.ec2.modify_volume(VolumeId=volume, Size=200)
    assert aws.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"] == 300


def test_a_volume_changes_four_times_in_24_hours(aws: Aws) -> None:
    volume = aws.ec2.create_volume(**HOME)["VolumeId"]
    for size in (300, 400, 500, 600):
        aws.ec2.modify_volume(VolumeId=volume, Size=size)
    with refused("VolumeModificationRateExceeded"):
        aws.ec2.modify_volume(VolumeId=volume, Size=700)
    aws.sandbox.clock.forward(timedelta(hours=24, seconds=1))
    aws.ec2.modify_volume(VolumeId=volume, Size=700)


def test_a_volume_that_is_not_there(aws: Aws) -> None:
    none = "vol-00000000000000000"
    with refused("InvalidVolume.NotFound"):
        aws.ec2.describe_volumes(VolumeIds=[none])
    with refused("InvalidVolume.NotFound"):
        aws.ec2.modify_volume(VolumeId=none, Size=1)
    with refused("InvalidVolume.NotFound"):
        aws.ec2.delete_volume(VolumeId=none)


def test_attaching(aws: Aws) -> None:
    made = aws.ec2.run_instances(
        ImageId=IMAGE, InstanceType="g5.xlarge", SubnetId=aws.subnets()[0], MinCount=1, MaxCount=1
    )
    instance = made["Instances"][0]["InstanceId"]
    here = aws.ec2.create_volume(**HOME)["VolumeId"]
    there = aws.ec2.create_volume(**{**HOME, "AvailabilityZone": "us-east-1b"})["VolumeId"]
    words = {"InstanceId": instance, "Device": "/dev/sdf"}
    with refused("InvalidVolume.ZoneMismatch"):
        aws.ec2.attach_volume(VolumeId=there, **words)
    aws.ec2.attach_volume(VolumeId=here, **words)
    with refused("VolumeInUse"):
        aws.ec2.attach_volume(VolumeId=here, **words)
    with refused("VolumeInUse"):
        aws.ec2.delete_volume(VolumeId=here)
    aws.ec2.terminate_instances(InstanceIds=[instance])
    (left,) = aws.ec2.describe_volumes(VolumeIds=[here])["Volumes"]
    assert left["State"] == "available"
