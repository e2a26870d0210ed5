"""Images that take time, and commands with results: what a bake needs of the sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.sandbox.services import ssm_commands
from tests.sandbox.helpers import IMAGE, MINUTE, Aws, refused

DOCUMENT = "AWS-RunShellScript"
TAGS = [{"Key": "reconciler:image", "Value": "k"}]
BOTH = [{"ResourceType": kind, "Tags": TAGS} for kind in ("image", "snapshot")]


def launched(aws: Aws, **words: Any) -> str:
    made = aws.ec2.run_instances(
        **{"ImageId": IMAGE, "InstanceType": "m7i.large", "MinCount": 1, "MaxCount": 1, **words}
    )
    return str(made["Instances"][0]["InstanceId"])


@pytest.fixture
def instance(still: Aws) -> str:
    return launched(still)


def described(aws: Aws, image_id: str, region: str = "us-east-1") -> Any:
    return aws.client("ec2", region).describe_images(ImageIds=[image_id])["Images"][0]


def test_an_image_takes_minutes_and_cannot_be_launched_before(still: Aws, instance: str) -> None:
    made = still.ec2.create_image(InstanceId=instance, Name="one", TagSpecifications=BOTH)
    image_id = made["ImageId"]
    assert described(still, image_id)["State"] == "pending"
    with refused("InvalidAMIID.Unavailable"):
        launched(still, ImageId=image_id)
    with refused("InvalidAMIName.Duplicate", "one is already in use"):
        still.ec2.create_image(InstanceId=instance, Name="one")
    still.sandbox.clock.forward(5 * MINUTE)
    image = described(still, image_id)
    assert (image["State"], image["Tags"]) == ("available", TAGS)
    [mapping] = image["BlockDeviceMappings"]
    assert mapping["Ebs"]["VolumeSize"] == 30
    [snapshot] = still.ec2.describe_snapshots(SnapshotIds=[mapping["Ebs"]["SnapshotId"]])[
        "Snapshots"
    ]
    assert snapshot["Tags"] == TAGS
    still.ec2.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)
    left = still.ec2.describe_snapshots()["Snapshots"]
    assert snapshot["SnapshotId"] not in {each["SnapshotId"] for each in left}
    with refused("InvalidAMIID.NotFound"):
        still.ec2.deregister_image(ImageId=image_id)


def test_a_copy_is_made_once_for_a_token_and_takes_tags_if_asked(still: Aws) -> None:
    other = still.client("ec2", "eu-central-1")
    words = {"SourceImageId": IMAGE, "SourceRegion": "us-east-1", "Name": "copy"}
    first = other.copy_image(**words, ClientToken="t", CopyImageTags=True)["ImageId"]
    again = other.copy_image(**words, ClientToken="t", CopyImageTags=True)["ImageId"]
    assert first == again
    assert described(still, first, "eu-central-1")["Tags"][0]["Key"] == "Name"
    with refused("InvalidRequest", "is not available"):
        other.copy_image(SourceImageId=first, SourceRegion="eu-central-1", Name="next")


def test_a_launch_is_made_once_for_a_token_and_refused_without_capacity(still: Aws) -> None:
    assert launched(still, ClientToken="t") == launched(still, ClientToken="t")
    still.sandbox.capacity.take("g6.*", "*", "spot")
    spot = {"InstanceType": "g6.xlarge", "InstanceMarketOptions": {"MarketType": "spot"}}
    with refused("InsufficientInstanceCapacity", "no Spot capacity"):
        launched(still, **spot)
    assert launched(still, InstanceType="g6.xlarge")


def test_what_was_terminated_cannot_be_stopped_and_is_terminated_again(
    still: Aws, instance: str
) -> None:
    for _ in range(2):
        still.ec2.terminate_instances(InstanceIds=[instance])
    with refused("IncorrectInstanceState"):
        still.ec2.stop_instances(InstanceIds=[instance])
    with refused("IncorrectInstanceState"):
        still.ec2.create_image(InstanceId=instance, Name="one")


def sent(aws: Aws, instance: str, script: str) -> str:
    words = {"DocumentName": DOCUMENT, "Parameters": {"commands": [script]}}
    made = aws.client("ssm").send_command(InstanceIds=[instance], **words)
    return str(made["Command"]["CommandId"])


def result(aws: Aws, instance: str, command: str) -> tuple[str, int, str]:
    found = aws.client("ssm").get_command_invocation(CommandId=command, InstanceId=instance)
    return found["Status"], found["ResponseCode"], found["StandardOutputContent"]


def order(aws: Aws, match: str, **words: Any) -> None:
    ssm_commands.order(aws.sandbox.world, "us-east-1", ssm_commands.Result(match, **words))


def test_a_command_takes_time_and_shows_the_beginning_of_its_output(
    still: Aws, instance: str
) -> None:
    order(still, "fail", exit=3, stdout="x" * 30_000)
    fails, works = sent(still, instance, "fail"), sent(still, instance, "work")
    assert result(still, instance, fails) == ("InProgress", -1, "")
    still.sandbox.clock.forward(timedelta(seconds=3))
    assert result(still, instance, fails) == ("Failed", 3, "x" * 24_000)
    assert result(still, instance, works) == ("Success", 0, "")
    with refused("InvocationDoesNotExist"):
        result(still, instance, "0" * 36)


def test_194_restarts_the_machine_and_the_script(still: Aws, instance: str) -> None:
    order(still, "boot", exit=194, times=1)
    command = sent(still, instance, "boot")
    still.sandbox.clock.forward(timedelta(seconds=10))
    assert result(still, instance, command)[0] == "InProgress"
    still.sandbox.clock.forward(timedelta(seconds=60))
    assert result(still, instance, command) == ("Success", 0, "")


def test_a_command_that_is_too_large_or_has_no_machine_is_refused(
    still: Aws, instance: str
) -> None:
    with refused("MaxDocumentSizeExceeded"):
        sent(still, instance, "x" * 70_000)
    lost = sent(still, instance, "work")
    still.ec2.terminate_instances(InstanceIds=[instance])
    still.sandbox.clock.forward(timedelta(seconds=3))
    assert result(still, instance, lost)[:2] == ("Failed", -1)
    with refused("InvalidInstanceId"):
        sent(still, instance, "work")
