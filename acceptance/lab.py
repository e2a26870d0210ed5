"""What probes are made with: groups and machines of their own, which end with the probe."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import botocore.exceptions

from acceptance import SITE, bootstrap
from acceptance.answer import NotRun
from acceptance.stage import Stage

BOOT_SECONDS = 600
AGENT_SECONDS = 300
COMMAND_SECONDS = 600
TYPES = ("t3.micro", "t3a.micro")
SET_DESIRED_CAPACITY = "arn:{partition}:scheduler:::aws-sdk:autoscaling:setDesiredCapacity"


def need(stage: Stage, fact: str) -> Any:
    """What an earlier step made.

    Raises: NotRun when it did not.
    """
    if fact not in stage.facts:
        raise NotRun(f"no step made the {fact}")
    return stage.facts[fact]


@contextmanager
def template(stage: Stage, name: str, **data: Any) -> Iterator[str]:
    """A launch template of an Amazon Linux image; its id."""
    ec2 = stage.client("ec2")
    made = ec2.create_launch_template(
        LaunchTemplateName=f"{SITE}-{name}",
        LaunchTemplateData={"ImageId": need(stage, "image"), **data},
        TagSpecifications=bootstrap.tagged("launch-template"),
    )["LaunchTemplate"]["LaunchTemplateId"]
    try:
        yield str(made)
    finally:
        ec2.delete_launch_template(LaunchTemplateId=made)


def policy(template_id: str, share: int, **distribution: Any) -> dict[str, Any]:
    """A mixed instances policy; `share` is the percentage of On-Demand."""
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template_id, "Version": "1"},
            "Overrides": [{"InstanceType": each} for each in TYPES],
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": share,
            "OnDemandAllocationStrategy": "lowest-price",
            "SpotAllocationStrategy": "price-capacity-optimized",
            "SpotMaxPrice": "",
            **distribution,
        },
    }


@contextmanager
def group(
    stage: Stage, name: str, mixed: dict[str, Any], subnets: list[str], **sizes: int
) -> Iterator[str]:
    """An Auto Scaling group of at most one instance; its name."""
    autoscaling, whole = stage.client("autoscaling"), f"{SITE}-{name}"
    tag = {"ResourceId": whole, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=whole,
        VPCZoneIdentifier=",".join(subnets),
        MixedInstancesPolicy=mixed,
        Tags=[tag | each for each in bootstrap.TAGS],
        **({"MinSize": 0, "MaxSize": 1} | sizes),
    )
    try:
        yield whole
    finally:
        autoscaling.delete_auto_scaling_group(AutoScalingGroupName=whole, ForceDelete=True)


@contextmanager
def plain_group(
    stage: Stage,
    name: str,
    *,
    share: int = 100,
    subnets: list[str] | None = None,
    data: Mapping[str, Any] | None = None,
    **sizes: int,
) -> Iterator[str]:
    """A group over a template of its own, both of this name; the group's name.

    `share` is the percentage of On-Demand, `data` is more for the template; without `subnets` it is
    in the private ones.
    """
    with (
        template(stage, name, **(data or {})) as made,
        group(
            stage, name, policy(made, share), subnets or need(stage, "private"), **sizes
        ) as whole,
    ):
        yield whole


def see(stage: Stage, name: str) -> dict[str, Any]:
    """The group as AWS tells it."""
    autoscaling = stage.client("autoscaling")
    answer = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    found: dict[str, Any] = answer["AutoScalingGroups"][0]
    return found


def instances(stage: Stage, name: str) -> dict[str, str]:
    """Instances of a group, and the state that each is in."""
    return {each["InstanceId"]: each["LifecycleState"] for each in see(stage, name)["Instances"]}


def started(stage: Stage, name: str) -> str:
    """Ask for one instance, and wait until it is in service; its id."""
    stage.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)

    def ready() -> str | None:
        found = instances(stage, name).items()
        return next((each for each, state in found if state == "InService"), None)

    return stage.wait("an instance in service", ready, BOOT_SECONDS)


def ended(stage: Stage, running: dict[str, str], at_most: float) -> dict[str, int | None]:
    """By group, the seconds until its instance was not alone and in service; None: it stayed."""
    begun, seconds = stage.now(), dict[str, int | None].fromkeys(running)

    def all_ended() -> bool:
        for name, instance in running.items():
            if seconds[name] is None and instances(stage, name) != {instance: "InService"}:
                seconds[name] = int((stage.now() - begun).total_seconds())
        return None not in seconds.values()

    stage.happens(all_ended, at_most, every=120)
    return seconds


def failure(stage: Stage, name: str, at_most: float = 300) -> dict[str, str]:
    """Ask for one instance, and wait for a launch that fails: its text."""
    autoscaling = stage.client("autoscaling")
    autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)

    def failed() -> dict[str, str] | None:
        answer = autoscaling.describe_scaling_activities(AutoScalingGroupName=name)
        for each in answer["Activities"]:
            if each["StatusCode"] in ("Failed", "Cancelled"):
                return {
                    "StatusCode": each["StatusCode"],
                    "StatusMessage": each.get("StatusMessage", ""),
                    "Description": each.get("Description", ""),
                }
        return None

    return stage.wait("a failed launch", failed, at_most)


@contextmanager
def scheduling(stage: Stage, name: str) -> Iterator[tuple[str, str]]:
    """A schedule group, and the ARN of a role whose schedules may set capacities."""
    scheduler, whole = stage.client("scheduler"), f"{SITE}-{name}"
    scheduler.create_schedule_group(Name=whole, Tags=bootstrap.TAGS)
    try:
        rights = bootstrap.allow("autoscaling:SetDesiredCapacity", "sqs:SendMessage")
        trust = bootstrap.service_trust("scheduler.amazonaws.com")
        yield whole, bootstrap.make_role(stage, name, trust, rights)
    finally:
        scheduler.delete_schedule_group(Name=whole)


def schedule(
    stage: Stage, place: tuple[str, str], name: str, expression: str, group: str, **more: Any
) -> dict[str, Any]:
    """Parameters of CreateSchedule that set a group's capacity to 0; `more` replaces parts."""
    target = {
        "Arn": SET_DESIRED_CAPACITY.format(partition=stage.account.partition),
        "RoleArn": place[1],
        "Input": json.dumps({"AutoScalingGroupName": group, "DesiredCapacity": 0}),
        **more.pop("target", {}),
    }
    return {
        "GroupName": place[0],
        "Name": name,
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
        **more,
    }


def create_schedule(stage: Stage, parameters: dict[str, Any]) -> None:
    """CreateSchedule. A role that was made a moment ago is not known everywhere yet."""

    def made() -> bool | None:
        try:
            stage.client("scheduler").create_schedule(**parameters)
        except botocore.exceptions.ClientError as error:
            if "assume the role" in str(error):
                return None
            raise
        return True

    stage.wait("the role of a schedule", made, 120, 10)


def at(moment: datetime, ahead: timedelta = timedelta()) -> str:
    """`at(…)` of Scheduler."""
    return f"at({moment + ahead:%Y-%m-%dT%H:%M:%S})"


@contextmanager
def queue(stage: Stage, name: str) -> Iterator[tuple[str, str]]:
    """A queue: its URL and ARN."""
    sqs = stage.client("sqs")
    url = sqs.create_queue(QueueName=f"{SITE}-{name}")["QueueUrl"]
    try:
        names = ["QueueArn"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]["QueueArn"]
        yield url, arn
    finally:
        sqs.delete_queue(QueueUrl=url)


def received(stage: Stage, url: str) -> list[dict[str, Any]]:
    """Up to ten messages, with all their attributes."""
    answer = stage.client("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
        VisibilityTimeout=0,
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


@contextmanager
def machine(
    stage: Stage, name: str, profile: str = f"{SITE}-instance", **tags: str
) -> Iterator[str]:
    """A t3.micro that Session Manager reaches; its id."""
    ec2 = stage.client("ec2")
    made = ec2.run_instances(
        ImageId=need(stage, "image"),
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=need(stage, "public"),
        IamInstanceProfile={"Name": profile},
        TagSpecifications=bootstrap.tagged("instance", ("probe", name), *tags.items()),
    )["Instances"][0]["InstanceId"]
    try:
        reachable(stage, made)
        yield str(made)
    finally:
        ec2.terminate_instances(InstanceIds=[made])


def reachable(stage: Stage, instance: str) -> None:
    """Wait for its agent."""

    def online() -> bool | None:
        answer = stage.client("ssm").describe_instance_information(
            Filters=[{"Key": "InstanceIds", "Values": [instance]}]
        )
        return any(e["PingStatus"] == "Online" for e in answer["InstanceInformationList"]) or None

    stage.wait("the agent of Session Manager", online, AGENT_SECONDS)


def shell(stage: Stage, instance: str, *lines: str) -> dict[str, str]:
    """Run lines on a machine: how they ended, and what they printed.

    Raises: NotRun on an emulator, which would only say that they ran.
    """
    if stage.backend.emulated:
        raise NotRun(f"{stage.backend.name} runs no command on a machine")
    ssm = stage.client("ssm")
    sent = ssm.send_command(
        InstanceIds=[instance],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": list(lines)},
    )["Command"]["CommandId"]

    def done() -> dict[str, str] | None:
        try:
            invocation = ssm.get_command_invocation(CommandId=sent, InstanceId=instance)
        except ssm.exceptions.InvocationDoesNotExist:
            return None
        if invocation["Status"] in ("Pending", "InProgress", "Delayed"):
            return None
        return {
            "status": invocation["Status"],
            "out": invocation["StandardOutputContent"],
            "err": invocation["StandardErrorContent"],
        }

    return stage.wait("the end of a command", done, COMMAND_SECONDS, 5)
