from __future__ import annotations

import json

import pytest

from reconciler import __version__
from reconciler.declare.layers import IMAGE, ROOT
from reconciler.declare.units import gib
from tests.sandbox.helpers import Aws, refused


def test_who_we_are(aws: Aws) -> None:
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_each_region_has_a_network(aws: Aws, region: str) -> None:
    ec2 = aws.client("ec2", region)
    named = [{"Name": "tag:Name", "Values": ["sandbox"]}]
    (vpc,) = ec2.describe_vpcs(Filters=named)["Vpcs"]
    assert vpc["CidrBlock"] == "10.20.0.0/16"
    in_vpc = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    subnets = ec2.describe_subnets(Filters=in_vpc)["Subnets"]
    shape = sorted(
        (tag["Value"], subnet["AvailabilityZone"][-1], subnet["CidrBlock"][-3:])
        for subnet in subnets
        for tag in subnet["Tags"]
        if tag["Key"] == "Tier"
    )
    private = [("private", zone, "/20") for zone in "abc"]
    assert shape == [*private, ("public", "a", "/20")]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_the_golden_image_is_behind_its_parameter(aws: Aws, region: str) -> None:
    ssm, ec2 = aws.client("ssm", region), aws.client("ec2", region)
    found = ssm.get_parameters(Names=["/golden/gpu-desktop", "/golden/none"])
    assert found["InvalidParameters"] == ["/golden/none"]
    image_id = found["Parameters"][0]["Value"]
    (image,) = ec2.describe_images(ImageIds=[image_id])["Images"]
    assert image["Architecture"] == "x86_64"
    assert image["RootDeviceName"] == "/dev/sda1"
    assert image["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 30
    assert image["Tags"] == [
        {"Key": "Name", "Value": "golden-gpu-desktop-2026.11.1"},
        {"Key": "reconciler:agent", "Value": __version__},
    ]
    named = [{"Name": "name", "Values": ["golden-*"]}]
    (own,) = ec2.describe_images(Owners=["self"], Filters=named)["Images"]
    assert own["ImageId"] == image_id


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_the_image_of_aws_is_behind_the_built_in_parameter(aws: Aws, region: str) -> None:
    ssm, ec2 = aws.client("ssm", region), aws.client("ec2", region)
    [found] = ssm.get_parameters(Names=[IMAGE["ssm_parameter"]])["Parameters"]
    (image,) = ec2.describe_images(
        Filters=[{"Name": "image-id", "Values": [found["Value"]]}], IncludeDeprecated=True
    )["Images"]
    assert (image["ImageOwnerAlias"], image["Public"], image.get("Tags", [])) == (
        "amazon",
        True,
        [],
    )
    size = image["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"]
    assert 30 < size <= gib(ROOT["size"]), "the built-in root disk is large enough"


def test_an_unknown_image_beside_a_known_one_is_an_error(aws: Aws) -> None:
    known = aws.ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    with refused("InvalidAMIID.NotFound"):
        aws.ec2.describe_images(ImageIds=[known, "ami-00000000000000000"])


def test_the_public_images_are_those_that_parameters_name(aws: Aws) -> None:
    images = aws.ec2.describe_images(Owners=["amazon"])["Images"]
    assert 0 < len(images) < 50
    path = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    named = aws.client("ssm").get_parameters(Names=[path])["Parameters"][0]["Value"]
    assert named in {image["ImageId"] for image in images}


def test_the_roles_are_there(aws: Aws) -> None:
    iam = aws.client("iam")
    profile = iam.get_instance_profile(InstanceProfileName="workstation")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["workstation"]
    role = iam.get_role(RoleName="acme-ws-alice")["Role"]
    assert role["Tags"] == [{"Key": "reconciler:workstation", "Value": "alice"}]
    role = iam.get_role(RoleName="workstation-scheduler")["Role"]
    assert "scheduler.amazonaws.com" in json.dumps(role["AssumeRolePolicyDocument"])
    names = iam.list_role_policies(RoleName="workstation-scheduler")["PolicyNames"]
    policy = iam.get_role_policy(RoleName="workstation-scheduler", PolicyName=names[0])
    assert "autoscaling:SetDesiredCapacity" in json.dumps(policy["PolicyDocument"])


def test_reset_forgets_all_and_seeds_again(aws: Aws) -> None:
    aws.template()
    aws.group()
    aws.scheduler.create_schedule_group(Name="acme")
    before = aws.subnets()
    aws.sandbox.reset()
    assert aws.ec2.describe_launch_templates()["LaunchTemplates"] == []
    assert aws.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert [g["Name"] for g in aws.scheduler.list_schedule_groups()["ScheduleGroups"]] == [
        "default"
    ]
    assert len(aws.subnets()) == len(before) == 3
