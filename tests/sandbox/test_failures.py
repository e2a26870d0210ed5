from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from reconciler.power.failure_causes import Cause
from reconciler.power.launch_failures import read
from reconciler.sandbox.services.failures import LARGEST_MESSAGE, NAMED, Market
from tests.sandbox.helpers import Aws, policy

TYPE = {"InstanceType": "g5.xlarge"}


def newest(aws: Aws, name: str = "acme-alice") -> Any:
    found = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=name)
    return found["Activities"][0]


@pytest.mark.parametrize(
    ("name", "on_demand", "code", "cause"),
    [
        ("unfulfillable", 0, "UnfulfillableCapacity", Cause.SPOT_CAPACITY),
        ("no-spot", 0, "InsufficientInstanceCapacity", Cause.SPOT_CAPACITY),
        ("no-spot-bare", 0, "", Cause.SPOT_CAPACITY),
        ("spot-quota", 0, "MaxSpotInstanceCountExceeded", Cause.SPOT_QUOTA),
        ("no-on-demand", 100, "InsufficientInstanceCapacity", Cause.ON_DEMAND_CAPACITY),
        ("on-demand-quota", 100, "VcpuLimitExceeded", Cause.ON_DEMAND_QUOTA),
        ("not-offered", 0, "InvalidFleetConfiguration", Cause.NOT_OFFERED),
        ("price", 0, "SpotMaxPriceTooLow", Cause.PRICE_LIMIT),
        ("key", 0, "Client.InternalError", Cause.KEY),
        ("key-state", 0, "Client.InvalidKMSKey.InvalidState", Cause.KEY),
        ("volume-quota", 0, "Client.VolumeLimitExceeded", Cause.VOLUME_QUOTA),
        ("interrupted", 0, "Server.SpotInstanceTermination", Cause.INTERRUPTION),
        ("shut-down", 0, "Client.InstanceInitiatedShutdown", Cause.HEALTH),
        ("aws-fault", 0, "Server.InternalError", Cause.AWS_FAULT),
        ("first-launch", 0, "", Cause.SERVICE_ROLE),
        (
            "service-role-denied",
            0,
            "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
            Cause.SERVICE_ROLE_DENIED,
        ),
        ("fleet-quota", 0, "MaxFleetCountExceeded", Cause.FLEET_QUOTA),
        ("address", 100, "InsufficientFreeAddressesInSubnet", Cause.ADDRESS),
        ("image", 0, "", Cause.IMAGE),
        ("security-group", 0, "", Cause.LAUNCH_TEMPLATE),
        ("small-disk", 100, "InvalidBlockDeviceMapping", Cause.DISK),
        ("denied", 0, "UnauthorizedOperation", Cause.PERMISSION),
        ("verification", 0, "PendingVerification", Cause.VERIFICATION),
        ("blocked", 100, "Blocked", Cause.ACCOUNT),
        ("subscription", 0, "OptInRequired", Cause.SUBSCRIPTION),
        ("free-tier", 100, "InvalidParameterCombination", Cause.ACCOUNT_PLAN),
        ("service-role", 0, "ServiceLinkedRoleFailure", Cause.SERVICE_ROLE),
    ],
)
def test_every_failure_can_be_rehearsed(
    aws: Aws, name: str, on_demand: int, code: str, cause: Cause
) -> None:
    aws.template()
    market: Market = "on-demand" if on_demand else "spot"
    aws.sandbox.capacity.take("*", "*", market, NAMED[name])
    words = policy(TYPE, on_demand=on_demand)
    aws.group(DesiredCapacity=1, MixedInstancesPolicy=words)
    activity = newest(aws)
    assert len(activity["StatusMessage"]) <= LARGEST_MESSAGE
    failure = read(activity)
    assert failure is not None
    assert (failure.code, failure.cause) == (code, cause)
    assert failure.zone.startswith("us-east-1")
    aws.sandbox.capacity.give("*", "*", market)
    assert len(aws.described()["Instances"]) == 1


def test_they_are_all_here() -> None:
    (mark,) = test_every_failure_can_be_rehearsed.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in mark.args[1]} == set(NAMED)


def test_a_pool_s_type_and_zone_are_in_its_text(aws: Aws) -> None:
    aws.template()
    aws.sandbox.capacity.take("g5.*", "*", "on-demand")
    aws.group(DesiredCapacity=1, MixedInstancesPolicy=policy(TYPE, on_demand=100))
    assert newest(aws)["StatusMessage"].startswith(
        "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not "
        "have sufficient g5.xlarge capacity in the Availability Zone you requested (us-east-1a)."
    )


def test_a_group_without_a_policy_gets_the_bare_text(aws: Aws) -> None:
    aws.template(InstanceType="g5.xlarge")
    aws.sandbox.capacity.take("g5.*", "*", "on-demand")
    aws.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="plain",
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier=aws.subnets()[0],
        LaunchTemplate={"LaunchTemplateName": "acme-alice", "Version": "1"},
    )
    assert newest(aws, "plain")["StatusMessage"].startswith("We currently do not have sufficient")


def test_a_key_that_may_not_be_used_ends_what_was_launched(aws: Aws) -> None:
    aws.template()
    aws.sandbox.capacity.take("*", failure=NAMED["key"])
    aws.group(DesiredCapacity=1)
    activity = newest(aws)
    assert activity["StatusCode"] == "Cancelled"
    instance_id = activity["Description"].split(": ")[1].split(".")[0]
    found = aws.ec2.describe_instances(InstanceIds=[instance_id])
    instance = found["Reservations"][0]["Instances"][0]
    assert instance["State"]["Name"] == "terminated"
    assert instance["StateReason"]["Code"] == "Client.InternalError"


def test_a_price_below_the_market_s(aws: Aws) -> None:
    aws.template()
    words = policy(TYPE)
    words["InstancesDistribution"]["SpotMaxPrice"] = "0.01"
    aws.group(DesiredCapacity=1, MixedInstancesPolicy=words)
    assert newest(aws)["StatusMessage"].startswith(
        "Could not launch Spot Instances. SpotMaxPriceTooLow - Your Spot request price of 0.01 is "
        "lower than the minimum required Spot request fulfillment price of 0."
    )
    words["InstancesDistribution"]["SpotMaxPrice"] = "10"
    aws.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="acme-alice", MixedInstancesPolicy=words
    )
    assert len(aws.described()["Instances"]) == 1


def test_a_group_that_is_short_asks_again_by_itself(aws: Aws) -> None:
    aws.template()
    aws.sandbox.capacity.take("*")
    aws.group(DesiredCapacity=1)
    aws.sandbox.clock.forward(timedelta(minutes=20))
    found = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="acme-alice")
    times = [activity["StartTime"] for activity in reversed(found["Activities"])]
    waits = [round((later - one).total_seconds()) for one, later in itertools.pairwise(times)]
    assert waits == [60, 120, 240, 480]
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=0)
    aws.sandbox.clock.forward(timedelta(hours=1))
    found = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="acme-alice")
    assert len(found["Activities"]) == len(times)
