"""A group's scaling activities, and the events that tell of them.

The events' members are those of the user guide. [D ec2-auto-scaling-event-reference]
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from reconciler.sandbox.operations import Call, Wire
from reconciler.sandbox.services import bus
from reconciler.sandbox.services.failures import LARGEST_MESSAGE
from reconciler.sandbox.services.groups import Group
from reconciler.sandbox.world import request_id

Direction = Literal["Launch", "Terminate"]
KEPT = 200
"""Of one group. AWS keeps six weeks; a group that is short for weeks fails thousands of times."""


def launched(call: Call, group: Group, cause: str, instance_id: str, details: Wire) -> Wire:
    """Record that an instance was launched."""
    text = f"Launching a new EC2 instance: {instance_id}"
    activity = _note(call, group, text, cause, details, "Successful", "")
    _emit(call, group, "Launch", activity, instance_id, details)
    return activity


def terminating(call: Call, group: Group, cause: str, instance_id: str, zone: str) -> Wire:
    """Record that an instance is being terminated."""
    text = f"Terminating EC2 instance: {instance_id}"
    details = {"Availability Zone": zone}
    activity = _note(call, group, text, cause, details, "MidLifecycleAction", "")
    activity |= {"EndTime": None, "Progress": 60}
    return activity


def ended(call: Call, group: Group, activity: Wire, instance_id: str) -> None:
    """Record that an instance that was being terminated is gone."""
    activity |= {"EndTime": call.world.now(), "Progress": 100, "StatusCode": "Successful"}
    details = json.loads(activity["Details"])
    _emit(call, group, "Terminate", activity, instance_id, details)


def not_launched(
    call: Call, group: Group, cause: str, message: str, details: Wire, instance_id: str = ""
) -> Wire:
    """Record that a launch failed; one that had an instance already is called cancelled."""
    of = f": {instance_id}" if instance_id else ""
    text = f"Launching a new EC2 instance{of}.  Status Reason: {message}"
    status = "Cancelled" if instance_id else "Failed"
    activity = _note(call, group, text, cause, details, status, message)
    _emit(call, group, "Launch", activity, instance_id, details)
    return activity


def _note(
    call: Call,
    group: Group,
    description: str,
    cause: str,
    details: Wire,
    status: str,
    message: str,
) -> Wire:
    """The newest comes first, as DescribeScalingActivities shows them."""
    quoted = ",".join(f'"{key}":"{value}"' for key, value in details.items())
    now = call.world.now()
    activity = {
        "ActivityId": request_id(),
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": description,
        "Cause": cause,
        "StartTime": now,
        "EndTime": now,
        "StatusCode": status,
        "StatusMessage": message[:LARGEST_MESSAGE] or None,
        "Progress": 100,
        "Details": "{" + quoted + "}",
    }
    group.activities.insert(0, activity)
    del group.activities[KEPT:]
    return activity


def _emit(
    call: Call, group: Group, way: Direction, activity: Wire, instance_id: str, details: Wire
) -> None:
    done = activity["StatusCode"] == "Successful"
    ends = ("EC2", "AutoScalingGroup")
    origin, destination = ends if way == "Launch" else ends[::-1]
    detail = {
        "StatusCode": "InProgress" if done else activity["StatusCode"],  # what AWS says of success
        "Description": activity["Description"],
        "AutoScalingGroupName": group.name,
        "ActivityId": activity["ActivityId"],
        "Details": details,
        "RequestId": activity["ActivityId"],
        "StatusMessage": activity["StatusMessage"] or "",
        "EndTime": _time(activity["EndTime"]),
        "EC2InstanceId": instance_id,
        "StartTime": _time(activity["StartTime"]),
        "Cause": activity["Cause"],
        "Origin": origin,
        "Destination": destination,
    }
    resources = [group.arn]
    if instance_id:
        resources.append(call.arn("ec2", f"instance/{instance_id}"))
    bus.emit(
        call.world,
        call.region,
        "aws.autoscaling",
        f"EC2 Instance {way} {'Successful' if done else 'Unsuccessful'}",
        detail,
        resources,
    )


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
