from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.sandbox.control import interruption
from tests.sandbox.helpers import Aws, policy
from tests.sandbox.test_bus import ACCOUNT, REGION, bodies, listen

EVERYTHING = {"source": [{"prefix": "aws."}]}


def instance_of(aws: Aws, name: str = "acme-alice") -> str:
    (instance_id,) = interruption.spot_of(aws.sandbox.world, REGION, name)
    return instance_id


def shown(aws: Aws, instance_id: str) -> Any:
    found = aws.ec2.describe_instances(InstanceIds=[instance_id])
    return found["Reservations"][0]["Instances"][0]


def notices_received(aws: Aws, url: str) -> list[Any]:
    found: list[Any] = []
    while texts := bodies(aws, url):
        found += [json.loads(text) for text in texts]
    return found


@pytest.fixture
def ears(aws: Aws) -> str:
    return listen(aws, raw=True, pattern=EVERYTHING)


def test_two_minutes_after_the_warning_it_is_gone_and_replaced(aws: Aws, ears: str) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    first = instance_of(aws)
    notices_received(aws, ears)
    due = interruption.interrupt(aws.sandbox.world, REGION, first)
    (warning,) = notices_received(aws, ears)
    assert warning["detail-type"] == "EC2 Spot Instance Interruption Warning"
    assert warning["detail"] == {"instance-id": first, "instance-action": "terminate"}
    zone = shown(aws, first)["Placement"]["AvailabilityZone"]
    assert warning["resources"] == [f"arn:aws:ec2:{zone}:instance/{first}"]
    warned = datetime.fromisoformat(warning["time"])
    assert timedelta(seconds=119) < due - warned < timedelta(seconds=122)
    aws.sandbox.clock.forward(timedelta(seconds=100))
    assert instance_of(aws) == first
    happened = aws.sandbox.clock.forward(timedelta(seconds=30))
    assert [event.text for event in happened] == [f"{first}: taken back by Spot"]
    old = shown(aws, first)
    assert old["State"]["Name"] == "terminated"
    assert old["StateReason"]["Code"] == "Server.SpotInstanceTermination"
    assert instance_of(aws) != first
    found = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="acme-alice")
    launch, ended, _ = found["Activities"]
    assert "in response to an EC2 health check indicating it has been terminated" in ended["Cause"]
    assert "an unhealthy instance needing to be replaced" in launch["Cause"]
    kinds = [event["detail-type"] for event in notices_received(aws, ears)]
    assert kinds == ["EC2 Instance Terminate Successful", "EC2 Instance Launch Successful"]


def test_at_once_it_is_gone_with_the_warning(aws: Aws, ears: str) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    first = instance_of(aws)
    aws.sandbox.capacity.take("*")
    notices_received(aws, ears)
    interruption.interrupt(aws.sandbox.world, REGION, first, at_once=True)
    group = aws.described()
    assert (group["DesiredCapacity"], group["Instances"]) == (1, [])
    warning, ended, failed = notices_received(aws, ears)
    assert warning["source"] == "aws.ec2"
    assert ended["detail"]["EC2InstanceId"] == first
    assert failed["detail-type"] == "EC2 Instance Launch Unsuccessful"
    assert set(failed["detail"]) == {
        "ActivityId",
        "AutoScalingGroupName",
        "Cause",
        "Description",
        "Destination",
        "Details",
        "EC2InstanceId",
        "EndTime",
        "Origin",
        "RequestId",
        "StartTime",
        "StatusCode",
        "StatusMessage",
    }
    assert failed["detail"]["StatusCode"] == "Failed"
    assert failed["detail"]["StatusMessage"].startswith("Could not launch Spot Instances. Unful")
    assert failed["detail"]["Details"]["Availability Zone"].startswith(REGION)
    assert failed["resources"][0].endswith(":autoScalingGroupName/acme-alice")


def test_an_instance_that_ended_before_its_time_is_not_taken_twice(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    interruption.interrupt(aws.sandbox.world, REGION, instance_of(aws))
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=0)
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=1)
    second = instance_of(aws)
    assert aws.sandbox.clock.forward(timedelta(minutes=3)) == []
    assert instance_of(aws) == second


def test_a_recommendation_takes_nothing(aws: Aws, ears: str) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    first = instance_of(aws)
    notices_received(aws, ears)
    interruption.recommend(aws.sandbox.world, REGION, first)
    (event,) = notices_received(aws, ears)
    assert event["detail-type"] == "EC2 Instance Rebalance Recommendation"
    assert event["detail"] == {"instance-id": first}
    assert event["resources"] == [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{first}"]
    assert instance_of(aws) == first


def test_what_cannot_be_interrupted(aws: Aws) -> None:
    world = aws.sandbox.world
    aws.template()
    aws.group(DesiredCapacity=1, MixedInstancesPolicy=policy(on_demand=100))
    (member,) = aws.described()["Instances"]
    with pytest.raises(ValueError, match="no Spot instance"):
        interruption.interrupt(world, REGION, member["InstanceId"])
    with pytest.raises(ValueError, match="there is no instance i-0"):
        interruption.recommend(world, REGION, "i-00000000000000000")
    assert interruption.spot_of(world, REGION, "acme-alice") == []
    with pytest.raises(ValueError, match="acme-bob in us-east-1; there are: acme-alice"):
        interruption.spot_of(world, REGION, "acme-bob")
    aws.group("spot", DesiredCapacity=1)
    gone = instance_of(aws, "spot")
    interruption.interrupt(world, REGION, gone, at_once=True)
    with pytest.raises(ValueError, match="it is terminated"):
        interruption.interrupt(world, REGION, gone)
