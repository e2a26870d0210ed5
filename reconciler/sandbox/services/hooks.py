"""Auto Scaling's lifecycle hooks, kept with their group."""

from __future__ import annotations

from reconciler.sandbox.operations import Call, Wire, operation
from reconciler.sandbox.services.groups import Group, find, invalid


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
