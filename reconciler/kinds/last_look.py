"""The last look before a group is turned on or off by a run: somebody may have spoken meanwhile."""

from __future__ import annotations

from reconciler.errors import NotReady
from reconciler.plan.kind import Aws
from reconciler.plan.ownership import OVERRIDE, read_tags

FIELDS = frozenset({"min_size", "max_size", "desired_capacity", "override"})
"""The group's fields that turn it on or off, or keep it so."""


def unspoken(aws: Aws, name: str, before: tuple[int, int, int, str]) -> None:
    """Sizes and desired capacity are a person's as long as the run that looked has not written.

    Auto Scaling has no conditional write; to read the group again in the call before is next to
    it. `before` is minimum, maximum, desired capacity and the override tag, as the run saw them.

    Raises: NotReady when somebody turned it on or off meanwhile.
    """
    answer = aws.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[name])
    for group in answer["AutoScalingGroups"]:
        override = read_tags(group.get("Tags", ())).get(OVERRIDE, "")
        now = (group["MinSize"], group["MaxSize"], group["DesiredCapacity"], override)
        if now != before:
            raise NotReady(
                "autoscaling:UpdateAutoScalingGroup",
                "Spoken",
                "somebody turned it on or off meanwhile; the next run looks again",
                aws.region,
            )
