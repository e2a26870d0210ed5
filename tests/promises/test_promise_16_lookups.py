"""Promise 16 where a lookup fails: that field of what stands stays, and everything else goes on."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.cli.terminal import exit_codes
from reconciler.plan.model import Outcome, Report
from tests.kinds.world import rows
from tests.promises.conftest import FleetWorld, MakeWorld, client, group, schedules
from tests.promises.fleets import HOURS, plain

FINE = plain("amy", "max", schedule=HOURS)


def drift() -> None:
    """Somebody's hand on max: a tag, and one schedule less."""
    tag = {"ResourceId": "acme-max", "ResourceType": "auto-scaling-group", "Key": "Name"}
    client("autoscaling").create_or_update_tags(
        Tags=[{**tag, "Value": "theirs", "PropagateAtLaunch": True}]
    )
    found = client("scheduler").list_schedules(GroupName="acme", NamePrefix="max-stop")
    client("scheduler").delete_schedule(GroupName="acme", Name=found["Schedules"][0]["Name"])


def healed() -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in group("acme-max")["Tags"]}
    return tags["Name"] == "acme-max" and "max-stop" in schedules()


def images() -> set[str]:
    """What the newest templates launch."""
    found = client("ec2").describe_launch_template_versions(Versions=["$Latest"])
    return {each["LaunchTemplateData"]["ImageId"] for each in found["LaunchTemplateVersions"]}


def blocked(report: Report) -> dict[str, str]:
    return {
        change.workstation: change.reason
        for change in report.plan.changes
        if change.outcome is Outcome.BLOCKED
    }


@pytest.fixture
def world(make_world: MakeWorld) -> FleetWorld:
    made = make_world(FINE)
    made.settle()
    return made


@pytest.mark.parametrize("text", ["hunter2", "*", "ami-00000000000000000"])
def test_a_parameter_of_another_text_holds_up_no_hours_and_no_tags(
    world: FleetWorld, text: str
) -> None:
    before = images()
    client("ssm").put_parameter(Name="/golden/gpu-desktop", Value=text, Overwrite=True)
    drift()
    world.declare(plain("amy", "max", "new", schedule=HOURS))
    report = world.run()
    assert healed(), rows(report)
    assert images() == before, "its image stays as it is"
    assert set(blocked(report)) == {"amy", "max", "new"}, "and each row says so"
    assert group("acme-new") == {}, "nothing is created without an image"
    assert exit_codes.of_report(report) == exit_codes.FAILED
    assert set(blocked(world.look())) == {"amy", "max", "new"}
    assert len(world.look().plan.changes) == 3, "promise 2"


def test_a_version_that_somebody_wrote_meanwhile_is_not_handed_to_the_group(
    world: FleetWorld,
) -> None:
    """Nobody can tell whose image it has."""
    client("ec2").create_launch_template_version(
        LaunchTemplateName="acme-max",
        SourceVersion="1",
        LaunchTemplateData={"ImageId": "ami-0bad0bad0bad0bad0"},
    )
    client("ssm").put_parameter(Name="/golden/gpu-desktop", Value="*", Overwrite=True)
    world.run()
    policy = group("acme-max")["MixedInstancesPolicy"]["LaunchTemplate"]
    assert policy["LaunchTemplateSpecification"]["Version"] == "1"


def test_a_profile_and_a_role_that_are_gone_hold_up_nothing_else(world: FleetWorld) -> None:
    drift()
    world.declare(plain("amy", "max", schedule=HOURS, instance_profile="gone"))
    assert "profile gone does not exist" in blocked(world.run())["max"]
    assert healed()
    world.declare(plain("amy", "max", schedule=HOURS, scheduler_role="gone"))
    before = schedules()
    assert "role gone does not exist" in blocked(world.run())["max"]
    assert schedules() == before, "those that stand stay"


def another_vpc() -> str:
    """Of somebody who tags by the usual convention."""
    ec2: Any = client("ec2")
    vpc: str = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    for number, zone in enumerate(("us-east-1a", "us-east-1b", "us-east-1c")):
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.99.{number}.0/24",
            AvailabilityZone=zone,
            TagSpecifications=[
                {"ResourceType": "subnet", "Tags": [{"Key": "Tier", "Value": "private"}]}
            ],
        )
    return vpc


def test_what_stands_stays_in_its_vpc_and_a_new_one_waits_until_the_yaml_names_one(
    world: FleetWorld,
) -> None:
    other_vpc = another_vpc()
    drift()
    world.declare(plain("amy", "max", "new", schedule=HOURS))
    report = world.run()
    assert healed(), rows(report)
    assert set(blocked(report)) == {"new"}
    assert other_vpc in blocked(report)["new"]
    assert len([f for f in report.findings if f.code == "several-vpcs"]) == 2
    [vpc] = {
        each["VpcId"] for each in client("ec2").describe_subnets()["Subnets"]
        if each["SubnetId"] in group("acme-amy")["VPCZoneIdentifier"]
    }  # fmt: skip
    network = {"network": {"subnets": {"tags": {"Tier": "private"}}, "vpc": vpc}}
    world.declare(plain("amy", "max", "new", schedule=HOURS, **network))
    report = world.run()
    assert blocked(report) == {}
    assert group("acme-new") != {}
    assert not [f for f in report.findings if f.code == "several-vpcs"]
