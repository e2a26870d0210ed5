"""What somebody may change by hand in each managed thing, short of deleting it."""

from __future__ import annotations

import json
from contextlib import suppress

from reconciler.errors import AwsError
from tests.strict.manual_edits import Hand, owned_records, records
from tests.strict.world import StrictWorld


def tag_file_system(world: StrictWorld) -> bool:
    """A tag that the YAML does not know."""
    for system in owned_records(world.aws, "fsx", "systems").values():
        arn = system["Fields"]["ResourceARN"]
        tags = [{"Key": "Color", "Value": "red"}]
        world.hand("fsx", "tag_resource", ResourceARN=arn, Tags=tags)
    return True


def move_efs(world: StrictWorld) -> bool:
    """Other tags, no lifecycle, and the group of all workstations on every mount target."""
    for made in owned_records(world.aws, "efs", "systems"):
        tags = [{"Key": "Color", "Value": "red"}]
        world.hand("efs", "tag_resource", ResourceId=made, Tags=tags)
        with suppress(AwsError):  # while it is being created
            world.hand(
                "efs", "put_lifecycle_configuration", FileSystemId=made, LifecyclePolicies=[]
            )
    for made, target in records(world.aws, "efs", "targets").items():
        world.hand(
            "efs",
            "modify_mount_target_security_groups",
            MountTargetId=made,
            SecurityGroups=[
                *target["Groups"],
                *sorted(owned_records(world.aws, "ec2", "groups"))[:1],
            ][:5],
        )
    return True


def tag_template(world: StrictWorld) -> bool:
    """Name another owner in the tags of a template."""
    for made in owned_records(world.aws, "ec2", "templates"):
        tags = [{"Key": "reconciler:owner", "Value": "mallory"}]
        world.hand("ec2", "create_tags", Resources=[made], Tags=tags)
    return True


def other_version(world: StrictWorld) -> bool:
    """A newer version with another image."""
    for made in owned_records(world.aws, "ec2", "templates"):
        data = {"ImageId": "ami-0123456789abcdef0", "KeyName": f"mine-{world.aws.calls}"}
        world.hand(
            "ec2", "create_launch_template_version", LaunchTemplateId=made, LaunchTemplateData=data
        )
    return True


def higher_limit(world: StrictWorld) -> bool:
    """Room for a second instance."""
    return _group(world, MaxSize=2)


def other_settings(world: StrictWorld) -> bool:
    """Capacity rebalancing, which would end what runs."""
    return _group(world, CapacityRebalance=True, HealthCheckGracePeriod=0)


def _group(world: StrictWorld, **settings: object) -> bool:
    for name in owned_records(world.aws, "autoscaling", "groups"):
        world.hand(
            "autoscaling", "update_auto_scaling_group", AutoScalingGroupName=name, **settings
        )
    return True


def resume(world: StrictWorld) -> bool:
    """Resume the rebalancing of zones."""
    for name in owned_records(world.aws, "autoscaling", "groups"):
        world.hand(
            "autoscaling",
            "resume_processes",
            AutoScalingGroupName=name,
            ScalingProcesses=["AZRebalance"],
        )
    return True


def open_ports(world: StrictWorld) -> bool:
    """Open SSH to the world."""
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    for made in owned_records(world.aws, "ec2", "groups"):
        with suppress(AwsError):
            world.hand(
                "ec2",
                "authorize_security_group_ingress",
                GroupId=made,
                IpPermissions=[{**permission, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
            )
    return True


def topic_policy(world: StrictWorld) -> bool:
    """Let everybody publish to the topic."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    for arn in owned_records(world.aws, "sns", "topics"):
        attribute = {"AttributeName": "Policy", "AttributeValue": policy}
        world.hand("sns", "set_topic_attributes", TopicArn=arn, **attribute)
    return True


def open_queues(world: StrictWorld) -> bool:
    """Everybody may send, and what fails comes again for ever."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    for name in owned_records(world.aws, "sqs", "queues"):
        url = f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}"
        changed = {"Policy": policy, "RedrivePolicy": "", "VisibilityTimeout": "1"}
        world.hand("sqs", "set_queue_attributes", QueueUrl=url, Attributes=changed)
    return True


def silence(world: StrictWorld) -> bool:
    """The rule off, without the description that says whose it is, and one more target."""
    for name, found in owned_records(world.aws, "events", "rules").items():
        pattern = found["Rule"]["EventPattern"]
        world.hand("events", "put_rule", Name=name, EventPattern=pattern, State="DISABLED")
        target = {"Id": "mine", "Arn": "arn:aws:sns:us-east-1:123456789012:mine"}
        world.hand("events", "put_targets", Rule=name, Targets=[target])
    return True


def move_schedules(world: StrictWorld) -> bool:
    """Every schedule at another hour, and off."""
    for key, found in records(world.aws, "scheduler", "schedules").items():
        if key.startswith("acme/"):
            dates = ("Arn", "CreationDate", "LastModificationDate")
            body = {name: value for name, value in found.items() if name not in dates}
            edit = {"ScheduleExpression": "cron(0 3 * * ? *)", "State": "DISABLED"}
            world.hand("scheduler", "update_schedule", **{**body, **edit})
    return True


EDITS: dict[str, Hand] = {
    hand.__name__: hand
    for hand in (
        higher_limit,
        move_efs,
        move_schedules,
        open_ports,
        open_queues,
        other_settings,
        other_version,
        resume,
        silence,
        tag_file_system,
        tag_template,
        topic_policy,
    )
}
