"""What others have in the same account: some of it bears names like ours."""

from __future__ import annotations

from tests.strict.world import StrictWorld

OTHERS = [{"Key": "reconciler:site", "Value": "globex"}]


def plant(world: StrictWorld) -> None:
    """Things without our tag, next to ours."""
    hand = world.hand
    group = hand(
        "ec2",
        "create_security_group",
        GroupName="globex-lustre",
        VpcId="vpc-0905e0a11de500001",
        Description="theirs",
    )["GroupId"]
    own = {"FromPort": 988, "ToPort": 1023, "UserIdGroupPairs": [{"GroupId": group}]}
    hand(
        "ec2",
        "authorize_security_group_ingress",
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", **own}],
    )
    for number, tags in enumerate(([], OTHERS)):
        hand(
            "fsx",
            "create_file_system",
            ClientRequestToken=f"theirs-{number}",
            FileSystemType="LUSTRE",
            StorageCapacity=1200,
            SubnetIds=["subnet-0905e0a11de500000"],
            SecurityGroupIds=[group],
            LustreConfiguration={"DeploymentType": "SCRATCH_2"},
            **({"Tags": tags} if tags else {}),
        )
    template = hand(
        "ec2",
        "create_launch_template",
        LaunchTemplateName="acme-visitor",
        LaunchTemplateData={"ImageId": "ami-0905e0a11de500001"},
    )["LaunchTemplate"]["LaunchTemplateId"]
    hand(
        "autoscaling",
        "create_auto_scaling_group",
        AutoScalingGroupName="acme-visitor",
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
                "Overrides": [{"InstanceType": "g6.xlarge"}],
            }
        },
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier="subnet-0905e0a11de500000",
    )
    hand("events", "put_rule", Name="acme-events-theirs", EventPattern='{"source":["aws.ec2"]}')
    hand("sns", "create_topic", Name="acme-events-theirs")
    hand("sqs", "create_queue", QueueName="acme-events-loop", Attributes={"DelaySeconds": "7"})
    hand("scheduler", "create_schedule_group", Name="default")
    hand(
        "scheduler",
        "create_schedule",
        Name="alice-start-0badcafe",
        GroupName="default",
        ScheduleExpression="rate(1 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:sns:us-east-1:123456789012:x", "RoleArn": "arn:aws:iam::1:role/x"},
    )
    hand("ec2", "create_volume", AvailabilityZone="us-east-1a", Size=10)
    world.aws.rest(600)
