"""The lifecycle hook of a group: when AWS ends an instance, its machine has time to leave.

The machine runs its hooks, unmounts its home and completes the lifecycle action; AWS goes on by
itself after the heartbeat timeout. A hook holds no Spot Instance back: EC2 ends that two minutes
after its warning (EC2 Auto Scaling user guide, "Considerations and limitations for lifecycle
hooks").

DescribeAutoScalingGroups does not tell hooks, and DescribeLifecycleHooks is a call for each group
(promise 12). So a tag of the group says that the hook stands, and is never written before it:
`reconcile doctor` compares both.
"""

from __future__ import annotations

from typing import Any

from reconciler.machine.instance_file import STOP_HOOK

NAME = STOP_HOOK

SECONDS = "300"
"""Of the heartbeat timeout: for hooks of the person and of the site, a sync, a large unmount."""


def settings(seconds: str) -> dict[str, Any]:
    """Build the settings of the hook, with the names of AWS's API."""
    return {
        "LifecycleHookName": NAME,
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "HeartbeatTimeout": int(seconds),
        "DefaultResult": "CONTINUE",  # ABANDON would end the hooks of others too
    }
