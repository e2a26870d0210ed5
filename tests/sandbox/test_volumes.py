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


def attached(aws: Aws) -> tuple[str, str]:
    """An instance with a home: their ids."""
    words: dict[str, Any] = {"ImageId": IMAGE, "InstanceType": "g5.xlarge"}
    made = aws.ec2.run_instances(**words, SubnetId=aws.subnets()[0], MinCount=1, MaxCount=1)
    instance = str(made["Instances"][0]["InstanceId"])
    volume = str(aws.ec2.create_volume(**HOME)["VolumeId"])
    aws.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    return instance, volume


def state(aws: Aws, volume: str) -> tuple[str, list[str]]:
    (found,) = aws.ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    return found["State"], [each["State"] for each in found["Attachments"]]


def test_attaching_and_detaching_take_their_time(
    still: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(still.sandbox.world.settings, "attach_seconds", 2)
    _, volume = attached(still)
    assert state(still, volume) == ("in-use", ["attaching"])
    still.sandbox.clock.forward(timedelta(seconds=2))
    assert state(still, volume) == ("in-use", ["attached"])
    assert still.ec2.detach_volume(VolumeId=volume)["State"] == "detaching"
    assert state(still, volume) == ("in-use", ["detaching"])
    still.sandbox.clock.forward(timedelta(seconds=2))
    assert state(still, volume) == ("available", [])


def test_a_volume_is_in_use_until_its_instance_is_terminated(
    still: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(still.sandbox.world.settings, "shutdown_seconds", 10)
    instance, volume = attached(still)
    [ended] = still.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
    assert (ended["PreviousState"]["Name"], ended["CurrentState"]["Name"]) == (
        "running",
        "shutting-down",
    )
    assert state(still, volume) == ("in-use", ["attached"])
    with refused("VolumeInUse", f"{volume} is already attached to an instance"):
        still.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdg")
    [again] = still.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
    assert again["PreviousState"]["Name"] == "shutting-down"
    still.sandbox.clock.forward(timedelta(seconds=10))
    assert state(still, volume) == ("available", [])
    [again] = still.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
    assert again["CurrentState"]["Name"] == "terminated"


def test_what_detach_refuses(aws: Aws) -> None:
    instance, volume = attached(aws)
    with refused("InvalidAttachment.NotFound"):
        aws.ec2.detach_volume(VolumeId=volume, InstanceId="i-0123456789abcdef0")
    with refused("InvalidAttachment.NotFound"):
        aws.ec2.detach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdx")
    with refused("VolumeInUse", f"{volume} is currently attached to {instance}"):
        aws.ec2.delete_volume(VolumeId=volume)
    aws.ec2.detach_volume(VolumeId=volume, InstanceId=instance)
    with refused("IncorrectState", f"Volume '{volume}' is in the 'available' state."):
        aws.ec2.detach_volume(VolumeId=volume)


def test_an_instance_that_is_protected_is_not_terminated(aws: Aws) -> None:
    instance, _ = attached(aws)
    aws.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": True})
    with refused("OperationNotPermitted", "may not be terminated"):
        aws.ec2.terminate_instances(InstanceIds=[instance])
    with refused("InvalidInstanceID.NotFound"):
        aws.ec2.terminate_instances(InstanceIds=["i-0123456789abcdef0"])
