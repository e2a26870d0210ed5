from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.sandbox.services import prices
from tests.sandbox.helpers import GPU, IMAGE, Aws, policy, refused

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
SUSPENDED = {"AutoScalingGroupName": "acme-alice", "ScalingProcesses": ["Launch"]}


def start(aws: Aws, name: str = "acme-alice", desired: int = 1) -> None:
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=desired)


def running(aws: Aws, name: str = "acme-alice") -> Any:
    """The group's one instance, as EC2 shows it."""
    (member,) = aws.described(name)["Instances"]
    found = aws.ec2.describe_instances(InstanceIds=[member["InstanceId"]])
    return found["Reservations"][0]["Instances"][0]


def activities(aws: Aws, name: str = "acme-alice") -> Any:
    return aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]


def test_the_cheapest_type_with_the_attributes_is_launched_as_spot(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    instance = running(aws)
    assert instance["InstanceLifecycle"] == "spot"
    assert instance["SpotInstanceRequestId"].startswith("sir-")
    wanted = aws.ec2.get_instance_types_from_instance_requirements(
        ArchitectureTypes=["x86_64"],
        VirtualizationTypes=["hvm"],
        InstanceRequirements=policy()["LaunchTemplate"]["Overrides"][0]["InstanceRequirements"],
    )["InstanceTypes"]
    pages = aws.ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=[{"Name": "location", "Values": list(ZONES)}]
    )
    offered = [offering for page in pages for offering in page["InstanceTypeOfferings"]]
    names = {item["InstanceType"] for item in wanted}
    pools = [
        (offering["InstanceType"], offering["Location"])
        for offering in offered
        if offering["InstanceType"] in names
    ]
    cheapest = min(pools, key=lambda pool: prices.spot(*pool))
    assert (instance["InstanceType"], instance["Placement"]["AvailabilityZone"]) == cheapest


def test_listed_types_go_in_their_order_on_demand(aws: Aws) -> None:
    aws.template()
    types = ("g6.xlarge", "g5.xlarge")
    words = policy(*({"InstanceType": name} for name in types), on_demand=100)
    aws.group(DesiredCapacity=1, MixedInstancesPolicy=words)
    instance = running(aws)
    assert instance["InstanceType"] == "g6.xlarge"
    assert "InstanceLifecycle" not in instance


def test_the_template_version_shows_in_the_instance(aws: Aws) -> None:
    template = aws.template(KeyName="old")
    root = {"VolumeSize": 100, "VolumeType": "gp3", "Throughput": 250, "Encrypted": True}
    pair = [{"Key": "owner", "Value": "alice"}]
    aws.ec2.create_launch_template_version(
        LaunchTemplateId=template,
        LaunchTemplateData={
            "ImageId": IMAGE,
            "UserData": "IyEvYmluL3NoCg==",
            "IamInstanceProfile": {"Name": "workstation"},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
            "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": root}],
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": pair},
                {"ResourceType": "volume", "Tags": pair},
            ],
        },
    )
    tags = [
        {"Key": "site", "Value": "acme", "PropagateAtLaunch": True},
        {"Key": "note", "Value": "x", "PropagateAtLaunch": False},
    ]
    aws.group(DesiredCapacity=1, Tags=tags, MixedInstancesPolicy=policy(Version="2"))
    instance = running(aws)
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    assert instance["IamInstanceProfile"]["Arn"].endswith(":instance-profile/workstation")
    assert {tag["Key"]: tag["Value"] for tag in instance["Tags"]} == {
        "owner": "alice",
        "site": "acme",
        "aws:autoscaling:groupName": "acme-alice",
        "aws:ec2launchtemplate:id": template,
        "aws:ec2launchtemplate:version": "2",
    }
    (device,) = instance["BlockDeviceMappings"]
    (volume,) = aws.ec2.describe_volumes(VolumeIds=[device["Ebs"]["VolumeId"]])["Volumes"]
    assert (volume["Size"], volume["VolumeType"], volume["Throughput"]) == (100, "gp3", 250)
    assert volume["Encrypted"]
    assert volume["Tags"] == pair
    data = aws.ec2.describe_instance_attribute(
        InstanceId=instance["InstanceId"], Attribute="userData"
    )
    assert data["UserData"]["Value"] == "IyEvYmluL3NoCg=="


def test_the_root_of_the_image_is_there_without_being_asked_for(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    (device,) = running(aws)["BlockDeviceMappings"]
    (volume,) = aws.ec2.describe_volumes(VolumeIds=[device["Ebs"]["VolumeId"]])["Volumes"]
    assert (device["DeviceName"], volume["Size"]) == ("/dev/sda1", 30)
    assert device["Ebs"]["DeleteOnTermination"]


def test_market_filter(aws: Aws) -> None:
    aws.template()
    aws.group("spot", DesiredCapacity=1)
    aws.group("on-demand", DesiredCapacity=1, MixedInstancesPolicy=policy(on_demand=100))
    spot = [{"Name": "instance-lifecycle", "Values": ["spot"]}]
    found = aws.ec2.describe_instances(Filters=spot)["Reservations"]
    assert [instance["InstanceLifecycle"] for row in found for instance in row["Instances"]] == [
        "spot"
    ]


def test_an_instance_is_found_by_its_group_its_market_and_its_state(aws: Aws) -> None:
    aws.template()
    aws.sandbox.clock.forward(timedelta(days=3))
    aws.group(DesiredCapacity=1)
    aws.group("other", DesiredCapacity=1, MixedInstancesPolicy=policy(on_demand=100))
    now = aws.sandbox.world.now()
    instance, other = running(aws), running(aws, "other")
    assert "InstanceLifecycle" not in other
    assert timedelta() <= now - instance["LaunchTime"] < timedelta(seconds=60)
    assert instance["LaunchTime"].microsecond == 0

    def found(**wanted: str) -> list[str]:
        filters = [
            {"Name": name.replace("__", ":").replace("_", "-"), "Values": [value]}
            for name, value in wanted.items()
        ]
        rows = aws.ec2.describe_instances(Filters=filters)["Reservations"]
        return [item["InstanceId"] for row in rows for item in row["Instances"]]

    group = {"tag__aws__autoscaling__groupName": "acme-alice"}
    assert found(**group) == [instance["InstanceId"]]
    assert found(**group, instance_state_name="running", instance_lifecycle="spot") == found(
        **group
    )
    assert found(**group, instance_state_name="terminated") == []
    assert found(instance_lifecycle="spot") == [instance["InstanceId"]]
    start(aws, desired=0)
    assert found(**group, instance_state_name="terminated") == [instance["InstanceId"]]


def test_an_instance_takes_an_address_of_its_subnet(aws: Aws) -> None:
    def free() -> int:
        subnets = aws.ec2.describe_subnets(SubnetIds=aws.subnets())["Subnets"]
        return sum(int(subnet["AvailableIpAddressCount"]) for subnet in subnets)

    aws.template()
    before = free()
    aws.group(DesiredCapacity=1)
    assert free() == before - 1
    start(aws, desired=0)
    assert free() == before


def test_activities_tell_what_happened(aws: Aws) -> None:
    aws.template()
    aws.group()
    start(aws)
    start(aws, desired=0)
    last, first = activities(aws)
    assert first["Description"].startswith("Launching a new EC2 instance: i-")
    assert "from 0 to 1" in first["Cause"]
    assert "a user request explicitly set group desired capacity" in first["Cause"]
    assert last["Description"].startswith("Terminating EC2 instance: i-")
    assert "shrinking the capacity from 1 to 0" in last["Cause"]
    assert {first["StatusCode"], last["StatusCode"]} == {"Successful"}

    def filtered(name: str, value: str) -> int:
        found = aws.autoscaling.describe_scaling_activities(
            AutoScalingGroupName="acme-alice", Filters=[{"Name": name, "Values": [value]}]
        )
        return len(found["Activities"])

    assert (filtered("Status", "Successful"), filtered("Status", "Failed")) == (2, 0)
    assert filtered("StartTimeLowerBound", "2020-01-01T00:00:00Z") == 2
    assert filtered("StartTimeUpperBound", "2020-01-01T00:00:00Z") == 0


def test_a_short_market_fails_and_is_tried_again_when_it_has_some(aws: Aws) -> None:
    aws.template()
    aws.group()
    aws.sandbox.capacity.take("*", "*", "spot")
    start(aws)
    for _ in range(2):
        group = aws.described()
        assert (group["DesiredCapacity"], group["Instances"]) == (1, [])
    (failed,) = activities(aws)
    assert failed["StatusCode"] == "Failed"
    assert failed["StatusMessage"].startswith("Could not launch Spot Instances. Unfulfillable")
    aws.sandbox.capacity.give("*", "*", "spot")
    assert len(aws.described()["Instances"]) == 1
    assert activities(aws)[0]["StatusCode"] == "Successful"


def test_another_pool_is_taken_when_the_best_is_short(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    first = running(aws)["InstanceType"]
    start(aws, desired=0)
    aws.sandbox.capacity.take(first)
    start(aws)
    second = running(aws)
    assert second["InstanceType"] != first
    assert second["InstanceLifecycle"] == "spot"


@pytest.mark.parametrize(("percent", "lucky"), [(None, False), (999999, True)])
def test_price_protection_narrows_what_on_demand_falls_back_to(
    aws: Aws, percent: int | None, lucky: bool
) -> None:
    aws.template()
    limit = {} if percent is None else {"OnDemandMaxPricePercentageOverLowestPrice": percent}
    wanted = {**GPU, **limit, "AllowedInstanceTypes": ["g6.xlarge", "g6e.xlarge"]}
    words = policy({"InstanceRequirements": wanted}, on_demand=100)
    aws.sandbox.capacity.take("g6.xlarge", "*", "on-demand")
    aws.group(DesiredCapacity=1, MixedInstancesPolicy=words)
    types = [member["InstanceType"] for member in aws.described()["Instances"]]
    assert types == (["g6e.xlarge"] if lucky else [])


def test_spot_has_no_such_limit_unless_it_is_given_one(aws: Aws) -> None:
    aws.template()
    aws.sandbox.capacity.take("g6.xlarge")
    wanted = {**GPU, "AllowedInstanceTypes": ["g6.xlarge", "g6e.xlarge"]}
    aws.group(
        "free", DesiredCapacity=1, MixedInstancesPolicy=policy({"InstanceRequirements": wanted})
    )
    assert len(aws.described("free")["Instances"]) == 1
    for name in (
        "SpotMaxPricePercentageOverLowestPrice",
        "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice",
    ):
        words = policy({"InstanceRequirements": {**wanted, name: 40}})
        aws.group(name, DesiredCapacity=1, MixedInstancesPolicy=words)
        assert aws.described(name)["Instances"] == []


def test_on_demand_can_be_short_too(aws: Aws) -> None:
    aws.template()
    aws.group(MixedInstancesPolicy=policy(on_demand=100))
    aws.sandbox.capacity.take("g*", "us-east-1?", "on-demand")
    aws.sandbox.capacity.take("p*", "us-east-1?", "on-demand")
    start(aws)
    assert activities(aws)[0]["StatusMessage"].startswith("Could not launch On-Demand Instances.")


def test_a_type_that_no_zone_offers(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1, MixedInstancesPolicy=policy({"InstanceType": "zz.large"}))
    assert "InvalidFleetConfiguration" in activities(aws)[0]["StatusMessage"]


@pytest.mark.parametrize("end", ["terminate_instances", "stop_instances"])
def test_an_instance_that_ends_is_replaced(aws: Aws, end: str) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    first = running(aws)["InstanceId"]
    getattr(aws.ec2, end)(InstanceIds=[first])
    assert running(aws)["InstanceId"] != first
    old = aws.ec2.describe_instances(InstanceIds=[first])["Reservations"][0]["Instances"][0]
    assert old["State"]["Name"] == "terminated"


def test_an_instance_can_be_ended_for_good(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    ended = aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=running(aws)["InstanceId"], ShouldDecrementDesiredCapacity=True
    )
    assert "user request" in ended["Activity"]["Cause"]
    group = aws.described()
    assert (group["DesiredCapacity"], group["Instances"]) == (0, [])


@pytest.mark.parametrize("protected", [False, True])
def test_a_change_of_the_split_replaces_what_runs(aws: Aws, protected: bool) -> None:
    aws.template()
    aws.group(
        DesiredCapacity=1,
        MixedInstancesPolicy=policy(on_demand=100),
        NewInstancesProtectedFromScaleIn=protected,
    )
    first = running(aws)["InstanceId"]
    update = aws.autoscaling.update_auto_scaling_group
    update(AutoScalingGroupName="acme-alice", MixedInstancesPolicy=policy(on_demand=100))
    assert running(aws)["InstanceId"] == first
    update(AutoScalingGroupName="acme-alice", MixedInstancesPolicy=policy(on_demand=0))
    assert (running(aws)["InstanceId"] == first) == protected
    assert (running(aws).get("InstanceLifecycle") == "spot") != protected


def test_nothing_is_launched_while_that_is_suspended(aws: Aws) -> None:
    aws.template()
    aws.group()
    aws.autoscaling.suspend_processes(**SUSPENDED)
    start(aws)
    assert aws.described()["Instances"] == []
    aws.autoscaling.resume_processes(**SUSPENDED)
    assert len(aws.described()["Instances"]) == 1


def test_a_protected_instance_outlives_a_scale_in(aws: Aws) -> None:
    aws.template()
    aws.group(DesiredCapacity=1)
    aws.autoscaling.set_instance_protection(
        AutoScalingGroupName="acme-alice",
        InstanceIds=[running(aws)["InstanceId"]],
        ProtectedFromScaleIn=True,
    )
    start(aws, desired=0)
    assert len(aws.described()["Instances"]) == 1


def test_run_instances_reads_its_template(aws: Aws) -> None:
    template = aws.template(InstanceType="g5.xlarge", MetadataOptions={"HttpTokens": "required"})
    (instance,) = aws.ec2.run_instances(
        LaunchTemplate={"LaunchTemplateId": template}, MinCount=1, MaxCount=1
    )["Instances"]
    assert instance["InstanceType"] == "g5.xlarge"
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    with refused("InvalidAMIID.NotFound"):
        aws.ec2.run_instances(ImageId="ami-00000000000000000", MinCount=1, MaxCount=1)
