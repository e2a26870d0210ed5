"""What there is in the account, counted, and what there should be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.kinds.world import client
from tests.promises import fleets
from tests.promises.fleets import Tree

DATA_DELETES = {"DeleteFileSystem", "DeleteVolume", "DeleteSnapshot", "DeleteBackup"}


def vision(team: str = "vision", start: str = "Mon-Fri 09:00", *, carol: bool = True) -> Tree:
    """Three workstations: a Lustre home and a shared mount, an EBS home, no home."""
    plain = {"instance_types": fleets.TYPES, "schedule": fleets.HOURS}
    made = fleets.vision(carol=plain if carol else None)
    made["defaults"] = {"tags": {"Team": team}}
    for settings in made["workstations"].values():
        settings["schedule"] = {**fleets.HOURS, "start": start}
    return made


def _tags(thing: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", ())}


@dataclass(frozen=True)
class Counts:
    """How many there are of each name; a doubled thing has a 2."""

    groups: Counter[str]
    templates: Counter[str]
    versions: Counter[str]
    file_systems: Counter[str]
    volumes: Counter[str]
    edges: Counter[str]  # schedules, without the hash of their content
    security_groups: Counter[str]
    rules: Counter[str]
    targets: Counter[str]
    topics: Counter[str]


def counts() -> Counts:
    """Of everything a run makes."""
    ec2, events, scheduler = client("ec2"), client("events"), client("scheduler")
    templates = ec2.describe_launch_templates()["LaunchTemplates"]
    asked = [{"Name": "tag:reconciler:file-system", "Values": ["*"]}]
    groups = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    try:
        schedules = scheduler.list_schedules(GroupName="acme")["Schedules"]
    except scheduler.exceptions.ResourceNotFoundException:
        schedules = []
    rules = [each["Name"] for each in events.list_rules()["Rules"]]
    security_groups = [
        each
        for each in ec2.describe_security_groups()["SecurityGroups"]
        if each["GroupName"] != "default" and "reconciler:site" in _tags(each)
    ]
    volumes = ec2.describe_volumes(Filters=asked)["Volumes"]
    targets = [t for rule in rules for t in events.list_targets_by_rule(Rule=rule)["Targets"]]
    file_systems = client("fsx").describe_file_systems()["FileSystems"]
    return Counts(
        groups=Counter(each["AutoScalingGroupName"] for each in groups),
        templates=Counter(each["LaunchTemplateName"] for each in templates),
        versions=Counter(
            {each["LaunchTemplateName"]: each["LatestVersionNumber"] for each in templates}
        ),
        file_systems=Counter(_tags(each)["Name"] for each in file_systems),
        volumes=Counter(_tags(each)["Name"] for each in volumes),
        edges=Counter("-".join(each["Name"].split("-")[:2]) for each in schedules),
        security_groups=Counter(each["GroupName"] for each in security_groups),
        rules=Counter(rules),
        targets=Counter(each["Arn"] for each in targets),
        topics=Counter(each["TopicArn"] for each in client("sns").list_topics()["Topics"]),
    )


def faults(*, carol: bool = True, version: int | None = None) -> list[str]:
    """What is missing, doubled or left over; `version` is that of every launch template."""
    there = counts()
    names = {f"acme-{name}": 1 for name in ("alice", "bob", *(["carol"] if carol else []))}
    edges = {f"{n.removeprefix('acme-')}-{e}": 1 for n in names for e in ("start", "stop")}
    wanted = {
        "groups": names,
        "templates": names,
        "file_systems": {"acme-alice/home": 1, "acme-vision/datasets": 1},
        "volumes": {"acme-bob/home": 1},
        "edges": edges,
        "rules": {"acme-events": 1},
    }
    found = {resource: dict(getattr(there, resource)) for resource in wanted}
    wrong = [
        f"{resource}: {found[resource]}"
        for resource in wanted
        if found[resource] != wanted[resource]
    ]
    for resource in ("security_groups", "targets", "topics"):
        number: Counter[str] = getattr(there, resource)
        if not number or max(number.values()) > 1:
            wrong.append(f"{resource}: {dict(number)}")
    if version is not None and set(there.versions.values()) != {version}:
        wrong.append(f"versions of templates: {dict(there.versions)}, not {version}")
    return wrong
