"""Auto Scaling's scheduled actions: one time each, run by `timers.py`, then gone."""

from __future__ import annotations

from tests.strict.aws import Here, Refusal
from tests.strict.tables import Record

SIZES = ("MinSize", "MaxSize", "DesiredCapacity")
LATE = 90.0
"""Seconds: an action may come up to two minutes late (D, scheduled scaling)."""


def put_scheduled_update_group_action(here: Here, p: Record) -> Record:
    """An upsert by name; a start time that is past is refused (M).

    Sizes are checked against each other here, and against the group when it runs.
    """
    group = _group(here, p["AutoScalingGroupName"])
    given = {size: p[size] for size in SIZES if size in p}
    if p["StartTime"] < here.aws.now():
        raise Refusal("ValidationError", "Given start time is in the past")
    least, most = given.get("MinSize", 0), given.get("MaxSize", 10_000)
    if not given or not least <= given.get("DesiredCapacity", least) <= most:
        raise Refusal("ValidationError", "Desired capacity must be between min size and max size")
    # Open: "If you leave a parameter unspecified when updating a scheduled scaling action, the
    # corresponding value remains unchanged" (botocore until 1.20.0), gone since 1.29.0. The world
    # in which that still holds is the one that can harm.
    old = here.all("actions").get(f"{group}/{p['ScheduledActionName']}", {})
    given = {size: old[size] for size in SIZES if size in old} | given
    kept = {key: p[key] for key in ("AutoScalingGroupName", "ScheduledActionName", "StartTime")}
    here.put("actions", f"{group}/{p['ScheduledActionName']}", {**kept, **given})
    return {}


def describe_scheduled_actions(here: Here, p: Record) -> Record:
    """What is still to come (M)."""
    group, names = p.get("AutoScalingGroupName"), p.get("ScheduledActionNames")

    def found() -> list[Record]:
        return [
            action
            for action in here.seen("actions").values()
            if group in (None, action["AutoScalingGroupName"])
            and (not names or action["ScheduledActionName"] in names)
        ]

    return here.page(p, "ScheduledUpdateGroupActions", found, "MaxRecords", 100)


def delete_scheduled_action(here: Here, p: Record) -> Record:
    """ValidationError for one that is not there, as for any unknown name (M)."""
    key = f"{_group(here, p['AutoScalingGroupName'])}/{p['ScheduledActionName']}"
    if key not in here.all("actions"):
        raise Refusal("ValidationError", f"Scheduled action name not found - null: {key}")
    here.drop("actions", key)
    return {}


def _group(here: Here, name: str) -> str:
    if name not in here.named("groups"):
        raise Refusal("ValidationError", f"AutoScalingGroup name not found - null: {name}")
    return name
