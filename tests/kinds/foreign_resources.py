"""Foreign namesakes: somebody else's things that bear the names we would use.

Each function makes one and returns a function that tells how it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.kinds.world import client

ReadBack = Callable[[], Any]


def _private_subnet() -> dict[str, Any]:
    tags = [{"Name": "tag:Tier", "Values": ["private"]}]
    found: dict[str, Any] = client("ec2").describe_subnets(Filters=tags)["Subnets"][0]
    return found


def _body(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def security_group() -> ReadBack:
    ec2 = client("ec2")
    group = ec2.create_security_group(
        GroupName="acme-workstation", Description="mine", VpcId=_private_subnet()["VpcId"]
    )["GroupId"]
    return lambda: ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]


def file_system() -> ReadBack:
    fsx = client("fsx")
    made = fsx.create_file_system(
        FileSystemType="LUSTRE",
        StorageCapacity=1200,
        SubnetIds=[_private_subnet()["SubnetId"]],
        LustreConfiguration={
            "DeploymentType": "PERSISTENT_2",
            "PerUnitStorageThroughput": 125,
        },
        FileSystemTypeVersion="2.15",
        Tags=[{"Key": "Name", "Value": "acme-alice/home"}],
    )["FileSystem"]["FileSystemId"]
    return lambda: fsx.describe_file_systems(FileSystemIds=[made])["FileSystems"]


def efs_file_system() -> ReadBack:
    """With a mount target and an access point of its own."""
    efs = client("efs")
    tags = [{"Key": "Name", "Value": "acme-carol/home"}]
    made = efs.create_file_system(CreationToken="acme-carol/home", Encrypted=True, Tags=tags)
    named = {"FileSystemId": made["FileSystemId"]}
    efs.create_mount_target(**named, SubnetId=_private_subnet()["SubnetId"])
    efs.create_access_point(ClientToken="acme-carol/home", **named, Tags=tags)
    return lambda: (
        efs.describe_file_systems(**named)["FileSystems"],
        efs.describe_mount_targets(**named)["MountTargets"],
        efs.describe_access_points(**named)["AccessPoints"],
    )


def home_volume() -> ReadBack:
    ec2 = client("ec2")
    volume = ec2.create_volume(
        AvailabilityZone="us-east-1a",
        Size=10,
        VolumeType="gp3",
        TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "acme-bob/home"}]}
        ],
    )["VolumeId"]
    return lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"]


def topic() -> ReadBack:
    sns = client("sns")
    arn = sns.create_topic(Name="acme-events")["TopicArn"]
    return lambda: (
        sns.get_topic_attributes(TopicArn=arn)["Attributes"],
        sns.list_tags_for_resource(ResourceArn=arn)["Tags"],
    )


def subscription() -> ReadBack:
    """Somebody subscribed the address by hand, for everything."""
    sns = client("sns")
    arn = sns.create_topic(Name="acme-events", Tags=[{"Key": "reconciler:site", "Value": "acme"}])[
        "TopicArn"
    ]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="alice@example.com")
    sns.confirm_subscription(TopicArn=arn, Token="alice@example.com")
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="boss@example.com")

    def look() -> Any:
        found = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        (wanted,) = [each for each in found if each["Endpoint"] == "alice@example.com"]
        (foreign,) = [each for each in found if each["Endpoint"] == "boss@example.com"]
        attributes = sns.get_subscription_attributes(SubscriptionArn=wanted["SubscriptionArn"])
        return wanted, foreign, attributes["Attributes"]

    return look


def queue(name: str = "acme-events") -> ReadBack:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
    return lambda: (
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],
        _body(sqs.list_queue_tags(QueueUrl=url)),
    )


def dead_letter_queue() -> ReadBack:
    return queue("acme-events-dead")


def event_rule() -> ReadBack:
    events = client("events")
    events.put_rule(Name="acme-events", EventPattern='{"source": ["mine"]}', State="DISABLED")
    return lambda: (
        _body(events.describe_rule(Name="acme-events")),
        events.list_targets_by_rule(Rule="acme-events")["Targets"],
    )


def launch_template() -> ReadBack:
    ec2 = client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName="acme-alice", LaunchTemplateData={"InstanceType": "t3.micro"}
    )
    return lambda: (
        ec2.describe_launch_templates(LaunchTemplateNames=["acme-alice"])["LaunchTemplates"],
        ec2.describe_launch_template_versions(LaunchTemplateName="acme-alice")[
            "LaunchTemplateVersions"
        ],
    )


def auto_scaling_group() -> ReadBack:
    autoscaling = client("autoscaling")
    client("ec2").create_launch_template(
        LaunchTemplateName="somebody", LaunchTemplateData={"InstanceType": "t3.micro"}
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="acme-alice",
        LaunchTemplate={"LaunchTemplateName": "somebody", "Version": "1"},
        MinSize=0,
        MaxSize=5,
        VPCZoneIdentifier=_private_subnet()["SubnetId"],
    )
    return lambda: autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["acme-alice"])[
        "AutoScalingGroups"
    ]


def schedule_group() -> ReadBack:
    scheduler = client("scheduler")
    scheduler.create_schedule_group(Name="acme")
    return lambda: (
        _body(scheduler.get_schedule_group(Name="acme")),
        scheduler.list_schedules(GroupName="acme")["Schedules"],
    )


def schedule() -> ReadBack:
    """In a foreign group, under exactly our pattern of name."""
    look_at_group = schedule_group()
    client("scheduler").create_schedule(
        GroupName="acme",
        Name="alice-start-0123abcd",
        ScheduleExpression="rate(1 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:autoscaling:setDesiredCapacity",
            "RoleArn": "arn:aws:iam::123456789012:role/mine",
        },
    )
    return look_at_group
