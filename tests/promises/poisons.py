"""Odd things to put among what AWS answers: each thing that a run finds, times each odd value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.support.replay import GONE, Path

LONG = "x" * 200_000
YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
YEAR_9999 = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

TIMES = {"year 1": YEAR_1, "year 9999": YEAR_9999, "no time": "soon", "none": None, "gone": GONE}
MEMBERS = {"gone": GONE, "none": None, "number": 7, "list": [[]]}
STAMPS = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
    "2026-02-31T00:00:00Z",
    "2036-01-01T00:00:00Z",
    "2026-11-20T10:00:00",
)

Edit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Poison:
    """`edit` changes the item of an answer to `operation` whose text has `mark` in it."""

    name: str
    operation: str
    mark: str
    edit: Edit
    workstation: str = ""  # the one workstation whose rows may differ; "" for what several share

    def into(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The answers with the poison in them."""
        poisoned, found = dict(given), 0
        for request, answer in self.answers(given):
            items = list(answer) if isinstance(answer, list) else [answer]
            for number, item in enumerate(items):
                if self.mark in request or self.mark in json.dumps(item, default=str):
                    items[number] = copy = deepcopy(item)
                    self.edit(copy)
                    found += 1
            poisoned[request] = items if isinstance(answer, list) else items[0]
        assert found, f"{self.name}: nothing to poison"
        return poisoned

    def answers(self, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Those to the operation, with their requests."""
        for request, answer in given.items():
            if f'"{self.operation}"' in request and not isinstance(answer, Exception):
                yield request, answer


@dataclass(frozen=True)
class Added(Poison):
    """More items in the list that `operation` answers."""

    items: tuple[Any, ...] = ()

    def into(self, given: Mapping[str, Any]) -> dict[str, Any]:
        poisoned = dict(given)
        for request, answer in self.answers(given):
            poisoned[request] = [*answer, *deepcopy(list(self.items))]
        return poisoned


def tag(key: str, value: Any) -> Edit:
    """The item's tag reads so."""

    def edit(item: dict[str, Any]) -> None:
        pairs = [each for each in item.get("Tags", ()) if each.get("Key") != key]
        item["Tags"] = [*pairs, {"Key": key, "Value": value}]

    return edit


def put(path: Path, value: Any) -> Edit:
    """Another value at a place of the item, or none there."""

    def edit(item: Any) -> None:
        for step in path[:-1]:
            item = item[step]
        if value is GONE:
            item.pop(path[-1], None)
        else:
            item[path[-1]] = value

    return edit


def each(
    thing: str,
    operation: str,
    mark: str,
    path: Path,
    values: Mapping[str, Any],
    workstation: str = "",
) -> Iterator[Poison]:
    """The same place with each of these values."""
    at = ".".join(map(str, path))
    for name, value in values.items():
        yield Poison(f"{thing} {at} {name}", operation, mark, put(path, value), workstation)


def tags(thing: str, operation: str, mark: str, workstation: str = "") -> Iterator[Poison]:
    """Tags that nobody of us wrote."""
    for key, value in {
        "reconciler:fleet": LONG,
        "reconciler:owner": "\x1b[31m\u202e",
        "Team": None,
        "Name": 7,
    }.items():
        yield Poison(f"{thing} tag {key}", operation, mark, tag(key, value), workstation)
    odd = {"none": None, "text": "x", "nameless": [{"Value": "x"}]}
    yield from each(thing, operation, mark, ("Tags",), odd, workstation)


def groups() -> Iterator[Poison]:
    """What somebody may write on a group, or leave out of one."""
    operation, mark = "describe_auto_scaling_groups", '"acme-alice"'
    yield from tags("group", operation, mark, "alice")
    for stamp in STAMPS:
        for key, text in (
            ("override", f"on until {stamp} x"),
            ("override", f"off until {stamp}"),
            ("market", f"on-demand since {stamp}"),
            ("max-runtime", stamp),
        ):
            name = f"reconciler:{key}"
            yield Poison(f"group {key} {text}", operation, mark, tag(name, text), "alice")
    for member in (
        "MinSize",
        "DesiredCapacity",
        "MixedInstancesPolicy",
        "Instances",
        "VPCZoneIdentifier",
    ):
        yield from each("group", operation, mark, (member,), MEMBERS, "alice")
    gone = {"gone subnet": "subnet-00000000000000000"}
    yield from each("group", operation, mark, ("VPCZoneIdentifier",), gone, "alice")


def actions() -> Iterator[Poison]:
    """Scheduled actions that somebody put on alice's group."""
    operation = "describe_scheduled_actions"
    base = {"AutoScalingGroupName": "acme-alice", "ScheduledActionName": "reconciler-override-end"}
    odd: dict[str, dict[str, Any]] = {
        "recurring end": {"Recurrence": "*/5 * * * *", "DesiredCapacity": 1},
        "recurring end of year 9999": {"Recurrence": "0 0 1 1 *", "StartTime": YEAR_9999},
        "end of year 9999": {"StartTime": YEAR_9999, "MinSize": 0, "MaxSize": 1},
        "end of year 1": {"StartTime": YEAR_1},
        "end at no time": {"StartTime": "soon"},
        "end with odd sizes": {"StartTime": YEAR_9999, "MinSize": "x", "MaxSize": []},
        "end of nothing": {},
        "foreign, recurring": {"ScheduledActionName": "hand", "Recurrence": "*/5 * * * *"},
        "foreign, long": {"ScheduledActionName": LONG, "StartTime": YEAR_9999},
        "foreign, nameless": {"ScheduledActionName": None},
        "foreign, of no group": {"AutoScalingGroupName": None},
    }
    for name, members in odd.items():
        yield Added(f"action: {name}", operation, "", print, "alice", ({**base, **members},))


def machines() -> Iterator[Poison]:
    """Instances, and what was tried to start some."""
    mark = "i-"
    instance: Path = ("Instances", 0)
    yield from each(
        "instance", "describe_instances", mark, (*instance, "LaunchTime"), TIMES, "erin"
    )
    yield from each(
        "instance", "describe_instances", mark, (*instance, "InstanceLifecycle"), MEMBERS, "erin"
    )
    operation, mark = "describe_scaling_activities", "Could not launch"
    yield from each("activity", operation, mark, ("StartTime",), TIMES, "dave")
    texts = {"cubic": "a1-" * 60_000, "long": LONG, "links": "https://evil.example " * 999}
    yield from each("activity", operation, mark, ("StatusMessage",), {**MEMBERS, **texts}, "dave")
    yield from each("activity", operation, mark, ("Details",), {"deep": "[" * 9_000}, "dave")


def templates() -> Iterator[Poison]:
    """Launch templates and their versions."""
    operation = "describe_launch_template_versions"
    mark = '"acme-alice"'
    yield from tags("template", "describe_launch_templates", mark, "alice")
    yield from each("template", operation, mark, ("LaunchTemplateData",), MEMBERS, "alice")
    data = {"base64": "%%%", "brackets": "W1tb" * 2_000, "long": LONG, **MEMBERS}
    path = ("LaunchTemplateData", "UserData")
    yield from each("template", operation, mark, path, data, "alice")
    path = ("LaunchTemplateData", "BlockDeviceMappings")
    yield from each("template", operation, mark, path, MEMBERS, "alice")


def storage() -> Iterator[Poison]:
    """Homes and shared file systems."""
    operation, mark = "describe_volumes", "acme-bob/home"
    yield from tags("volume", operation, mark, "bob")
    for member in ("Size", "AvailabilityZone", "CreateTime", "KmsKeyId"):
        yield from each("volume", operation, mark, (member,), MEMBERS, "bob")
    operation, mark = "describe_file_systems", "acme-alice/home"
    yield from tags("file system", operation, mark, "alice")
    gone = {"gone": ["subnet-00000000000000000"], "no": [], **MEMBERS}
    yield from each("file system", operation, mark, ("SubnetIds",), gone, "alice")
    yield from each("file system", operation, mark, ("CreationTime",), TIMES, "alice")
    yield from each("file system", operation, mark, ("LustreConfiguration",), MEMBERS, "alice")
    yield from each("file system", operation, mark, ("StorageCapacity",), MEMBERS, "alice")


def hours() -> Iterator[Poison]:
    """Schedules, and their group."""
    operation, mark = "list_schedules", "alice-start-"
    yield from each("schedule", operation, mark, ("CreationDate",), TIMES, "alice")
    yield from each("schedule", operation, mark, ("Name",), MEMBERS, "alice")
    yield from each("schedule", operation, mark, ("State",), MEMBERS, "alice")
    operation, mark = "get_schedule", "bob-"
    texts = {"rate": "rate(1 minute)", "at": "at(9999-12-31T23:59:59)", "long": LONG}
    yield from each("schedule", operation, mark, ("ScheduleExpression",), texts, "bob")
    zones = {"zone": "Mars/Olympus", "path": "../../etc/passwd", **MEMBERS}
    yield from each("schedule", operation, mark, ("ScheduleExpressionTimezone",), zones, "bob")
    inputs = {"deep": "[" * 9_000, "null": "null", "other": '{"AutoScalingGroupName": []}'}
    yield from each("schedule", operation, mark, ("Target", "Input"), inputs, "bob")
    yield from each("schedule group", "get_schedule_group", "acme", ("State",), MEMBERS)


def shared() -> Iterator[Poison]:
    """What several workstations need."""
    yield from tags("subnet", "describe_subnets", '"private"')
    for member in ("VpcId", "AvailabilityZone", "MapPublicIpOnLaunch"):
        yield from each("subnet", "describe_subnets", '"us-east-1a"', (member,), MEMBERS)
    image: Path = ("Images", 0)
    for member in ("RootDeviceName", "Architecture", "BlockDeviceMappings", "ImageId"):
        yield from each("image", "describe_images", "ami-", (*image, member), MEMBERS)
    nameless = {"nameless": [{"Ebs": {"VolumeSize": 8}}], "huge": [_root(9_999)]}
    yield from each("image", "describe_images", "ami-", (*image, "BlockDeviceMappings"), nameless)
    value = ("Parameters", 0, "Value")
    texts = {"text": "hunter2", "star": "*", "long": LONG, "other": "ami-00000000000000000"}
    yield from each("parameter", "get_parameters", "golden", value, {**MEMBERS, **texts})
    yield from each("profile", "list_instance_profiles", "", ("Arn",), MEMBERS)
    yield from each("role", "get_role", "", ("Role", "Arn"), {**MEMBERS, "text": "::"})
    arn = ("KeyMetadata", "Arn")
    yield from each("key alias", "describe_key", "alias/homes", arn, {**MEMBERS, "text": "::"})
    yield from tags("security group", "describe_security_groups", "acme-workstation")
    yield from each("rules", "describe_security_groups", "acme-lustre", ("IpPermissions",), MEMBERS)
    yield from each("topic", "get_topic_attributes", "", ("Attributes", "Policy"), MEMBERS)
    yield from each("queue", "get_queue_attributes", "", ("Attributes", "Policy"), MEMBERS)
    yield from each("rule", "list_rules", "acme", ("EventPattern",), MEMBERS)
    yield from each("target", "list_targets_by_rule", "acme", ("Arn",), MEMBERS)
    yield from each("subscription", "list_subscriptions_by_topic", "@", ("Endpoint",), MEMBERS)


def _root(gib: int) -> dict[str, Any]:
    return {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": gib}}


def foreign() -> Iterator[Poison]:
    """Things that bear our tags and that nobody declares."""
    owners = {"reconciler:site": "acme", "reconciler:workstation": "zed", "reconciler:fleet": "x"}
    tagged = [{"Key": key, "Value": value} for key, value in owners.items()]
    group = {"MinSize": 0, "MaxSize": 1, "DesiredCapacity": 0, "VPCZoneIdentifier": "subnet-0"}
    forty = tuple(
        {
            **group,
            "AutoScalingGroupName": f"acme-zed-{number}",
            "Tags": [*tagged, {"Key": "reconciler:workstation", "Value": f"zed-{number}"}],
        }
        for number in range(40)
    )
    operation = "describe_auto_scaling_groups"
    yield Added("forty groups of nobody", operation, "", print, "", forty)
    subnets = tuple(
        {
            "SubnetId": f"subnet-0000000000000000{zone}",
            "VpcId": "vpc-00000000000000000",
            "AvailabilityZone": f"us-east-1{zone}",
            "Tags": [{"Key": "Tier", "Value": "private"}],
        }
        for zone in "abc"
    )
    yield Added("subnets of another VPC", "describe_subnets", "", print, "", subnets)
    yield Added("a subnet without members", "describe_subnets", "", print, "", ({},))
    bare = {"FileSystemId": "fs-1", "FileSystemType": "LUSTRE", "Tags": tagged}
    yield Added("a file system without members", "describe_file_systems", "", print, "zed", (bare,))
    volume = {"VolumeId": "vol-1", "Tags": tagged}
    yield Added("a volume without members", "describe_volumes", "", print, "zed", (volume,))


POISONS = (
    *groups(), *actions(), *machines(), *templates(), *storage(), *hours(), *shared(), *foreign(),
)  # fmt: skip
