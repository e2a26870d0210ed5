"""What must hold whatever went wrong: one function, after every scenario."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from reconciler.kinds import KINDS
from reconciler.plan.kind import Scope
from reconciler.plan.ownership import SITE, STOP_HOOK, WORKSTATION, read_tags
from reconciler.workstation import stop_hook
from tests.strict.aws import Sent, StrictAws
from tests.strict.door import Door
from tests.strict.tables import Record

DATA_DELETES = frozenset(
    {"delete_access_point", "delete_file_system", "delete_mount_target", "delete_snapshot"}
    | {"delete_volume"}
)
SHARED_DELETES = frozenset(
    {
        "delete_queue",
        "delete_rule",
        "delete_schedule_group",
        "delete_security_group",
        "delete_topic",
        "unsubscribe",
    }
)
READS = ("describe_", "get_", "list_")
RANDOM_IDS = re.compile(r"\b(fs|fsap|fsmt|i|lt|sg|vol)-[0-9a-f]{17}\b|\bm[0-9a-f]{7}\b")

SITE_NAME = "acme"


def by_run(aws: StrictAws) -> Iterator[Sent]:
    """What runs have sent, without what hands did."""
    return (sent for sent in aws.sent if sent.actor.startswith("run"))


def writes(aws: StrictAws) -> list[Sent]:
    """The calls of runs that are no reads."""
    return [sent for sent in by_run(aws) if not sent.operation.startswith(READS)]


def broken(aws: StrictAws, strangers: Mapping[str, Any], *, midway: bool = False) -> list[str]:
    """Every promise that does not hold, in words; none is what a test wants.

    `midway`, a schedule and the one that replaces it may stand side by side: one always fires.
    """
    return [*doubled(aws, midway), *deeds(aws), *unhooked(aws), *touched(aws, strangers)]


def _tables(aws: StrictAws, service: str, table: str) -> Iterator[Record]:
    for (name, _), store in aws.stores.items():
        if name == service:
            yield from store.tables.get(table, {}).values()


def doubled(aws: StrictAws, midway: bool = False) -> Iterator[str]:
    """At most one of each thing: by tags where AWS has no names, else by name and edge."""
    owners = [
        *(("file system", _identity(f["Tags"])) for f in _tables(aws, "fsx", "systems")),
        *(("EFS file system", _identity(f["Tags"])) for f in _tables(aws, "efs", "systems")),
        *(("access point", _identity(a["Tags"])) for a in _tables(aws, "efs", "points")),
        *(("volume", _identity(v["Tags"])) for v in _tables(aws, "ec2", "volumes")),
        *(("template", t["LaunchTemplateName"]) for t in _tables(aws, "ec2", "templates")),
        *(("group", (g["GroupName"], g["VpcId"])) for g in _tables(aws, "ec2", "groups")),
        *(
            ("schedule", (s["GroupName"], re.sub(r"-[0-9a-f]{8}(-\d+)?$", "", s["Name"])))
            for s in (() if midway else _tables(aws, "scheduler", "schedules"))
        ),
    ]
    for (kind, owner), count in Counter(pair for pair in owners if pair[1]).items():
        if count > 1:
            yield f"{count} of {kind} {owner}"
    before: Record | None = None
    for version in sorted(
        _tables(aws, "ec2", "versions"), key=lambda v: (v["LaunchTemplateId"], v["VersionNumber"])
    ):
        if (
            before
            and before["LaunchTemplateId"] == version["LaunchTemplateId"]
            and before["LaunchTemplateData"] == version["LaunchTemplateData"]
        ):
            yield f"version {version['VersionNumber']} of {version['LaunchTemplateName']} again"
        before = version


def _identity(tags: list[Record]) -> tuple[str, ...]:
    """Whose data it is, as far as tags tell; () for a stranger's."""
    found = read_tags(tags)
    if found.get(SITE) != SITE_NAME:
        return ()
    return tuple(f"{k}={v}" for k, v in sorted(found.items()) if k.startswith("reconciler:"))


def deeds(aws: StrictAws) -> Iterator[str]:
    """No data deleted, nothing shared deleted, nobody cut off."""
    for sent in by_run(aws):
        if sent.operation in DATA_DELETES | SHARED_DELETES and not sent.code:
            yield f"a run deletes: {sent}"
    for instance, sent in aws.ended:
        if sent.actor.startswith("run"):
            yield f"{instance} was ended by {sent}"


def unhooked(aws: StrictAws) -> Iterator[str]:
    """A group whose tag says that its lifecycle hook stands has that hook."""
    for group in _tables(aws, "autoscaling", "groups"):
        seconds = read_tags(group["Tags"]).get(STOP_HOOK)
        hook = group.get("Hooks", {}).get(stop_hook.NAME, {})
        if seconds and seconds != str(hook.get("HeartbeatTimeout")):
            name = group["AutoScalingGroupName"]
            yield f"{name} is tagged with a lifecycle hook of {seconds} s, and has {hook}"


def foreign(aws: StrictAws) -> dict[str, Any]:
    """Every record that does not carry our tag, by where it stands."""
    found: dict[str, Any] = {}
    for (service, region), store in aws.stores.items():
        groups = {
            name
            for name, group in store.tables.get("groups", {}).items()
            if read_tags(group.get("Tags", ())).get(SITE) == SITE_NAME
        }
        for table, records in store.tables.items():
            if (service, table) in CONTENT:
                continue
            for key, record in records.items():
                owned = read_tags(record.get("Tags", ())).get(SITE) == SITE_NAME
                if service == "scheduler" and table == "schedules":
                    owned = record["GroupName"] in groups
                if service == "sns" and table == "subscriptions":
                    owned = record["Attributes"] == {
                        "FilterPolicy": f'{{"to": ["{record["Endpoint"]}"]}}'
                    }
                if not owned:
                    found[f"{service}/{region}/{table}/{key}"] = record
    return found


CONTENT = frozenset(
    {
        ("autoscaling", "activities"),
        ("ec2", "first"),
        ("ec2", "instances"),
        ("ec2", "tokens"),
        ("ec2", "versions"),
        ("efs", "targets"),
        ("fsx", "tokens"),
        ("scheduler", "tokens"),
        ("sqs", "deleted"),
    }
)
"""Tables whose records belong to others, or to AWS itself."""


def touched(aws: StrictAws, before: Mapping[str, Any]) -> Iterator[str]:
    now = foreign(aws)
    for where, record in before.items():
        if where not in now:
            yield f"a stranger's is gone, or ours now: {where}"
        elif now[where] != record:
            yield f"a stranger's has changed: {where}"


def essence(aws: StrictAws) -> dict[str, str]:
    """What stands, read as the product reads it, without the ids that AWS makes up."""
    twin = aws.fork()
    twin.settled()
    twin.short_pages = twin.replicas = False
    found: dict[str, str] = {}
    for (service, region), _ in list(twin.stores.items()):
        if service != "ec2":
            continue
        door = Door(twin, region)
        for kind in KINDS:
            for live in kind.find(door, Scope(SITE_NAME, aws.now())):
                state = f"owned={live.owned} ready={live.ready} in use={live.in_use}"
                found[f"{region} {live.key}"] = RANDOM_IDS.sub(
                    r"\1", f"{_plain(live.spec)} {state}"
                )
    return found


def _plain(value: Any) -> Any:
    """In one order; without the template's version, whose number is nobody's concern."""
    if is_dataclass(value):
        members = ((member.name, getattr(value, member.name)) for member in fields(value))
        return {n: _plain(v) for n, v in members if n != "launch_template_version"}
    if isinstance(value, frozenset):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def abandoned(aws: StrictAws, wanted: set[str]) -> list[str]:
    """Workstations that have an owned group or template and are declared nowhere."""
    tagged = [
        *(g["Tags"] for g in _tables(aws, "autoscaling", "groups") if "Status" not in g),
        *(t["Tags"] for t in _tables(aws, "ec2", "templates")),
    ]
    found = {
        tags[WORKSTATION]
        for item in tagged
        if (tags := read_tags(item)).get(SITE) == SITE_NAME and WORKSTATION in tags
    }
    return sorted(found - wanted)
