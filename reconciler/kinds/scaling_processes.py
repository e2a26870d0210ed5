"""A group's scaling processes: which we suspend, and which we leave to whoever suspended them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reconciler.errors import NotReady
from reconciler.kinds import last_look
from reconciler.plan.kind import Aws

SUSPENDED = ("AZRebalance",)
"""It launches a second instance before it ends the one in use (EC2 Auto Scaling user guide, "How
suspended processes affect other processes")."""

ENDINGS = frozenset({"HealthCheck", "ReplaceUnhealthy", "Terminate"})
"""Those that end an instance, or mark it for that. Suspended, they save a session that hangs; AWS
makes up for it as soon as they are resumed (same page)."""


def split(suspended: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is suspended: others, and ENDINGS."""
    found = tuple(suspended)
    others = tuple(each for each in found if each not in ENDINGS)
    return others, tuple(each for each in found if each in ENDINGS)


def suspend(aws: Aws, name: str, processes: Collection[str]) -> None:
    """Suspend these processes of a group; none is no call, since AWS would take it for all."""
    if processes:
        _call(aws, "suspend_processes", name, processes)


def resume(aws: Aws, name: str, processes: Collection[str]) -> None:
    """Resume these processes of a group. Raises: NotReady when one of ENDINGS would end something.

    Whatever came up since the plan was made is looked for once more.
    """
    if ENDINGS.intersection(processes) and last_look.occupied(aws, name):
        raise NotReady(
            "autoscaling:ResumeProcesses",
            "Occupied",
            "an instance came up meanwhile; resumed once nothing runs",
            aws.region,
        )
    if processes:
        _call(aws, "resume_processes", name, processes)


def _call(aws: Aws, operation: str, name: str, processes: Collection[str]) -> None:
    aws.call(
        "autoscaling", operation, AutoScalingGroupName=name, ScalingProcesses=sorted(processes)
    )
