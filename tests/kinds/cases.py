"""The data of the contract: another value for every field, a hand for every kind, strangers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from reconciler.kinds import (
    KINDS,
    auto_scaling_group,
    dead_letter_queue,
    efs_access_point,
    efs_file_system,
    efs_mount_target,
    event_rule,
    file_system,
    home_volume,
    launch_template,
    lustre_actions,
    override_end,
    queue,
    queue_wire,
    schedule,
    schedule_group,
    security_group,
    security_group_rules,
    subscription,
    topic,
)
from reconciler.kinds.security_group_rules import Permission
from reconciler.machine.user_data import carried
from reconciler.plan.kind import Compared, Deletable, Updatable
from reconciler.plan.model import Key, Live
from reconciler.plan.update_policy import RUNTIME

DECLARABLE = [kind for kind in KINDS if set(kind.UPDATE_POLICY.values()) != {RUNTIME}]
"""What no YAML declares is runtime's alone: tests/kinds/test_override_end.py."""

UPDATABLE: tuple[Updatable, ...] = (
    security_group,
    security_group_rules,
    file_system,
    efs_file_system,
    efs_mount_target,
    efs_access_point,
    home_volume,
    topic,
    dead_letter_queue,
    queue,
    event_rule,
    launch_template,
    auto_scaling_group,
    override_end,
    schedule_group,
    schedule,
)
DELETABLE: tuple[Deletable, ...] = (launch_template, auto_scaling_group, override_end, schedule)
COMPARED: tuple[Compared, ...] = (security_group_rules, schedule)
"""The kinds that have these optional halves; the type checker sees to their signatures."""

REGION = "us-east-1"
ACCOUNT = "123456789012"

SPECS: dict[str, Any] = {
    "security_group": security_group.SecurityGroup,
    "security_group_rules": security_group_rules.SecurityGroupRules,
    "file_system": file_system.FileSystem,
    "efs_file_system": efs_file_system.EfsFileSystem,
    "efs_mount_target": efs_mount_target.EfsMountTarget,
    "efs_access_point": efs_access_point.EfsAccessPoint,
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
    "efs_mount_target": {"subnet_id"},  # used once, at creation; its zone is in its name
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
SHARED = one("file_system", "vision/datasets")
EFS = one("efs_file_system", "carol/home")
TARGET = one("efs_mount_target", "carol/home (us-east-1a)")
POINT = one("efs_access_point", "carol/home (carol)")
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
    ("file_system", "root_squash"): (SHARED, "0:0"),
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
    ("efs_file_system", "availability_zone"): (EFS, "us-east-1c"),
    ("efs_file_system", "encrypted"): (EFS, False),
    ("efs_file_system", "kms_key_id"): (EFS, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"),
    ("efs_file_system", "throughput_mode"): (EFS, "bursting"),
    ("efs_file_system", "lifecycle"): (EFS, {"TransitionToIA": "AFTER_7_DAYS"}),
    ("efs_file_system", "tags"): (
        EFS,
        {
            "Color": "blue",
            "reconciler:site": "acme",
            "reconciler:fleet": "vision",
            "reconciler:workstation": "carol",
            "reconciler:file-system": "home",
        },
    ),
    ("efs_mount_target", "file_system_id"): (TARGET, "fs-0123456789abcdef0"),
    ("efs_mount_target", "vpc_id"): (TARGET, "vpc-0123456789abcdef0"),
    ("efs_access_point", "file_system_id"): (POINT, "fs-0123456789abcdef0"),
    ("efs_access_point", "uid"): (POINT, 1001),
    ("efs_access_point", "gid"): (POINT, 1001),
    ("efs_access_point", "path"): (POINT, "/other"),
    ("efs_access_point", "tags"): (
        POINT,
        {
            "Color": "blue",
            "reconciler:site": "acme",
            "reconciler:fleet": "vision",
            "reconciler:workstation": "carol",
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
        {"else": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-events"}},
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
    ("launch_template", "agent"): (TEMPLATE, carried()),
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
    ("auto_scaling_group", "capacity_reservation"): (
        FLEET,
        {"CapacityReservationPreference": "none"},
    ),
    ("auto_scaling_group", "placement_group"): (FLEET, "rack"),
    ("auto_scaling_group", "tags"): (FLEET, TAGS),
    ("auto_scaling_group", "stop_hook"): (FLEET, "600"),
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
    # The group of a home follows from its name.
    ("efs_mount_target", "security_group_ids"),
    # Subnets follow from lookups; the strategy has one value with attribute-based selection.
    ("auto_scaling_group", "subnets"),
    ("auto_scaling_group", "on_demand_allocation_strategy"),
    ("auto_scaling_group", "launch_template_id"),
    ("auto_scaling_group", "launch_template_version"),
    ("auto_scaling_group", "other"),
}

BETWEEN = {
    "file_system": lustre_actions.BETWEEN + timedelta(minutes=30),  # the change itself takes some
    "efs_file_system": timedelta(hours=24),
}
"""How long AWS takes no second change of the same field, by kind."""

ONLY_BY_RUNTIME = {
    ("auto_scaling_group", "next_stop"),
    ("auto_scaling_group", "protected_instances"),
}
"""What neither YAML nor a hand has a say in, but who is off: tests/power/test_overlay.py."""
