"""Write the lifecycle hook of a group (workstation/stop_hook.py), and the tag that tells of it."""

from __future__ import annotations

from typing import Any

from reconciler.aws_api import Aws
from reconciler.kinds.tagging import runtime_tag, tag_group
from reconciler.plan.ownership import STOP_HOOK
from reconciler.workstation.stop_hook import settings


def tag(name: str, seconds: str) -> dict[str, Any]:
    """Build the tag of a new group, which one call makes together with the hook."""
    return runtime_tag(name, STOP_HOOK, seconds)


def put(aws: Aws, name: str, seconds: str) -> None:
    """Put the hook on a group, whatever runs there, and tag the group after that.

    A run that stops in between leaves no tag, so the next one does both again.
    """
    aws.call("autoscaling", "put_lifecycle_hook", AutoScalingGroupName=name, **settings(seconds))
    tag_group(aws, name, STOP_HOOK, seconds)
