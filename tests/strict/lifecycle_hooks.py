"""Lifecycle hooks, and the instances that wait in one until it is completed or times out.

By default a machine completes its hook at once (`StrictAws.machines_leave`), so that what a call
ends is gone when the call returns.
"""

from __future__ import annotations

from tests.strict.aws import Here, Refusal
from tests.strict.tables import Record

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
WAITING = "Terminating:Wait"


def hook(p: Record) -> Record:
    """A hook as it is kept (M, LifecycleHookSpecification, PutLifecycleHook)."""
    kept = {"HeartbeatTimeout": 3600, "DefaultResult": "ABANDON", **p}
    if not 30 <= kept["HeartbeatTimeout"] <= 7200:
        raise _invalid("HeartbeatTimeout must be between 30 and 7200 seconds")
    if "LifecycleTransition" not in kept:
        raise _invalid("LifecycleTransition is required for a new hook")
    return {**kept, "GlobalTimeout": min(172_800, 100 * kept["HeartbeatTimeout"])}


def put_lifecycle_hook(here: Here, p: Record) -> Record:
    """Creates or updates; it holds what is ended from now on (M)."""
    group = _group(here, p)
    old = group.get("Hooks", {}).get(p["LifecycleHookName"], {})
    hooks = {**group.get("Hooks", {}), p["LifecycleHookName"]: hook({**old, **p})}
    here.put("groups", group["AutoScalingGroupName"], {**group, "Hooks": hooks})
    return {}


def describe_lifecycle_hooks(here: Here, p: Record) -> Record:
    """Of one group, in one answer (M)."""
    return {"LifecycleHooks": list(_group(here, p)["Hooks"].values())}


def holding(group: Record) -> Record | None:
    """The hook that holds what the group ends, if there is one."""
    found = [h for h in group.get("Hooks", {}).values() if h["LifecycleTransition"] == TERMINATING]
    return found[0] if found else None


def held(here: Here, instance: Record, found: Record) -> Record:
    """An instance that waits, with what tells it from others that do."""
    now = here.aws.seconds
    return {
        **instance,
        "LifecycleState": WAITING,
        "Token": here.new_id("token", instance["InstanceId"]),
        "WaitUntil": now + found["HeartbeatTimeout"],
        "LastUntil": now + found["GlobalTimeout"],
    }


MEMBERS_OF_OURS = ("Token", "WaitUntil", "LastUntil")
"""What DescribeAutoScalingGroups does not tell of an instance."""


def complete_lifecycle_action(here: Here, p: Record) -> Record:
    """Either result lets the instance end (D, "adding lifecycle hooks")."""
    group, instance = _waiting(here, p)
    _write(here, group, {**instance, "WaitUntil": here.aws.seconds})
    expire(here)
    return {}


def record_lifecycle_action_heartbeat(here: Here, p: Record) -> Record:
    """Begins the timeout anew, a hundred timeouts in all at most (D, lifecycle hooks)."""
    group, instance = _waiting(here, p)
    until = here.aws.seconds + group.get("Hooks", {})[p["LifecycleHookName"]]["HeartbeatTimeout"]
    _write(here, group, {**instance, "WaitUntil": min(until, instance["LastUntil"])})
    return {}


def expire(here: Here) -> None:
    """End the instances whose time to wait is over; EC2 may have ended one long before."""
    here = here.of("autoscaling")
    for name, group in here.all("groups").items():
        over = [
            each["InstanceId"]
            for each in group["Instances"]
            if each.get("WaitUntil", float("inf")) <= here.aws.seconds
        ]
        if over:
            left = [each for each in group["Instances"] if each["InstanceId"] not in over]
            here.put("groups", name, {**group, "Instances": left})
        for each in over:
            ended_in_ec2(here, each)


def ended_in_ec2(here: Here, name: str) -> None:
    """EC2 has ended an instance."""
    ec2 = here.of("ec2")
    record = ec2.all("instances")[name]
    ec2.put("instances", name, {**record, "State": {"Name": "terminated"}})


def _write(here: Here, group: Record, instance: Record) -> None:
    same = instance["InstanceId"]
    members = [instance if m["InstanceId"] == same else m for m in group["Instances"]]
    here.put("groups", group["AutoScalingGroupName"], {**group, "Instances": members})


def _waiting(here: Here, p: Record) -> tuple[Record, Record]:
    """By token or by instance; the refusal is in AWS's words, as they were reported."""
    expire(here)
    group, token = _group(here, p), p.get("LifecycleActionToken", "")
    name = p.get("InstanceId", "")
    for instance in group["Instances"] if p["LifecycleHookName"] in group.get("Hooks", {}) else ():
        if instance["LifecycleState"] != WAITING or not (token or name):
            continue
        if token in ("", instance["Token"]) and name in ("", instance["InstanceId"]):
            return group, instance
    by = f"token {token}" if token else f"instance ID {name}"
    raise _invalid(f"No active Lifecycle Action found with {by}")


def _group(here: Here, p: Record) -> Record:
    name = p["AutoScalingGroupName"]
    group = here.all("groups").get(name)
    if group is None or name not in here.named("groups") or "Status" in group:
        raise _invalid(f"AutoScalingGroup name not found - null: {name}")
    return group


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message)
