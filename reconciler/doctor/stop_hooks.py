"""Whether each group has the lifecycle hook of which its tag says that it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.doctor.check import Found, Level, View, names, unread
from reconciler.errors import AwsError
from reconciler.plan.names import group_name
from reconciler.plan.ownership import SITE, STOP_HOOK, read_tags
from reconciler.plan.projection import Unreadable, readable
from reconciler.workstation import describe, stop_hook


def hooks(view: View) -> Iterator[Found]:
    """Compare the hooks of each group with its tag, by one call for each group.

    A run reads the tag alone, so a hook that somebody deleted or put by hand shows here.
    """
    seconds = dict(_tagged(view))
    right: list[str] = []
    for workstation in view.workstations:
        group = group_name(view.site.name, workstation.name)
        if group not in seconds:
            continue  # a run makes the group, or puts the hook on it
        try:
            answer = view.aws.call(
                "autoscaling", "describe_lifecycle_hooks", AutoScalingGroupName=group
            )
        except AwsError as error:  # of one group: the others can be read
            yield unread(error, f"the lifecycle hooks of {workstation.name}")
            continue
        found = {hook["LifecycleHookName"]: hook for hook in answer["LifecycleHooks"]}
        wrong = list(_compared(workstation.name, group, seconds[group], found))
        yield from wrong
        right += [] if wrong else [workstation.name]
    if right:
        message = f"groups of {names(right)}: before AWS ends an instance, its machine can leave"
        yield Found(Level.OK, message)


def _tagged(view: View) -> Iterator[tuple[str, str]]:
    """Each group of the site that has the tag, and what it says."""
    for item in describe.groups(view.aws):
        tags = readable(item, lambda group: read_tags(group.get("Tags", ())))
        if isinstance(tags, Unreadable):
            continue  # a run reports it
        if tags.get(SITE) == view.site.name and STOP_HOOK in tags:
            yield str(item.get("AutoScalingGroupName")), tags[STOP_HOOK]


def _compared(
    workstation: str, group: str, seconds: str, found: Mapping[str, Mapping[str, Any]]
) -> Iterator[Found]:
    hook = found.get(stop_hook.NAME)
    wanted = stop_hook.settings(stop_hook.SECONDS)
    if hook is None or any(hook.get(name) != value for name, value in wanted.items()):
        how = "is not there" if hook is None else "has other settings than ours"
        yield Found(
            Level.WARNING,
            f"the group of {workstation} is tagged {STOP_HOOK} = {seconds}, and its lifecycle hook "
            f"{stop_hook.NAME} {how}: a stop may leave the machine no time to unmount the home",
            "delete the tag, and the next run puts the hook: aws autoscaling delete-tags --tags "
            f"ResourceId={group},ResourceType=auto-scaling-group,Key={STOP_HOOK}",
            (workstation,),
        )
    for name in sorted(found.keys() - {stop_hook.NAME}):
        timeout = found[name].get("HeartbeatTimeout")
        yield Found(
            Level.WARNING,
            f"somebody put the lifecycle hook {name} on the group of {workstation}: each start or "
            f"stop may wait {timeout} s for it",
            f"aws autoscaling delete-lifecycle-hook --auto-scaling-group-name {group} "
            f"--lifecycle-hook-name {name}",
            (workstation,),
        )
