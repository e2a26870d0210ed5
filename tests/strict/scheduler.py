"""EventBridge Scheduler: groups, which have tags, and schedules, which have none."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.strict.aws import Here, Refusal
from tests.strict.tables import Record
from tests.strict.tags import retagged, untagged

AT = re.compile(r"at\((.+)\)")

DELETING_SECONDS = 30
"""Deleting a group is asynchronous (M, DeleteScheduleGroup)."""


def _groups(here: Here, view: Any) -> dict[str, Record]:
    """Groups, with the state that the clock gives them."""
    now = here.aws.seconds
    return {
        name: {**group, "State": "DELETING" if group["GoneAt"] else "ACTIVE"}
        for name, group in view.items()
        if not group["GoneAt"] or group["GoneAt"] > now
    }


def create_schedule_group(here: Here, p: Record) -> Record:
    """ConflictException for a name that is taken, also while it is being deleted (M)."""

    def make() -> str:
        if p["Name"] in _groups(here, here.all("groups")):
            raise Refusal("ConflictException", f"Schedule group {p['Name']} already exists.", 409)
        now = here.aws.now()
        here.put(
            "groups",
            p["Name"],
            {
                "Name": p["Name"],
                "Arn": here.arn(f"schedule-group/{p['Name']}"),
                "CreationDate": now,
                "LastModificationDate": now,
                "Tags": list(p.get("Tags", ())),
                "GoneAt": 0.0,
            },
        )
        return here.arn(f"schedule-group/{p['Name']}")

    return {"ScheduleGroupArn": here.once(p.get("ClientToken"), p, make, "ConflictException")}


def get_schedule_group(here: Here, p: Record) -> Record:
    """A group, without its tags."""
    group = _groups(here, here.seen("groups")).get(p["Name"]) or _no_group(p["Name"])
    return {key: value for key, value in group.items() if key not in ("Tags", "GoneAt")}


def delete_schedule_group(here: Here, p: Record) -> Record:
    """Takes its schedules with it, in time (M)."""
    group = _group(here, p["Name"])
    here.put("groups", p["Name"], {**group, "GoneAt": here.aws.seconds + DELETING_SECONDS})
    for key, schedule in here.all("schedules").items():
        if schedule["GroupName"] == p["Name"]:
            here.drop("schedules", key)
    return {}


def list_tags_for_resource(here: Here, p: Record) -> Record:
    """Only groups have tags (M)."""
    name = p["ResourceArn"].split("/")[-1]
    return {"Tags": (here.seen("groups").get(name) or _no_group(name))["Tags"]}


def tag_resource(here: Here, p: Record) -> Record:
    """Set some tags of a group."""
    name = p["ResourceArn"].split("/")[-1]
    group = here.all("groups").get(name) or _no_group(name)
    here.put("groups", name, {**group, "Tags": retagged(group["Tags"], p["Tags"])})
    return {}


def untag_resource(here: Here, p: Record) -> Record:
    """Remove some tags of a group."""
    name = p["ResourceArn"].split("/")[-1]
    group = here.all("groups").get(name) or _no_group(name)
    here.put("groups", name, {**group, "Tags": untagged(group["Tags"], p["TagKeys"])})
    return {}


def create_schedule(here: Here, p: Record) -> Record:
    """ConflictException for a name that is taken; a group must be there (M).

    A token answers as before even when its schedule is gone: the strict choice.
    """
    group, name = p.get("GroupName", "default"), p["Name"]

    def make() -> str:
        _group(here, group)
        _in_time(here, p)
        key = f"{group}/{name}"
        if key in here.all("schedules"):
            raise Refusal("ConflictException", f"Schedule {name} already exists.", 409)
        now = here.aws.now()
        arn = here.arn(f"schedule/{key}")
        made = {"Arn": arn, "CreationDate": now, "LastModificationDate": now}
        here.put("schedules", key, {**_body(p, group), **made})
        return arn

    return {"ScheduleArn": here.once(p.get("ClientToken"), p, make, "ConflictException")}


def _in_time(here: Here, p: Record) -> None:
    """A time that is past: the strict choice, as public reports have it. AWS does not say."""
    found = AT.fullmatch(p["ScheduleExpression"])
    if found:
        zone = ZoneInfo(p.get("ScheduleExpressionTimezone", "UTC"))
        if datetime.fromisoformat(found[1]).replace(tzinfo=zone) <= here.aws.now():
            raise Refusal("ValidationException", f"{p['ScheduleExpression']} is in the past")


def _body(p: Record, group: str) -> Record:
    """Whole: what is left out goes back to its default (M, UpdateSchedule)."""
    window = p["FlexibleTimeWindow"]
    if "Mode" not in window:
        raise Refusal("ValidationException", "FlexibleTimeWindow needs a Mode")
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise Refusal("ValidationException", "MaximumWindowInMinutes goes with FLEXIBLE alone")
    default = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    return {
        "State": "ENABLED",
        "ScheduleExpressionTimezone": "UTC",
        "ActionAfterCompletion": "NONE",
        **{key: value for key, value in p.items() if key != "ClientToken"},
        "GroupName": group,
        "Target": {"RetryPolicy": default, **p["Target"]},
    }


def get_schedule(here: Here, p: Record) -> Record:
    """Return a whole schedule."""
    key = f"{p.get('GroupName', 'default')}/{p['Name']}"
    return dict(here.seen("schedules").get(key) or _no_schedule(key))


def update_schedule(here: Here, p: Record) -> Record:
    """Replaces the whole, and moves the modification date (M)."""
    group = p.get("GroupName", "default")
    key = f"{group}/{p['Name']}"
    old = here.all("schedules").get(key) or _no_schedule(key)
    kept = {"Arn": old["Arn"], "CreationDate": old["CreationDate"]}
    changed = {**_body(p, group), **kept, "LastModificationDate": here.aws.now()}
    here.put("schedules", key, changed)
    return {"ScheduleArn": old["Arn"]}


def delete_schedule(here: Here, p: Record) -> Record:
    """ResourceNotFoundException for one that is gone (M)."""
    key = f"{p.get('GroupName', 'default')}/{p['Name']}"
    if key not in here.all("schedules"):
        _no_schedule(key)
    here.drop("schedules", key)
    return {}


def list_schedules(here: Here, p: Record) -> Record:
    """Summaries: neither expression nor input. An unknown group is refused (M)."""
    group, prefix = p["GroupName"], p.get("NamePrefix", "")
    if group not in here.seen("groups"):
        _no_group(group)

    def found() -> list[Record]:
        names = ("Arn", "CreationDate", "GroupName", "LastModificationDate", "Name", "State")
        return [
            {**{n: schedule[n] for n in names}, "Target": {"Arn": schedule["Target"]["Arn"]}}
            for schedule in here.seen("schedules").values()
            if schedule["GroupName"] == group and schedule["Name"].startswith(prefix)
        ]

    return here.page(p, "Schedules", found, most=100)


def _group(here: Here, name: str) -> Record:
    known = here.named("groups")
    group = _groups(here, known).get(name) or _no_group(name)
    if group["State"] == "DELETING":
        raise Refusal("ConflictException", f"Schedule group {name} is being deleted.", 409)
    return known[name]


def _no_group(name: str) -> Record:
    raise Refusal("ResourceNotFoundException", f"Schedule group {name} does not exist.", 404)


def _no_schedule(key: str) -> Record:
    raise Refusal("ResourceNotFoundException", f"Schedule {key} does not exist.", 404)
