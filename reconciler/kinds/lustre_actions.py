"""Updates of a Lustre file system as FSx reports them: running, failed, or too soon again.

The administrative actions of a file system are its ten newest updates (Lustre user guide,
"Monitoring storage capacity increases"). All functions are pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from reconciler.kinds import root_squash
from reconciler.plan.model import Failed
from reconciler.plan.projection import Unreadable

BETWEEN = timedelta(hours=6)
"""Between two increases of storage, and two changes of throughput (Lustre user guide, "Managing
storage capacity" and "Managing provisioned throughput capacity")."""

FORGOTTEN = timedelta(days=7)
"""A change that AWS gave up is not sent again for so long: time to mend what was in its way, and
short enough that nobody has to remember it."""

_FIELDS = {
    "StorageCapacity": "storage_capacity",
    "FileSystemTypeVersion": "file_system_type_version",
}
_LUSTRE_FIELDS = {
    "PerUnitStorageThroughput": "per_unit_storage_throughput",
    "DataCompressionType": "data_compression_type",
    "AutomaticBackupRetentionDays": "automatic_backup_retention_days",
    "WeeklyMaintenanceStartTime": "weekly_maintenance_start_time",
}
_SCALED = ("storage_capacity", "per_unit_storage_throughput")


def _updates(item: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Each update, the newest first, with the values it leads to, by our fields."""
    actions = [
        action
        for action in item.get("AdministrativeActions", ())
        if action["AdministrativeActionType"] == "FILE_SYSTEM_UPDATE"
    ]
    for action in sorted(actions, key=_asked, reverse=True):
        target = action.get("TargetFileSystemValues", {})
        lustre = target.get("LustreConfiguration", {})
        values = {field: target[name] for name, field in _FIELDS.items() if name in target}
        values |= {field: lustre[name] for name, field in _LUSTRE_FIELDS.items() if name in lustre}
        if "RootSquashConfiguration" in lustre:
            values["root_squash"] = root_squash.read(lustre["RootSquashConfiguration"])
        yield action, values


def _asked(action: Mapping[str, Any]) -> datetime:
    """When AWS was asked for it."""
    at = action["RequestTime"]
    if not isinstance(at, datetime):
        raise Unreadable(f"RequestTime in AWS's answer is {at!r:.60}")
    return at


def under_way(item: Mapping[str, Any]) -> dict[str, Any]:
    """Collect the targets of running updates, by field, so that no update is sent twice."""
    coming: dict[str, Any] = {}
    for action, values in _updates(item):
        if action["Status"] in ("PENDING", "IN_PROGRESS"):
            coming = values | coming
    return coming


def failed(item: Mapping[str, Any], now: datetime) -> tuple[Failed, ...]:
    """List the changes that AWS gave up lately, with its reason and what to do."""
    found: list[Failed] = []
    later: set[str] = set()  # fields that a newer update changed
    for action, values in _updates(item):
        at = _asked(action)
        if action["Status"] == "FAILED" and now - at < FORGOTTEN:
            message = action.get("FailureDetails", {}).get("Message", "it gives no reason")
            for name in values.keys() - later:
                why = (
                    f"AWS gave up the change of {name} to {values[name]} that was sent "
                    f"{_stamp(at)}: {message}. Correct that; a run sends it again from "
                    f"{_stamp(at + FORGOTTEN)} on. `aws fsx update-file-system "
                    f"--file-system-id {item['FileSystemId']}`, with that value, sends it now"
                )
                found.append(Failed(name, values[name], why))
        later |= values.keys()
    return tuple(sorted(found, key=lambda each: each.field))


def later(item: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """List the fields that AWS cannot change again yet, and the reasons."""
    found: dict[str, str] = {}
    for action, values in _updates(item):
        for name in _SCALED:
            if name not in values or name in found or action["Status"] == "FAILED":
                continue
            again = _asked(action) + BETWEEN
            if action["Status"] in ("UPDATED_OPTIMIZING", "OPTIMIZING"):
                found[name] = (
                    f"AWS is still at the last change of {name} ({_progress(item)}): the next one "
                    f"once that has ended, and not before {_stamp(again)}"
                )
            elif now < again:
                found[name] = (
                    f"AWS takes a change of {name} six hours after the last one: from "
                    f"{_stamp(again)} on"
                )
    return found


def _progress(item: Mapping[str, Any]) -> str:
    """`57 % of the optimisation`."""
    percents = [
        action.get("ProgressPercent")
        for action in item.get("AdministrativeActions", ())
        if str(action.get("AdministrativeActionType")).endswith("_OPTIMIZATION")
    ]
    known = [each for each in percents if isinstance(each, int)]
    return f"{known[0]} % of the optimisation" if known else "its optimisation"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
