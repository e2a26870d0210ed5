"""The scaling processes of a group: those that we suspend, and those of somebody else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import NotReady
from reconciler.kinds import precondition
from reconciler.workstation import describe

SUSPENDED = ("AZRebalance",)
"""It launches a second instance before it ends the one in use (EC2 Auto Scaling user guide, "How
suspended processes affect other processes")."""

ENDINGS = frozenset({"HealthCheck", "ReplaceUnhealthy", "Terminate"})
"""Those that end an instance, or mark it for that. Suspended, they save a session that hangs; AWS
makes up for it as soon as they are resumed (same page)."""

LAUNCH = ("Launch",)

LOOKS = 5
"""How often a group is read again, which AWS answers within a second."""


def split(suspended: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split the suspended processes: others, and ENDINGS."""
    found = tuple(suspended)
    others = tuple(each for each in found if each not in ENDINGS)
    return others, tuple(each for each in found if each in ENDINGS)


def suspend(aws: Aws, name: str, processes: Collection[str]) -> None:
    """Suspend these processes of a group; without any, make no call: AWS would suspend all."""
    if processes:
        _call(aws, "suspend_processes", name, processes)


def resume(aws: Aws, name: str, processes: Collection[str]) -> None:
    """Resume these processes of a group. Raises: NotReady when one of ENDINGS would end something.

    It checks once more what came up since the plan was made.
    """
    if ENDINGS.intersection(processes) and precondition.occupied(aws, name):
        raise NotReady(
            "autoscaling:ResumeProcesses",
            "Occupied",
            "an instance came up meanwhile; resumed once nothing runs",
            aws.region,
        )
    if processes:
        _call(aws, "resume_processes", name, processes)


@contextmanager
def launches_suspended(aws: Aws, name: str) -> Iterator[list[dict[str, Any]]]:
    """Suspend the launches of a group, and yield the instances that are in it then.

    A run that dies in between leaves launches suspended: the next one finds that, and resumes.

    Raises: NotReady when AWS does not show the suspension.
    """
    _call(aws, "suspend_processes", name, LAUNCH)
    try:
        yield _instances(aws, name)
    finally:
        _call(aws, "resume_processes", name, LAUNCH)


def _instances(aws: Aws, name: str) -> list[dict[str, Any]]:
    """What is in a group. AWS promises no read after a write: an answer that does not show the
    suspension is older than it, and tells nothing of what came up before."""
    for _ in range(LOOKS):
        group = describe.group(aws, name) or {}
        suspended = {each["ProcessName"] for each in group.get("SuspendedProcesses", ())}
        if suspended.issuperset(LAUNCH):
            return list(group.get("Instances", ()))
    raise NotReady(
        "autoscaling:UpdateAutoScalingGroup",
        "Unseen",
        "AWS does not show yet that its launches are suspended; the next run tries again",
        aws.region,
    )


def _call(aws: Aws, operation: str, name: str, processes: Collection[str]) -> None:
    aws.call(
        "autoscaling", operation, AutoScalingGroupName=name, ScalingProcesses=sorted(processes)
    )
