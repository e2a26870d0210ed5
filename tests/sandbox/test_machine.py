"""The machine that the sandbox plays: what a caller of AWS sees of the agent of a workstation."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from reconciler.sandbox.control.interruption import interrupt
from reconciler.sandbox.services import hooks
from reconciler.sandbox.services.machine import Machines, Mode, leave
from tests.sandbox.helpers import IMAGE, MINUTE, Aws, moved
from ws.imds import Imds

FAILED = "failed: the sandbox was told that machines fail"
SECOND = timedelta(seconds=1)
AGENT = {"path": "/usr/lib/ws/ws.pyz", "encoding": "gz+b64", "content": "H4sIAAAA"}
STOP = {"AutoScalingGroupName": "acme-alice", "LifecycleHookName": "reconciler-stop"}


@pytest.fixture(autouse=True)
def leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other tests want machines that leave at once; here they take their time."""
    monkeypatch.setattr(hooks, "ON_WAITING", [leave])


def user_data(*more: dict[str, str], packed: bool = True, **fields: Any) -> str:
    """A cloud-config with an instance file."""
    content = {"version": 1, "auto_scaling_group": "acme-alice", "stop_hook": "reconciler-stop"}
    file = {"path": "/etc/ws/instance.json", "content": json.dumps({**content, **fields})}
    config = f"#cloud-config\n{json.dumps({'write_files': [file, *more]})}\n".encode()
    return base64.b64encode(gzip.compress(config) if packed else config).decode()


def launch(aws: Aws, data: str | None = None, desired: int = 1) -> str:
    """A group in one zone whose machine has a home; the id of its instance."""
    if data is None:
        data = user_data(AGENT, home={"type": "ebs", "volume_id": home(aws)})
    aws.template(UserData=data)
    aws.group(DesiredCapacity=desired, VPCZoneIdentifier=aws.subnets()[0])
    return present(aws)


def home(aws: Aws, zone: str = "us-east-1a") -> str:
    """A new home, which may be formatted."""
    tags = [{"Key": "reconciler:format", "Value": "allowed"}]
    words = {"AvailabilityZone": zone, "Size": 100}
    made = aws.ec2.create_volume(
        **words, TagSpecifications=[{"ResourceType": "volume", "Tags": tags}]
    )
    return str(made["VolumeId"])


def present(aws: Aws) -> str:
    """The newest instance of the group."""
    return str(aws.described()["Instances"][-1]["InstanceId"])


def phase(aws: Aws, instance: str) -> str:
    """How far a machine says that it is."""
    found = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    return str(tags.get("reconciler:phase", ""))


def volume(aws: Aws) -> dict[str, Any]:
    """The home."""
    found = aws.ec2.describe_volumes(Filters=[{"Name": "size", "Values": ["100"]}])["Volumes"]
    return dict(found[0])


def starts(aws: Aws) -> str:
    """How long the starts of the group took."""
    tags = {tag["Key"]: tag["Value"] for tag in aws.described()["Tags"]}
    return str(tags.get("reconciler:starts", ""))


def mode(aws: Aws, name: Mode) -> None:
    aws.sandbox.world.state(Machines, "us-east-1").mode = name


def test_a_home_is_attached_and_the_machine_says_how_far_it_is(still: Aws) -> None:
    instance = launch(still)
    assert phase(still, instance) == ""
    moved(still, 20 * SECOND)
    assert phase(still, instance) == "attaching"
    assert volume(still)["Attachments"][0]["InstanceId"] == instance
    moved(still, 3 * SECOND)
    assert phase(still, instance) == "mounting"
    assert volume(still).get("Tags", []) == [], "formatted once"
    assert starts(still) == ""
    moved(still, 3 * SECOND)
    assert phase(still, instance) == "ready"
    assert starts(still) == "26"


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("fields", [{}, {"home": {"type": "efs", "file_system_id": "fs-1"}}])
def test_a_machine_without_a_volume_is_ready_too(
    still: Aws, packed: bool, fields: dict[str, Any]
) -> None:
    instance = launch(still, user_data(AGENT, packed=packed, **fields))
    moved(still, MINUTE)
    assert phase(still, instance) == "ready"


def test_an_image_with_the_agent_needs_none_in_user_data(still: Aws) -> None:
    still.ec2.delete_tags(Resources=[IMAGE], Tags=[{"Key": "reconciler:agent"}])
    instance = launch(still, user_data())
    moved(still, MINUTE)
    assert phase(still, instance) == "", "nobody is there to say it"
    still.ec2.create_tags(Resources=[IMAGE], Tags=[{"Key": "reconciler:agent", "Value": "1.0"}])
    still.autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=0)
    still.autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=1)
    moved(still, MINUTE)
    assert phase(still, present(still)) == "ready"


def test_nobody_plays_a_machine_whose_own_agent_asks_the_metadata_service(still: Aws) -> None:
    instance = launch(still)
    with still.sandbox.metadata_service(instance) as service:
        assert Imds(f"{service.url}/latest/").instance_id() == instance
    moved(still, MINUTE)
    assert phase(still, instance) == ""
    interrupt(still.sandbox.world, "us-east-1", instance)
    assert phase(still, instance) == ""


@pytest.mark.parametrize(
    "data",
    [
        "",
        base64.b64encode(b"#!/bin/sh\ntrue\n").decode(),
        base64.b64encode(b"\x1f\x8b no gzip").decode(),
        base64.b64encode(b"#cloud-config\n[]").decode(),
        user_data(AGENT).replace("A", "B"),
    ],
)
def test_other_user_data_makes_no_machine(still: Aws, data: str) -> None:
    still.template(**({"UserData": data} if data else {}))
    still.group(DesiredCapacity=1)
    moved(still, MINUTE)
    assert phase(still, present(still)) == ""


def test_a_home_that_another_instance_holds_is_waited_for(still: Aws) -> None:
    words = {"ImageId": IMAGE, "InstanceType": "g5.xlarge", "SubnetId": still.subnets()[0]}
    other = still.ec2.run_instances(**words, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    disk = home(still)
    still.ec2.attach_volume(VolumeId=disk, InstanceId=other, Device="/dev/sdf")
    instance = launch(still, user_data(AGENT, home={"type": "ebs", "volume_id": disk}))
    moved(still, MINUTE)
    assert phase(still, instance) == f"attaching: {other} still holds {disk}"
    still.ec2.terminate_instances(InstanceIds=[other])
    moved(still, MINUTE)
    assert phase(still, instance) == "ready"


def test_a_home_in_another_zone_fails(still: Aws) -> None:
    disk = home(still, "us-east-1b")
    instance = launch(still, user_data(AGENT, home={"type": "ebs", "volume_id": disk}))
    moved(still, MINUTE)
    assert phase(still, instance).startswith("failed: InvalidVolume.ZoneMismatch: The volume")


@pytest.mark.parametrize(
    ("name", "after_a_minute", "later"),
    [
        ("silent", "", ""),
        ("late", "", "ready"),
        ("fails", FAILED, FAILED),
    ],
)
def test_machines_as_one_wants_them(
    still: Aws, name: Mode, after_a_minute: str, later: str
) -> None:
    mode(still, name)
    instance = launch(still)
    moved(still, MINUTE)
    assert phase(still, instance) == after_a_minute
    moved(still, 10 * MINUTE)
    assert phase(still, instance) == later


def test_a_machine_leaves_before_it_ends_and_the_next_one_waits_for_the_home(still: Aws) -> None:
    first = launch(still)
    still.autoscaling.put_lifecycle_hook(
        **STOP, LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout=300
    )
    moved(still, MINUTE)
    mode(still, "late")  # it takes its time to save
    still.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=False
    )
    assert phase(still, first) == "stopping"
    second = present(still)
    assert second != first
    mode(still, "works")
    moved(still, 4 * MINUTE)
    assert volume(still)["Attachments"][0]["InstanceId"] == first, "in use until its end"
    moved(still, 8 * MINUTE)
    assert [each["InstanceId"] for each in still.described()["Instances"]] == [second]
    assert volume(still)["Attachments"][0]["InstanceId"] == second
    assert phase(still, second) == "ready"


def test_a_machine_that_says_nothing_completes_no_hook(still: Aws) -> None:
    mode(still, "silent")
    launch(still)
    still.autoscaling.put_lifecycle_hook(
        **STOP, LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout=300
    )
    still.autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=0)
    moved(still, 4 * MINUTE)
    assert still.described()["Instances"][0]["LifecycleState"] == "Terminating:Wait"
    moved(still, 2 * MINUTE)
    assert still.described()["Instances"] == []


def test_an_interrupted_machine_says_that_it_stops(still: Aws) -> None:
    instance = launch(still)
    moved(still, MINUTE)
    interrupt(still.sandbox.world, "us-east-1", instance)
    assert phase(still, instance) == "stopping: Spot takes this machine back"
    moved(still, 3 * MINUTE)
    assert phase(still, present(still)) == "ready"
    assert starts(still) == "26 26"
