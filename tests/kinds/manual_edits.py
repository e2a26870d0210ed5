"""For every kind, what somebody does to it in the console: each edit is of one field."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.plan.model import Key, Live
from reconciler.plan.ownership import STOP_HOOK
from reconciler.workstation import stop_hook
from tests.kinds.cases import (
    ACCOUNT,
    DEAD,
    EFS,
    EVENTS,
    FLEET,
    GROUP,
    HOME,
    OPEN,
    POINT,
    QUEUE,
    REGION,
    RULES,
    SCHEDULES,
    SHARED,
    STOP,
    TARGET,
    TEMPLATE,
    TOPIC,
    TYPED,
    VOLUME,
    Key_,
)
from tests.kinds.world import client
from tests.support.later import later


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


def _fsx_root(found: Mapping[Key, Live]) -> Key:
    key = SHARED(found)
    client("fsx").update_file_system(
        FileSystemId=found[key].attrs["id"],
        LustreConfiguration={"RootSquashConfiguration": {"RootSquash": "0:0"}},
    )
    return key


def _efs_tag(find: Key_) -> Callable[[Mapping[Key, Live]], Key]:
    def edit(found: Mapping[Key, Live]) -> Key:
        key = find(found)
        tags = [{"Key": "Team", "Value": "other"}]
        client("efs").tag_resource(ResourceId=found[key].attrs["id"], Tags=tags)
        return key

    return edit


def _efs_lifecycle(found: Mapping[Key, Live]) -> Key:
    key = EFS(found)
    client("efs").put_lifecycle_configuration(
        FileSystemId=found[key].attrs["id"],
        LifecyclePolicies=[{"TransitionToArchive": "AFTER_90_DAYS"}],
    )
    return key


def _efs_throughput(found: Mapping[Key, Live]) -> Key:
    key = EFS(found)
    client("efs").update_file_system(FileSystemId=found[key].attrs["id"], ThroughputMode="bursting")
    return key


def _efs_groups(found: Mapping[Key, Live]) -> Key:
    """Whoever is in the group of workstations reaches the home."""
    key = TARGET(found)
    client("efs").modify_mount_target_security_groups(
        MountTargetId=found[key].attrs["id"], SecurityGroups=[found[GROUP(found)].attrs["id"]]
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


def _unhooked(found: Mapping[Key, Live]) -> Key:
    """The hook and the tag that says so: a group of an older version has neither."""
    scaling, name = client("autoscaling"), "acme-alice"
    scaling.delete_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName=stop_hook.NAME)
    tag = {"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": STOP_HOOK}
    scaling.delete_tags(Tags=[tag])
    return FLEET(found)


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


def _any_size(policy: dict[str, Any]) -> None:
    needs = {"VCpuCount": {"Min": 96}, "MemoryMiB": {"Min": 1}}
    policy["LaunchTemplate"]["Overrides"] = [{"InstanceRequirements": needs}]


def _half_on_demand(policy: dict[str, Any]) -> None:
    policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] = 50


def _other_overrides(policy: dict[str, Any]) -> None:
    """A single override may name a template of its own: with another profile, for example."""
    templates = client("ec2").describe_launch_templates(LaunchTemplateNames=["acme-bob"])
    policy["LaunchTemplate"]["Overrides"][0]["LaunchTemplateSpecification"] = {
        "LaunchTemplateId": templates["LaunchTemplates"][0]["LaunchTemplateId"],
        "Version": "1",
    }


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
    def change(found: Mapping[Key, Live]) -> Key:
        scheduler = client("scheduler")
        name = found[STOP(found)].attrs["name"]
        body = scheduler.get_schedule(GroupName="acme", Name=name)
        for known in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"):
            body.pop(known)
        later()
        scheduler.update_schedule(**{**body, **edit})
        return STOP(found)

    return change


BY_HAND: dict[str, dict[str, Callable[[Mapping[Key, Live]], Key]]] = {
    "security_group": {"tags": _ec2_tag(GROUP)},
    "security_group_rules": {"ingress": _open_to_the_world},
    "file_system": {
        "tags": _fsx_tag,
        "data_compression_type": _fsx_compression,
        "root_squash": _fsx_root,
    },
    "efs_file_system": {
        "lifecycle": _efs_lifecycle,
        "tags": _efs_tag(EFS),
    },
    "efs_mount_target": {"security_group_ids": _efs_groups},
    "efs_access_point": {"tags": _efs_tag(POINT)},
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
        "health_check_grace_period": _group(HealthCheckGracePeriod=7200),
        "max_instance_lifetime": _group(MaxInstanceLifetime=86400),
        "new_instances_protected_from_scale_in": _group(NewInstancesProtectedFromScaleIn=True),
        "termination_policies": _group(TerminationPolicies=["NewestInstance"]),
        "capacity_reservation": _group(
            CapacityReservationSpecification={
                "CapacityReservationPreference": "capacity-reservations-only",
                "CapacityReservationTarget": {"CapacityReservationIds": ["cr-0123456789abcdef0"]},
            }
        ),
        "placement_group": _group(PlacementGroup="rack"),
        "stop_hook": _unhooked,
        "other": _policy(_other_overrides),
        "instance_requirements": _policy(_any_size),
    },
    "schedule_group": {"tags": _group_tags},
    "schedule": {
        "state": _schedule(State="DISABLED"),
        "expression": _schedule(ScheduleExpression="cron(0 3 * * ? *)"),
        "end_date": _schedule(EndDate=datetime(2090, 1, 4, tzinfo=UTC)),
        "other": _schedule(Description="mine"),
    },
}
