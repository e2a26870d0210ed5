"""What somebody may do to each managed thing in the console, on the strict AWS."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from reconciler.errors import AwsError
from reconciler.plan.ownership import FILE_SYSTEM, SITE, WORKSTATION, read_tags
from tests.strict.aws import StrictAws
from tests.strict.tables import Record
from tests.strict.world import REGION, StrictWorld

Hand = Callable[[StrictWorld], bool]
"""Does its deed if there is something to do it to; whether it did."""


def records(aws: StrictAws, service: str, table: str) -> dict[str, Record]:
    """A table, as it is."""
    return dict(aws.here(service, REGION).all(table))


def owned_records(aws: StrictAws, service: str, table: str) -> dict[str, Record]:
    """The records that carry our tag, in a stable order."""
    return {
        key: record
        for key, record in sorted(records(aws, service, table).items())
        if read_tags(record.get("Tags", ())).get(SITE) == "acme" and "Status" not in record
    }


def _file_system(name: str) -> Hand:
    def hand(world: StrictWorld) -> bool:
        for key, system in owned_records(world.aws, "fsx", "systems").items():
            if read_tags(system["Tags"]).get(FILE_SYSTEM) == name:
                world.hand("fsx", "delete_file_system", FileSystemId=key)
                return True
        return False

    return hand


def _efs(table: str, operation: str, parameter: str) -> Hand:
    def hand(world: StrictWorld) -> bool:
        for key in records(world.aws, "efs", table):
            world.hand("efs", operation, **{parameter: key})
            return True
        return False

    return hand


def efs_file_system(world: StrictWorld) -> bool:
    """An EFS home, mount targets first."""
    while efs_mount_target(world):
        pass
    for key in owned_records(world.aws, "efs", "systems"):
        world.hand("efs", "delete_file_system", FileSystemId=key)
        return True
    return False


efs_access_point = _efs("points", "delete_access_point", "AccessPointId")
efs_mount_target = _efs("targets", "delete_mount_target", "MountTargetId")


def volume(world: StrictWorld) -> bool:
    """Delete an EBS home."""
    for key in owned_records(world.aws, "ec2", "volumes"):
        world.hand("ec2", "delete_volume", VolumeId=key)
        return True
    return False


def template(world: StrictWorld) -> bool:
    """A launch template, also while its group stands."""
    for key in owned_records(world.aws, "ec2", "templates"):
        world.hand("ec2", "delete_launch_template", LaunchTemplateId=key)
        return True
    return False


def group(world: StrictWorld) -> bool:
    """A group with what runs in it: first its protection goes."""
    for key in owned_records(world.aws, "autoscaling", "groups"):
        name = {"AutoScalingGroupName": key}
        world.hand("autoscaling", "update_auto_scaling_group", **name, DeletionProtection="none")
        world.hand("autoscaling", "delete_auto_scaling_group", **name, ForceDelete=True)
        return True
    return False


def rules(world: StrictWorld) -> bool:
    """All rules of our security groups."""
    for key, found in owned_records(world.aws, "ec2", "groups").items():
        wire = [
            {
                "IpProtocol": protocol,
                "FromPort": first,
                "ToPort": last,
                **(
                    {"UserIdGroupPairs": [{"GroupId": source}]}
                    if member == "GroupId"
                    else {"IpRanges": [{"CidrIp": source}]}
                ),
            }
            for protocol, first, last, (member, source), _ in found["Rules"]
        ]
        if wire:
            world.hand("ec2", "revoke_security_group_ingress", GroupId=key, IpPermissions=wire)
    return True


def security_group(world: StrictWorld) -> bool:
    """A security group that nothing refers to any more."""
    rules(world)
    gone = False
    for key in owned_records(world.aws, "ec2", "groups"):
        with suppress(AwsError):
            world.hand("ec2", "delete_security_group", GroupId=key)
            gone = True
    return gone


def topic(world: StrictWorld) -> bool:
    """The topic; the rule's target dangles."""
    for arn in owned_records(world.aws, "sns", "topics"):
        world.hand("sns", "delete_topic", TopicArn=arn)
        return True
    return False


def subscription(world: StrictWorld) -> bool:
    """One address: its recipient follows the link at the foot of a mail."""
    found = records(world.aws, "sns", "subscriptions")
    confirmed = [key for key, record in sorted(found.items()) if record["Attributes"]]
    for key in confirmed[:1]:
        world.aws.here("sns", REGION).drop("subscriptions", key)
    return bool(confirmed)


def _queue(name: str) -> Hand:
    def hand(world: StrictWorld) -> bool:
        for key in owned_records(world.aws, "sqs", "queues"):
            if key == name:
                url = f"https://sqs.{REGION}.amazonaws.com/123456789012/{key}"
                world.hand("sqs", "delete_queue", QueueUrl=url)
                return True
        return False

    return hand


def rule(world: StrictWorld) -> bool:
    """The event rule, targets first."""
    for name, found in owned_records(world.aws, "events", "rules").items():
        if found["Targets"]:
            world.hand("events", "remove_targets", Rule=name, Ids=sorted(found["Targets"]))
        world.hand("events", "delete_rule", Name=name)
        return True
    return False


def schedule(world: StrictWorld) -> bool:
    """Delete one schedule."""
    for key in sorted(records(world.aws, "scheduler", "schedules")):
        owner, name = key.split("/")
        if owner == "acme":
            world.hand("scheduler", "delete_schedule", GroupName=owner, Name=name)
            return True
    return False


def schedule_group(world: StrictWorld) -> bool:
    """The group, and with it all schedules."""
    if "acme" not in records(world.aws, "scheduler", "groups"):
        return False
    with suppress(AwsError):
        world.hand("scheduler", "delete_schedule_group", Name="acme")
        return True
    return False


DELETES: dict[str, Hand] = {
    "auto_scaling_group": group,
    "dead_letter_queue": _queue("acme-events-dead"),
    "efs_access_point": efs_access_point,
    "efs_file_system": efs_file_system,
    "efs_mount_target": efs_mount_target,
    "event_rule": rule,
    "file_system": _file_system("home"),
    "home_volume": volume,
    "launch_template": template,
    "queue": _queue("acme-events"),
    "schedule": schedule,
    "schedule_group": schedule_group,
    "security_group": security_group,
    "security_group_rules": rules,
    "shared_file_system": _file_system("datasets"),
    "subscription": subscription,
    "topic": topic,
}

DATA = frozenset({"efs_file_system", "file_system", "home_volume", "shared_file_system"})


def workstations(aws: StrictAws) -> list[str]:
    """Those that have a group."""
    groups = owned_records(aws, "autoscaling", "groups").values()
    return sorted({read_tags(group["Tags"])[WORKSTATION] for group in groups})
