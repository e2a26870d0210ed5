"""Auto Scaling's lifecycle hooks, and the instances that wait in one before they end.

A hook that launches is kept and not acted on. [D lifecycle-hooks, lifecycle-hooks-overview]
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from reconciler.sandbox.operations import Call, Wire, operation
from reconciler.sandbox.services import bus
from reconciler.sandbox.services.groups import Group, Groups, find, invalid
from reconciler.sandbox.services.members import Member, Waiting
from reconciler.sandbox.world import World, request_id

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
RESULTS = ("CONTINUE", "ABANDON")

Listener = Callable[[World, str, str, str], None]
ON_WAITING: list[Listener] = []
"""Who wants to know that an instance waits to be ended: world, region, group and instance."""


@operation("autoscaling", "PutLifecycleHook")
def put(call: Call) -> None:
    """Answer PutLifecycleHook, which creates or updates; moto loses the notification target."""
    put_hook(find(call), call.params)


def put_hook(group: Group, given: Wire) -> None:
    """Keep a hook; members left out of a change stay. Raises: AwsError for a hook that AWS
    refuses."""
    before = group.hooks.get(given["LifecycleHookName"], {})
    hook = {"HeartbeatTimeout": 3600, "DefaultResult": "ABANDON", **before, **given}
    if not 30 <= int(hook["HeartbeatTimeout"]) <= 7200:
        raise invalid("HeartbeatTimeout must be between 30 and 7200 seconds.")
    if not hook.get("LifecycleTransition"):
        raise invalid("LifecycleTransition must be given for a new hook.")
    hook["GlobalTimeout"] = min(172_800, 100 * int(hook["HeartbeatTimeout"]))
    group.hooks[hook["LifecycleHookName"]] = {**hook, "AutoScalingGroupName": group.name}


@operation("autoscaling", "DescribeLifecycleHooks")
def describe(call: Call) -> Wire:
    """Answer DescribeLifecycleHooks of one group, in one page."""
    names = call.params.get("LifecycleHookNames")
    hooks = find(call).hooks.values()
    return {
        "LifecycleHooks": [
            hook for hook in hooks if not names or hook["LifecycleHookName"] in names
        ]
    }


@operation("autoscaling", "DeleteLifecycleHook")
def delete(call: Call) -> None:
    """Answer DeleteLifecycleHook. A name that does not exist is an error."""
    if find(call).hooks.pop(call.params["LifecycleHookName"], None) is None:
        raise invalid("No Lifecycle Hook found")


def hold(call: Call, group: Group, member: Member, end: Callable[[], None]) -> bool:
    """Keep an instance in Terminating:Wait, and `end` it when its hooks are completed or time out.

    False where the group has no such hook: nothing waits, and nothing is ended here.
    """
    hooks = [hook for hook in group.hooks.values() if hook["LifecycleTransition"] == TERMINATING]
    if not hooks:
        return False
    member.lifecycle_state = "Terminating:Wait"
    member.ends = end
    for hook in hooks:
        name, now = hook["LifecycleHookName"], call.world.now()
        last = now + timedelta(seconds=hook["GlobalTimeout"])
        waiting = Waiting(request_id(), now, last, int(hook["HeartbeatTimeout"]))
        member.waits[name] = waiting
        _beat(call, group, member, name)
        _tell(call, group, member, hook, waiting)
    for listener in ON_WAITING:
        listener(call.world, call.region, group.name, member.id)
    return True


def _tell(call: Call, group: Group, member: Member, hook: Wire, waiting: Waiting) -> None:
    """The event's members are those of the user guide. [D ec2-auto-scaling-event-reference]"""
    detail = {
        "LifecycleActionToken": waiting.token,
        "AutoScalingGroupName": group.name,
        "LifecycleHookName": hook["LifecycleHookName"],
        "EC2InstanceId": member.id,
        "LifecycleTransition": TERMINATING,
        "NotificationMetadata": hook.get("NotificationMetadata", ""),
        "Origin": "AutoScalingGroup",
        "Destination": "EC2",
    }
    kind = "EC2 Instance-terminate Lifecycle Action"
    bus.emit(call.world, call.region, "aws.autoscaling", kind, detail, [group.arn])


def _beat(call: Call, group: Group, member: Member, name: str) -> None:
    """Begin the timeout anew, up to the longest time that AWS lets an instance wait."""
    waiting = member.waits[name]
    due = min(call.world.now() + timedelta(seconds=waiting.heartbeat), waiting.last)
    waiting.until = due

    def expire() -> str:
        if member.waits.get(name) is not waiting or waiting.until != due:
            return ""  # completed, or there was a heartbeat
        _over(member, name)
        return f"{group.name}: {member.id} ends: nothing completed the hook {name} in time"

    call.world.clock.at(due, expire)


def _over(member: Member, name: str, *, abandon: bool = False) -> None:
    """One hook of a member is over; ABANDON ends its other hooks too. [D adding-lifecycle-hooks]"""
    member.waits.pop(name)
    if abandon:
        member.waits.clear()
    if not member.waits:
        member.lifecycle_state = "Terminating:Proceed"
        member.ends()


def complete(world: World, region: str, group: str, instance_id: str, hook: str) -> bool:
    """Complete a hook for an instance, as its machine does; False where none waits for that."""
    there = world.state(Groups, region).by_name.get(group)
    for member in there.members if there else []:
        if member.id == instance_id and hook in member.waits:
            _over(member, hook)
            return True
    return False


@operation("autoscaling", "CompleteLifecycleAction")
def complete_action(call: Call) -> Wire:
    """Answer CompleteLifecycleAction, by token or by instance; moto has no lifecycle."""
    result = call.params["LifecycleActionResult"]
    if result not in RESULTS:
        raise invalid(f"Lifecycle action result {result} is not valid: CONTINUE or ABANDON.")
    _over(_waiting(call), call.params["LifecycleHookName"], abandon=result == "ABANDON")
    return {}


@operation("autoscaling", "RecordLifecycleActionHeartbeat")
def heartbeat(call: Call) -> Wire:
    """Answer RecordLifecycleActionHeartbeat, which begins the timeout anew."""
    _beat(call, find(call), _waiting(call), call.params["LifecycleHookName"])
    return {}


def _waiting(call: Call) -> Member:
    """Find who waits. Raises: AwsError with AWS's own words, as reported where it refused."""
    name, token = call.params["LifecycleHookName"], call.params.get("LifecycleActionToken", "")
    instance_id = call.params.get("InstanceId", "")
    if not token and not instance_id:
        raise invalid("Either LifecycleActionToken or InstanceId must be given.")
    for member in find(call).members:
        waiting = member.waits.get(name)
        if waiting and token in ("", waiting.token) and instance_id in ("", member.id):
            return member
    by = f"token {token}" if token else f"instance ID {instance_id}"
    raise invalid(f"No active Lifecycle Action found with {by}")
