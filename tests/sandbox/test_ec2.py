from __future__ import annotations

import pytest

from tests.sandbox.helpers import IMAGE, Aws, refused


def test_networks_are_paged(aws: Aws) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    in_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    for number in range(7):
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.99.{number}.0/24")
        group = aws.ec2.create_security_group(VpcId=vpc, GroupName=f"g{number}", Description="d")
        subnet = aws.ec2.describe_subnets(Filters=in_vpc)["Subnets"][0]["SubnetId"]
        aws.ec2.create_network_interface(SubnetId=subnet, Groups=[group["GroupId"]])
    for call, member in (
        ("describe_subnets", "Subnets"),
        ("describe_security_groups", "SecurityGroups"),
        ("describe_network_interfaces", "NetworkInterfaces"),
    ):
        pages = aws.ec2.get_paginator(call).paginate(
            Filters=in_vpc, PaginationConfig={"PageSize": 5}
        )
        sizes = [len(page[member]) for page in pages]
        assert sizes[0] == 5
        assert sum(sizes) in (7, 8)  # a VPC has a group of its own
    rules = aws.ec2.get_paginator("describe_security_group_rules").paginate(
        PaginationConfig={"PageSize": 5}
    )
    assert max(len(page["SecurityGroupRules"]) for page in rules) == 5


@pytest.fixture
def group(aws: Aws) -> str:
    vpcs = aws.ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["sandbox"]}])["Vpcs"]
    made = aws.ec2.create_security_group(
        VpcId=vpcs[0]["VpcId"],
        GroupName="acme-workstations",
        Description="d",
        TagSpecifications=[
            {"ResourceType": "security-group", "Tags": [{"Key": "site", "Value": "acme"}]}
        ],
    )
    return str(made["GroupId"])


def test_security_groups(aws: Aws, group: str) -> None:
    (shown,) = aws.ec2.describe_security_groups(Filters=[{"Name": "tag:site", "Values": ["acme"]}])[
        "SecurityGroups"
    ]
    assert shown["GroupId"] == group
    with refused("InvalidGroup.Duplicate"):
        aws.ec2.create_security_group(
            VpcId=shown["VpcId"], GroupName="acme-workstations", Description="d"
        )
    with refused("InvalidGroup.NotFound"):
        aws.ec2.describe_security_groups(GroupIds=["sg-00000000000000000"])


def test_every_rule_made_is_answered(aws: Aws, group: str) -> None:
    permissions = [
        {
            "IpProtocol": "tcp",
            "FromPort": low,
            "ToPort": high,
            "UserIdGroupPairs": [{"GroupId": group, "Description": "lustre"}],
        }
        for low, high in ((988, 988), (1018, 1023))
    ]
    answer = aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    assert {rule["FromPort"] for rule in answer["SecurityGroupRules"]} == {988, 1018}
    with refused("InvalidPermission.Duplicate"):
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    rules = aws.ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )["SecurityGroupRules"]
    assert len([rule for rule in rules if not rule["IsEgress"]]) == 2
    aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=permissions)
    with refused("InvalidPermission.NotFound"):
        aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=permissions)


def test_a_group_that_an_instance_has_stays(aws: Aws, group: str) -> None:
    (instance,) = aws.ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="g5.xlarge",
        SubnetId=aws.subnets()[0],
        SecurityGroupIds=[group],
        MinCount=1,
        MaxCount=1,
    )["Instances"]
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=group)
    aws.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    aws.ec2.delete_security_group(GroupId=group)


def test_a_dry_run_makes_no_subnet(aws: Aws) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    with refused("DryRunOperation"):
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.0.0/24", DryRun=True)
    in_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    assert aws.ec2.describe_subnets(Filters=in_vpc)["Subnets"] == []
    with refused("InvalidSubnetID.NotFound"):
        aws.ec2.describe_subnets(SubnetIds=["subnet-00000000000000000"])


def test_what_is_not_there_is_not_tagged(aws: Aws) -> None:
    with refused("InvalidInstanceID.NotFound"):
        aws.ec2.create_tags(Resources=["i-00000000000000000"], Tags=[{"Key": "a", "Value": "b"}])
    with refused("InvalidParameterValue", "aws:"):
        aws.ec2.create_tags(Resources=[aws.subnets()[0]], Tags=[{"Key": "aws:name", "Value": "b"}])


def test_a_command_goes_to_the_instance_it_names(aws: Aws) -> None:
    made = aws.ec2.run_instances(ImageId=IMAGE, InstanceType="g5.xlarge", MinCount=3, MaxCount=3)
    ids = [instance["InstanceId"] for instance in made["Instances"]]
    words = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
    sent = aws.client("ssm").send_command(InstanceIds=ids[:1], **words)["Command"]
    assert sent["InstanceIds"] == ids[:1]
    aws.ec2.terminate_instances(InstanceIds=ids[:1])
    with refused("InvalidInstanceId"):
        aws.client("ssm").send_command(InstanceIds=ids[:1], **words)


def test_instances_are_paged(aws: Aws) -> None:
    for _ in range(3):
        aws.ec2.run_instances(ImageId=IMAGE, InstanceType="g5.xlarge", MinCount=1, MaxCount=1)
    pages = aws.ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["Reservations"]) for page in pages] == [2, 1]
    with refused("InvalidInstanceID.NotFound"):
        aws.ec2.describe_instances(InstanceIds=["i-00000000000000000"])
