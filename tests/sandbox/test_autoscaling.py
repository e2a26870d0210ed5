from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.helpers import GPU, IMAGE, Aws, policy, refused


@pytest.fixture
def ready(aws: Aws) -> Aws:
    """With the launch template that the groups use."""
    aws.template()
    return aws


def test_a_second_group_of_a_name_is_refused(ready: Aws) -> None:
    ready.group()
    with refused("AlreadyExists"):
        ready.group()


def test_a_group_that_is_not_there(ready: Aws) -> None:
    client, name = ready.autoscaling, "nobody"
    assert (
        client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"] == []
    )
    calls: list[Callable[[], Any]] = [
        lambda: client.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1),
        lambda: client.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=1),
        lambda: client.delete_auto_scaling_group(AutoScalingGroupName=name),
        lambda: client.suspend_processes(AutoScalingGroupName=name),
        lambda: client.describe_scaling_activities(AutoScalingGroupName=name),
        lambda: client.describe_lifecycle_hooks(AutoScalingGroupName=name),
        lambda: client.delete_tags(
            Tags=[{"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": "a"}]
        ),
    ]
    for call in calls:
        with refused("ValidationError", "nobody"):
            call()


def test_pages_and_their_limit(ready: Aws) -> None:
    for number in range(105):
        ready.group(f"group-{number:03}")
    pages = ready.autoscaling.get_paginator("describe_auto_scaling_groups")
    sizes = [
        len(page["AutoScalingGroups"])
        for page in pages.paginate(PaginationConfig={"PageSize": 100})
    ]
    assert sizes == [100, 5]
    with refused("ValidationError", "MaxRecords"):
        ready.autoscaling.describe_auto_scaling_groups(MaxRecords=101)


def test_filters(ready: Aws) -> None:
    tags = [{"Key": "site", "Value": "acme", "PropagateAtLaunch": True}]
    ready.group("one", Tags=tags)
    ready.group("two")

    def names(name: str, *values: str) -> list[str]:
        found = ready.autoscaling.describe_auto_scaling_groups(
            Filters=[{"Name": name, "Values": list(values)}]
        )
        return [group["AutoScalingGroupName"] for group in found["AutoScalingGroups"]]

    assert names("tag:site", "acme") == names("tag-key", "site") == ["one"]
    assert names("tag:site", "other") == []
    with refused("ValidationError"):
        names("size", "1")


def test_tags_change_and_go(ready: Aws) -> None:
    ready.group()
    tag = {
        "ResourceId": "acme-alice",
        "ResourceType": "auto-scaling-group",
        "Key": "note",
        "Value": "R&D <1>",
        "PropagateAtLaunch": False,
    }
    ready.autoscaling.create_or_update_tags(Tags=[tag])
    assert ready.described()["Tags"] == [tag]
    assert ready.autoscaling.describe_tags()["Tags"] == [tag]
    ready.autoscaling.delete_tags(Tags=[tag])
    assert ready.described()["Tags"] == []


def test_an_update_keeps_the_policy(ready: Aws) -> None:
    ready.group()
    before = ready.described()["MixedInstancesPolicy"]
    ready.autoscaling.update_auto_scaling_group(AutoScalingGroupName="acme-alice", MaxSize=3)
    after = ready.described()
    assert after["MixedInstancesPolicy"] == before
    assert after["MaxSize"] == 3


def test_the_policy_comes_back_whole_with_aws_defaults(ready: Aws) -> None:
    wanted: dict[str, Any] = {
        **GPU,
        "AcceleratorNames": ["t4", "a100"],
        "AllowedInstanceTypes": ["g5.*"],
        "OnDemandMaxPricePercentageOverLowestPrice": 999999,
        "BaselinePerformanceFactors": {"Cpu": {"References": [{"InstanceFamily": "m5"}]}},
    }
    sent = policy({"InstanceRequirements": wanted})
    del sent["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"]
    ready.group(MixedInstancesPolicy=sent)
    shown = ready.described()["MixedInstancesPolicy"]
    assert shown["LaunchTemplate"]["Overrides"] == [{"InstanceRequirements": wanted}]
    specification = shown["LaunchTemplate"]["LaunchTemplateSpecification"]
    assert specification["LaunchTemplateName"] == "acme-alice"
    assert specification["LaunchTemplateId"].startswith("lt-")
    assert specification["Version"] == "1"
    assert shown["InstancesDistribution"] == {
        "OnDemandAllocationStrategy": "lowest-price",
        "OnDemandBaseCapacity": 0,
        "OnDemandPercentageAboveBaseCapacity": 100,
        "SpotAllocationStrategy": "price-capacity-optimized",
    }


FIELDS: list[tuple[str, Any, Any]] = [
    ("CapacityRebalance", False, True),
    ("DefaultCooldown", 60, 90),
    ("TerminationPolicies", ["OldestInstance"], ["NewestInstance"]),
    ("MaxInstanceLifetime", 86400, 172800),
    ("DefaultInstanceWarmup", 30, 60),
    ("DeletionProtection", "prevent-force-deletion", "prevent-all-deletion"),
    ("HealthCheckGracePeriod", 600, 900),
    (
        "InstanceMaintenancePolicy",
        {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100},
        {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110},
    ),
    (
        "AvailabilityZoneDistribution",
        {"CapacityDistributionStrategy": "balanced-only"},
        {"CapacityDistributionStrategy": "balanced-best-effort"},
    ),
    ("NewInstancesProtectedFromScaleIn", True, False),
    ("Context", "one", "two"),
    ("DesiredCapacityType", "units", "vcpu"),
]


@pytest.mark.parametrize(("name", "first", "second"), FIELDS, ids=[case[0] for case in FIELDS])
def test_each_field_is_kept_and_changed(ready: Aws, name: str, first: Any, second: Any) -> None:
    ready.group(**{name: first})
    assert ready.described()[name] == first
    words = {"AutoScalingGroupName": "acme-alice", name: second}
    ready.autoscaling.update_auto_scaling_group(**words)
    assert ready.described()[name] == second


def test_fields_that_a_value_clears(ready: Aws) -> None:
    ready.group(MaxInstanceLifetime=86400, DefaultInstanceWarmup=30)
    ready.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="acme-alice", MaxInstanceLifetime=0, DefaultInstanceWarmup=-1
    )
    assert not {"MaxInstanceLifetime", "DefaultInstanceWarmup"} & ready.described().keys()


def test_processes_are_suspended_and_resumed(ready: Aws) -> None:
    ready.group()
    client, name = ready.autoscaling, "acme-alice"
    client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["AZRebalance"])
    client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["HealthCheck"])
    client.resume_processes(AutoScalingGroupName=name, ScalingProcesses=["HealthCheck"])
    (suspended,) = ready.described()["SuspendedProcesses"]
    assert suspended["ProcessName"] == "AZRebalance"
    with refused("ValidationError"):
        client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Sleep"])


BOTH = {"InstanceType": "g5.xlarge", "InstanceRequirements": GPU}
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("min above max", {"MinSize": 2, "DesiredCapacity": 2}),
    ("desired above max", {"DesiredCapacity": 2}),
    ("types and attributes in one", {"MixedInstancesPolicy": policy(BOTH)}),
    (
        "types and attributes in two",
        {
            "MixedInstancesPolicy": policy(
                {"InstanceType": "g5.xlarge"}, {"InstanceRequirements": GPU}
            )
        },
    ),
    (
        "an unknown template",
        {"MixedInstancesPolicy": policy(LaunchTemplateName="nobody")},
    ),
    ("an unknown version", {"MixedInstancesPolicy": policy(Version="9")}),
    ("an unknown subnet", {"VPCZoneIdentifier": "subnet-00000000000000000"}),
    ("an unknown strategy", {"MixedInstancesPolicy": policy(spot="fastest")}),
    ("a share above 100", {"MixedInstancesPolicy": policy(on_demand=101)}),
    ("too short a life", {"MaxInstanceLifetime": 60}),
    (
        "half a maintenance policy",
        {"InstanceMaintenancePolicy": {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 160}},
    ),
    ("a reserved tag", {"Tags": [{"Key": "aws:mine", "Value": ""}]}),
    ("no such protection", {"DeletionProtection": "always"}),
]


@pytest.mark.parametrize(("words"), [case[1] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_aws_refuses(ready: Aws, words: dict[str, Any]) -> None:
    with refused("ValidationError"):
        ready.group(**words)
    assert ready.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_a_template_that_asks_for_spot_does_not_go_with_a_policy(aws: Aws) -> None:
    aws.template(InstanceMarketOptions={"MarketType": "spot"})
    with refused("ValidationError", "Spot"):
        aws.group()


def test_bounds_take_the_desired_capacity_along(ready: Aws) -> None:
    ready.group(MaxSize=3, DesiredCapacity=3)
    update = ready.autoscaling.update_auto_scaling_group
    update(AutoScalingGroupName="acme-alice", MaxSize=1)
    assert ready.described()["DesiredCapacity"] == 1
    assert len(ready.described()["Instances"]) == 1
    with refused("ValidationError", "above max value 1"):
        ready.autoscaling.set_desired_capacity(AutoScalingGroupName="acme-alice", DesiredCapacity=2)
    with refused("ValidationError"):
        update(AutoScalingGroupName="acme-alice", MaxSize=1, DesiredCapacity=2)


def test_a_group_with_instances_is_not_deleted_unless_by_force(ready: Aws) -> None:
    ready.group(DesiredCapacity=1)
    (instance,) = ready.described()["Instances"]
    delete = ready.autoscaling.delete_auto_scaling_group
    with refused("ResourceInUse"):
        delete(AutoScalingGroupName="acme-alice")
    delete(AutoScalingGroupName="acme-alice", ForceDelete=True)
    found = ready.ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
    assert found["Reservations"][0]["Instances"][0]["State"]["Name"] == "terminated"


@pytest.mark.parametrize(
    ("protection", "force", "refusal"),
    [
        ("prevent-all-deletion", False, True),
        ("prevent-all-deletion", True, True),
        ("prevent-force-deletion", False, False),
        ("prevent-force-deletion", True, True),
    ],
)
def test_deletion_protection(ready: Aws, protection: str, force: bool, refusal: bool) -> None:
    ready.group(DeletionProtection=protection)
    delete = ready.autoscaling.delete_auto_scaling_group
    if refusal:
        with refused("ValidationError", protection):
            delete(AutoScalingGroupName="acme-alice", ForceDelete=force)
    else:
        delete(AutoScalingGroupName="acme-alice", ForceDelete=force)


def test_scheduled_actions_belong_to_their_group(ready: Aws) -> None:
    client = ready.autoscaling
    for name in ("one", "two"):
        ready.group(name)
        client.put_scheduled_update_group_action(
            AutoScalingGroupName=name,
            ScheduledActionName="stop",
            Recurrence="0 19 * * 1-5",
            TimeZone="Europe/Berlin",
            DesiredCapacity=0,
        )
    actions = client.describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    assert [action["AutoScalingGroupName"] for action in actions] == ["one", "two"]
    assert actions[0]["TimeZone"] == "Europe/Berlin"
    client.delete_scheduled_action(AutoScalingGroupName="one", ScheduledActionName="stop")
    client.delete_auto_scaling_group(AutoScalingGroupName="two")
    assert client.describe_scheduled_actions()["ScheduledUpdateGroupActions"] == []


@pytest.mark.parametrize(
    "words",
    [
        {"Recurrence": "0 19 * *", "DesiredCapacity": 0},
        {"Recurrence": "0 19 * * *", "TimeZone": "Mars/Base", "DesiredCapacity": 0},
        {"Recurrence": "0 19 * * *"},
        {"DesiredCapacity": 0},
        {"StartTime": "2020-01-01T00:00:00Z", "DesiredCapacity": 0},
    ],
)
def test_scheduled_actions_that_are_wrong(ready: Aws, words: dict[str, Any]) -> None:
    ready.group()
    name = {"AutoScalingGroupName": "acme-alice", "ScheduledActionName": "stop"}
    with refused("ValidationError"):
        ready.autoscaling.put_scheduled_update_group_action(**name, **words)


def test_a_hook_keeps_who_is_told(ready: Aws) -> None:
    hook = {
        "LifecycleHookName": "save",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "HeartbeatTimeout": 120,
        "NotificationTargetARN": "arn:aws:sns:us-east-1:123456789012:acme",
        "RoleARN": "arn:aws:iam::123456789012:role/hooks",
    }
    ready.group(LifecycleHookSpecificationList=[hook])
    client = ready.autoscaling
    (shown,) = client.describe_lifecycle_hooks(AutoScalingGroupName="acme-alice")["LifecycleHooks"]
    assert shown == {
        **hook,
        "AutoScalingGroupName": "acme-alice",
        "DefaultResult": "ABANDON",
        "GlobalTimeout": 12000,
    }
    client.delete_lifecycle_hook(AutoScalingGroupName="acme-alice", LifecycleHookName="save")
    with refused("ValidationError"):
        client.delete_lifecycle_hook(AutoScalingGroupName="acme-alice", LifecycleHookName="save")


def test_a_group_may_use_a_template_alone(ready: Aws) -> None:
    ready.ec2.create_launch_template_version(
        LaunchTemplateName="acme-alice",
        LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "g6.xlarge"},
    )
    ready.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="plain",
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier=ready.subnets()[0],
        LaunchTemplate={"LaunchTemplateName": "acme-alice", "Version": "$Latest"},
    )
    group = ready.described("plain")
    assert group["LaunchTemplate"]["Version"] == "$Latest"
    assert group["Instances"][0]["InstanceType"] == "g6.xlarge"
    assert group["Instances"][0]["LaunchTemplate"]["Version"] == "2"
