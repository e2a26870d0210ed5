"""The data of the contract: another value for every field, a hand for every kind, strangers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.kinds import (
    KINDS,
    auto_scaling_group,
    event_rule,
    file_system,
    home_volume,
    launch_template,
    queue_wire,
    schedule,
    schedule_group,
    security_group,
    security_group_rules,
    subscription,
    topic,
)
from reconciler.kinds.security_group_rules import Permission
from reconciler.plan.model import RUNTIME, Key, Live
from tests.kinds.world import client
from tests.support.later import later

DECLARABLE = [kind for kind in KINDS if set(kind.RULES.values()) != {RUNTIME}]
"""What no YAML declares is runtime's alone: tests/kinds/test_override_end.py."""

REGION = "us-east-1"
ACCOUNT = "123456789012"

SPECS: dict[str, Any] = {
    "security_group": security_group.SecurityGroup,
    "security_group_rules": security_group_rules.SecurityGroupRules,
    "file_system": file_system.FileSystem,
    "home_volume": home_volume.HomeVolume,
    "topic": topic.Topic,
    "subscription": subscription.Subscription,
    "dead_letter_queue": queue_wire.Queue,
    "queue": queue_wire.Queue,
    "event_rule": event_rule.EventRule,
    "launch_template": launch_template.LaunchTemplate,
    "auto_scaling_group": auto_scaling_group.AutoScalingGroup,
    "schedule_group": schedule_group.ScheduleGroup,
    "schedule": schedule.Schedule,
}

IDENTITY: dict[str, set[str]] = {name: set() for name in SPECS} | {
    "security_group": {"group_name", "vpc_id", "description"},
    "security_group_rules": {"group_id"},
    "file_system": {"subnet_id", "security_group_id"},  # used once, at creation
    "topic": {"topic_name", "tags"},  # tags: written once
    "subscription": {"topic_arn", "endpoint"},
    "dead_letter_queue": {"queue_name", "tags"},
    "queue": {"queue_name", "tags"},
    "event_rule": {"rule_name", "tags"},
    "auto_scaling_group": {"runtime"},
}

Key_ = Callable[[Mapping[Key, Live]], Key]


def one(kind: str, end: str = "") -> Callable[[Mapping[Key, Live]], Key]:
    """The key of the one live thing of a kind whose name ends so."""

    def find(found: Mapping[Key, Live]) -> Key:
        (key,) = [key for key in found if key.kind == kind and end in key.name]
        return key

    return find


GROUP = one("security_group", "acme-workstation")
RULES = one("security_group_rules", "acme-workstation")
HOME = one("file_system", "alice/home")
VOLUME = one("home_volume", "bob/home")
TOPIC = one("topic")
QUEUE = one("queue")
DEAD = one("dead_letter_queue")
EVENTS = one("event_rule")
TEMPLATE = one("launch_template", "acme-alice")
FLEET = one("auto_scaling_group", "acme-alice")
TYPED = one("auto_scaling_group", "acme-bob")
SCHEDULES = one("schedule_group")
STOP = one("schedule", "alice-stop")

TAGS = {"Name": "other", "reconciler:site": "acme", "Color": "blue"}
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/other"
OTHER_TARGET = "arn:aws:scheduler:::aws-sdk:autoscaling:updateAutoScalingGroup"

# (kind, field) → which thing, and a value that differs from what the fleet declares.
DECLARED: dict[tuple[str, str], tuple[Key_, Any]] = {
    ("security_group", "tags"): (GROUP, TAGS),
    ("security_group_rules", "ingress"): (
        RULES,
        frozenset({Permission("udp", 8443, 8443, "10.9.0.0/16", "QUIC")}),
    ),
    ("file_system", "availability_zone"): (HOME, "us-east-1c"),
    ("file_system", "deployment_type"): (HOME, "PERSISTENT_1"),
    ("file_system", "storage_type"): (HOME, "HDD"),
    ("file_system", "storage_capacity"): (HOME, 2400),
    ("file_system", "per_unit_storage_throughput"): (HOME, 250),
    ("file_system", "drive_cache_type"): (HOME, "READ"),
    ("file_system", "data_compression_type"): (HOME, "NONE"),
    ("file_system", "file_system_type_version"): (HOME, "2.15"),
    ("file_system", "automatic_backup_retention_days"): (HOME, 7),
    ("file_system", "weekly_maintenance_start_time"): (HOME, "3:05:00"),
    ("file_system", "kms_key_id"): (HOME, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"),
    ("file_system", "tags"): (
        HOME,
        {
            "Color": "blue",
            "reconciler:site": "acme",
            "reconciler:fleet": "vision",
            "reconciler:workstation": "alice",
            "reconciler:file-system": "home",
        },
    ),
    ("home_volume", "availability_zone"): (VOLUME, "us-east-1c"),
    ("home_volume", "volume_type"): (VOLUME, "gp2"),
    ("home_volume", "size"): (VOLUME, 300),
    ("home_volume", "iops"): (VOLUME, 4000),
    ("home_volume", "throughput"): (VOLUME, 250),
    ("home_volume", "kms_key_id"): (VOLUME, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"),
    ("home_volume", "tags"): (
        VOLUME,
        {
            "Color": "blue",
            "reconciler:site": "acme",
            "reconciler:workstation": "bob",
            "reconciler:file-system": "home",
        },
    ),
    ("topic", "policy"): (TOPIC, {"Version": "2012-10-17", "Statement": []}),
    ("queue", "policy"): (QUEUE, {"Version": "2012-10-17", "Id": "x", "Statement": [OPEN]}),
    ("queue", "message_retention_period"): (QUEUE, 7200),
    ("queue", "visibility_timeout"): (QUEUE, 60),
    ("queue", "redrive_policy"): (
        QUEUE,
        {
            "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-events-dead",
            "maxReceiveCount": 9,
        },
    ),
    ("queue", "delay_seconds"): (QUEUE, 5),
    ("queue", "kms_master_key_id"): (QUEUE, "alias/aws/sqs"),
    ("dead_letter_queue", "policy"): (
        DEAD,
        {"Version": "2012-10-17", "Id": "x", "Statement": [OPEN]},
    ),
    ("dead_letter_queue", "message_retention_period"): (DEAD, 7200),
    ("dead_letter_queue", "visibility_timeout"): (DEAD, 60),
    ("dead_letter_queue", "redrive_policy"): (
        DEAD,
        {
            "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-events",
            "maxReceiveCount": 9,
        },
    ),
    ("dead_letter_queue", "delay_seconds"): (DEAD, 5),
    ("dead_letter_queue", "kms_master_key_id"): (DEAD, "alias/aws/sqs"),
    ("event_rule", "event_pattern"): (EVENTS, {"source": ["aws.ec2"]}),
    ("event_rule", "state"): (EVENTS, "DISABLED"),
    ("event_rule", "description"): (EVENTS, "other"),
    ("event_rule", "targets"): (
        EVENTS,
        {"else": {"Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:acme-events"}},
    ),
    ("launch_template", "image_id"): (TEMPLATE, "ami-0123456789abcdef0"),
    ("launch_template", "instance_profile"): (TEMPLATE, "other"),
    ("launch_template", "security_group_ids"): (TEMPLATE, ("sg-0123456789abcdef0",)),
    ("launch_template", "root"): (
        TEMPLATE,
        {"DeviceName": "/dev/sda1", "VolumeType": "gp3", "VolumeSize": 120, "Encrypted": True},
    ),
    ("launch_template", "metadata_options"): (
        TEMPLATE,
        {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 2},
    ),
    ("launch_template", "user_data"): (TEMPLATE, {"version": 1, "mounts": ()}),
    ("launch_template", "volume_tags"): (TEMPLATE, TAGS),
    ("launch_template", "tags"): (TEMPLATE, TAGS),
    ("auto_scaling_group", "instance_types"): (TYPED, ("g5.xlarge", "g6.xlarge")),
    ("auto_scaling_group", "instance_requirements"): (
        FLEET,
        {
            "VCpuCount": {"Min": 8},
            "MemoryMiB": {"Min": 32768},
            "AcceleratorTypes": ["gpu"],
            "SpotMaxPricePercentageOverLowestPrice": 200,
        },
    ),
    ("auto_scaling_group", "on_demand_base_capacity"): (FLEET, 1),
    ("auto_scaling_group", "on_demand_percentage_above_base_capacity"): (FLEET, 100),
    ("auto_scaling_group", "spot_allocation_strategy"): (FLEET, "capacity-optimized"),
    ("auto_scaling_group", "spot_max_price"): (FLEET, "1.50"),
    ("auto_scaling_group", "min_size"): (FLEET, 1),
    ("auto_scaling_group", "max_size"): (FLEET, 2),
    ("auto_scaling_group", "capacity_rebalance"): (FLEET, True),
    ("auto_scaling_group", "health_check_grace_period"): (FLEET, 900),
    ("auto_scaling_group", "health_check_type"): (FLEET, "EC2,EBS"),
    ("auto_scaling_group", "max_instance_lifetime"): (FLEET, 86400),
    ("auto_scaling_group", "new_instances_protected_from_scale_in"): (FLEET, True),
    ("auto_scaling_group", "termination_policies"): (FLEET, ("OldestInstance",)),
    ("auto_scaling_group", "suspended_processes"): (FLEET, ("AZRebalance", "ScheduledActions")),
    ("auto_scaling_group", "suspended_endings"): (FLEET, ("ReplaceUnhealthy",)),
    ("auto_scaling_group", "deletion_protection"): (FLEET, "prevent-all-deletion"),
    ("auto_scaling_group", "tags"): (FLEET, TAGS),
    ("auto_scaling_group", "market"): (FLEET, "on-demand since 2026-11-20T09:10:00Z"),
    ("auto_scaling_group", "desired_capacity"): (FLEET, 1),
    ("auto_scaling_group", "override"): (FLEET, "off until 2026-11-20T09:10:00Z alice"),
    ("schedule_group", "tags"): (SCHEDULES, TAGS),
    ("schedule", "expression"): (STOP, "cron(0 20 ? * MON-FRI *)"),
    ("schedule", "timezone"): (STOP, "America/New_York"),
    ("schedule", "state"): (STOP, "DISABLED"),
    ("schedule", "target"): (
        STOP,
        "arn:aws:scheduler:::aws-sdk:autoscaling:updateAutoScalingGroup",
    ),
    ("schedule", "role_arn"): (STOP, OTHER_ROLE),
    ("schedule", "input"): (STOP, {"AutoScalingGroupName": "acme-alice", "DesiredCapacity": 1}),
    ("schedule", "retry_policy"): (
        STOP,
        {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60},
    ),
    ("schedule", "flexible_time_window"): (
        STOP,
        {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 9},
    ),
    ("schedule", "dead_letter_queue"): (STOP, "arn:aws:sqs:us-east-1:123456789012:other"),
    ("schedule", "start_date"): (STOP, "2090-01-04T12:00:00Z"),
    ("schedule", "end_date"): (STOP, "2090-01-04T12:00:00Z"),
}

ONLY_BY_HAND = {
    # What we never declare, so that only a hand can make it differ.
    ("launch_template", "other"),
    ("schedule", "other"),
    # Subnets follow from lookups; the strategy has one value with attribute-based selection.
    ("auto_scaling_group", "subnets"),
    ("auto_scaling_group", "on_demand_allocation_strategy"),
    ("auto_scaling_group", "launch_template_id"),
    ("auto_scaling_group", "launch_template_version"),
}


# -- hands: what somebody does in the console ------------------------------------------------


def _ec2_tag(find: Key_) -> Callable[[Mapping[Key, Live]], Key]:
    def edit(found: Mapping[Key, Live]) -> Key:
        key = find(found)
        tags = [{"Key": "reconciler:owner", "Value": "mallory"}, {"Key": "Color", "Value": "red"}]
        client("ec2").create_tags(Resources=[found[key].attrs["id"]], Tags=tags)
        return key

    return edit


def _open_to_the_world(found: Mapping[Key, Live]) -> Key:
    group = found[GROUP(found)].attrs["id"]
    world = [{"CidrIp": "0.0.0.0/0"}]
    permissions = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": world}]
    client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    return RULES(found)


def _fsx_tag(found: Mapping[Key, Live]) -> Key:
    key = HOME(found)
    arn = found[key].attrs["arn"]
    client("fsx").tag_resource(ResourceARN=arn, Tags=[{"Key": "Team", "Value": "other"}])
    return key


def _fsx_compression(found: Mapping[Key, Live]) -> Key:
    key = HOME(found)
    client("fsx").update_file_system(
        FileSystemId=found[key].attrs["id"], LustreConfiguration={"DataCompressionType": "NONE"}
    )
    return key


def _volume_iops(found: Mapping[Key, Live]) -> Key:
    key = VOLUME(found)
    client("ec2").modify_volume(VolumeId=found[key].attrs["id"], Iops=5000)
    return key


def _volume_type(found: Mapping[Key, Live]) -> Key:
    key = VOLUME(found)
    client("ec2").modify_volume(VolumeId=found[key].attrs["id"], VolumeType="io2", Iops=3000)
    return key


def _topic_policy(found: Mapping[Key, Live]) -> Key:
    key = TOPIC(found)
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}
    client("sns").set_topic_attributes(
        TopicArn=found[key].attrs["arn"],
        AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [anybody]}),
    )
    return key


def _queue(find: Key_, **attributes: str) -> Callable[[Mapping[Key, Live]], Key]:
    def edit(found: Mapping[Key, Live]) -> Key:
        key = find(found)
        url = found[key].attrs["url"]
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
        return key

    return edit


EVERYBODY = json.dumps({"Version": "2012-10-17", "Statement": [OPEN]})


def _rule_state(found: Mapping[Key, Live]) -> Key:
    client("events").disable_rule(Name="acme-events")
    return EVENTS(found)


def _rule_description(found: Mapping[Key, Live]) -> Key:
    """What says whose the rule is goes: its tags say so too."""
    events = client("events")
    pattern = events.describe_rule(Name="acme-events")["EventPattern"]
    events.put_rule(Name="acme-events", EventPattern=pattern, Description="other")
    return EVENTS(found)


def _rule_target(found: Mapping[Key, Live]) -> Key:
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:else"
    client("events").put_targets(Rule="acme-events", Targets=[{"Id": "more", "Arn": arn}])
    return EVENTS(found)


def _template_version(**data: Any) -> Callable[[Mapping[Key, Live]], Key]:
    def edit(found: Mapping[Key, Live]) -> Key:
        ec2 = client("ec2")
        newest = ec2.describe_launch_template_versions(
            LaunchTemplateName="acme-alice", Versions=["$Latest"]
        )["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        ec2.create_launch_template_version(
            LaunchTemplateName="acme-alice", LaunchTemplateData={**newest, **data}
        )
        return TEMPLATE(found)

    return edit


def _group(**settings: Any) -> Callable[[Mapping[Key, Live]], Key]:
    def edit(found: Mapping[Key, Live]) -> Key:
        client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName="acme-alice", **settings
        )
        return FLEET(found)

    return edit


def _policy(change: Callable[[dict[str, Any]], None]) -> Callable[[Mapping[Key, Live]], Key]:
    def edit(found: Mapping[Key, Live]) -> Key:
        groups = client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=["acme-alice"]
        )
        policy = groups["AutoScalingGroups"][0]["MixedInstancesPolicy"]
        policy["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
        change(policy)
        return _group(MixedInstancesPolicy=policy)(found)

    return edit


def _overtaken(found: Mapping[Key, Live]) -> Key:
    """A newer version with the same content: the group is pinned to an older one."""
    _template_version()(found)
    return FLEET(found)


def _other_template(policy: dict[str, Any]) -> None:
    templates = client("ec2").describe_launch_templates(LaunchTemplateNames=["acme-bob"])
    policy["LaunchTemplate"]["LaunchTemplateSpecification"] = {
        "LaunchTemplateId": templates["LaunchTemplates"][0]["LaunchTemplateId"],
        "Version": "1",
    }


def _half_on_demand(policy: dict[str, Any]) -> None:
    policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] = 50


def _prioritized(found: Mapping[Key, Live]) -> Key:
    groups = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["acme-bob"])
    policy = groups["AutoScalingGroups"][0]["MixedInstancesPolicy"]
    policy["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
    policy["InstancesDistribution"]["OnDemandAllocationStrategy"] = "prioritized"
    client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="acme-bob", MixedInstancesPolicy=policy
    )
    return TYPED(found)


def _one_subnet(found: Mapping[Key, Live]) -> Key:
    return _group(VPCZoneIdentifier=found[FLEET(found)].spec.subnets[0])(found)


def _processes(operation: str, process: str) -> Callable[[Mapping[Key, Live]], Key]:
    def edit(found: Mapping[Key, Live]) -> Key:
        change = getattr(client("autoscaling"), operation)
        change(AutoScalingGroupName="acme-alice", ScalingProcesses=[process])
        return FLEET(found)

    return edit


def _group_tags(found: Mapping[Key, Live]) -> Key:
    client("scheduler").tag_resource(
        ResourceArn=found[SCHEDULES(found)].attrs["arn"], Tags=[{"Key": "Color", "Value": "red"}]
    )
    return SCHEDULES(found)


def _schedule(**edit: Any) -> Callable[[Mapping[Key, Live]], Key]:
    def hand(found: Mapping[Key, Live]) -> Key:
        scheduler = client("scheduler")
        name = found[STOP(found)].attrs["name"]
        body = scheduler.get_schedule(GroupName="acme", Name=name)
        for known in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"):
            body.pop(known)
        later()
        scheduler.update_schedule(**{**body, **edit})
        return STOP(found)

    return hand


BY_HAND: dict[str, dict[str, Callable[[Mapping[Key, Live]], Key]]] = {
    "security_group": {"tags": _ec2_tag(GROUP)},
    "security_group_rules": {"ingress": _open_to_the_world},
    "file_system": {"tags": _fsx_tag, "data_compression_type": _fsx_compression},
    "home_volume": {
        "tags": _ec2_tag(VOLUME),
        "iops": _volume_iops,
        "volume_type": _volume_type,
    },
    "topic": {"policy": _topic_policy},
    "subscription": {},  # it is there or it is not
    "queue": {
        "policy": _queue(QUEUE, Policy=EVERYBODY),
        "redrive_policy": _queue(QUEUE, RedrivePolicy=""),
        "message_retention_period": _queue(QUEUE, MessageRetentionPeriod="60"),
        "kms_master_key_id": _queue(QUEUE, KmsMasterKeyId="alias/aws/sqs"),
    },
    "dead_letter_queue": {
        "policy": _queue(DEAD, Policy=""),
        "message_retention_period": _queue(DEAD, MessageRetentionPeriod="60"),
    },
    "event_rule": {
        "description": _rule_description,
        "state": _rule_state,
        "targets": _rule_target,
    },
    "launch_template": {
        "tags": _ec2_tag(TEMPLATE),
        "image_id": _template_version(ImageId="ami-0123456789abcdef0"),
        "user_data": _template_version(UserData="ZWNobyBoZWxsbwo="),
        "other": _template_version(KeyName="mine"),
    },
    "auto_scaling_group": {
        "max_size": _group(MaxSize=3),
        "min_size": _group(MinSize=1),
        "capacity_rebalance": _group(CapacityRebalance=True),
        "deletion_protection": _group(DeletionProtection="none"),
        "launch_template_version": _overtaken,
        "launch_template_id": _policy(_other_template),
        "on_demand_percentage_above_base_capacity": _policy(_half_on_demand),
        "on_demand_allocation_strategy": _prioritized,
        "subnets": _one_subnet,
        "suspended_processes": _processes("resume_processes", "AZRebalance"),
        "suspended_endings": _processes("suspend_processes", "Terminate"),
        "health_check_type": _group(HealthCheckType="ELB"),
        "max_instance_lifetime": _group(MaxInstanceLifetime=86400),
        "new_instances_protected_from_scale_in": _group(NewInstancesProtectedFromScaleIn=True),
        "termination_policies": _group(TerminationPolicies=["NewestInstance"]),
    },
    "schedule_group": {"tags": _group_tags},
    "schedule": {
        "state": _schedule(State="DISABLED"),
        "expression": _schedule(ScheduleExpression="cron(0 3 * * ? *)"),
        "end_date": _schedule(EndDate=datetime(2090, 1, 4, tzinfo=UTC)),
        "other": _schedule(Description="mine"),
    },
}
