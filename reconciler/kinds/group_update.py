"""Update an Auto Scaling group: the order of its writes, and the reasons for it.

Whatever stops a run between two of the writes, the next run finds what is left to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from reconciler.aws_api import Aws
from reconciler.kinds import (
    group_hook,
    group_settings,
    mixed_instances,
    precondition,
    scaling_processes,
)
from reconciler.kinds.tagging import tag_auto_scaling_group, tag_ec2, tag_group, untag_group
from reconciler.plan.model import Update
from reconciler.plan.ownership import MARKET, NEXT_STOP, OVERRIDE, OWNER


def update(aws: Aws, change: Update) -> None:
    """Write the fields of a group that differ; both specs are an AutoScalingGroup.

    What is suspended comes before everything, and what is resumed after it: with other subnets
    and AZRebalance on, AWS would move what is in use.

    Raises: NotReady when somebody turned it on or off meanwhile, or something runs that a write
    would end.
    """
    name, spec, old = change.live.key.name, change.desired.spec, change.live.spec
    fields = frozenset(each.field for each in change.fields)
    before = {*old.suspended_processes, *old.suspended_endings}
    wanted = {*spec.suspended_processes, *spec.suspended_endings}
    scaling_processes.suspend(aws, name, wanted - before)
    settings = group_settings.write(spec, fields)
    if fields & mixed_instances.FIELDS:
        settings["MixedInstancesPolicy"] = mixed_instances.write(spec)
    if "market" in fields and spec.market:  # what is meant comes first: a stopped run is completed
        tag_group(aws, name, MARKET, spec.market)
    if fields & precondition.FIELDS and old.runtime:
        seen = (old.min_size, old.max_size, old.runtime.desired)
        precondition.require_unchanged(aws, name, (*seen, old.runtime.override))
        if "override" in fields:  # the override first, and the check stays next to the sizes
            tag_group(aws, name, OVERRIDE, spec.override or "")
            precondition.require_unchanged(aws, name, (*seen, spec.override or ""))
    if settings:
        with mixed_instances.empty(aws, name) if _replaces(fields, old) else nullcontext():
            aws.call(
                "autoscaling", "update_auto_scaling_group", AutoScalingGroupName=name, **settings
            )
    scaling_processes.resume(aws, name, before - wanted)
    if "protected_instances" in fields and old.protected_instances:
        aws.call(
            "autoscaling",
            "set_instance_protection",
            AutoScalingGroupName=name,
            InstanceIds=list(old.protected_instances),
            ProtectedFromScaleIn=False,
        )
    if "tags" in fields:
        _retag(aws, name, old, spec)
    if "next_stop" in fields:
        tag_group(aws, name, NEXT_STOP, spec.next_stop or "")
    if "stop_hook" in fields:
        group_hook.put(aws, name, spec.stop_hook)
    if "market" in fields and not spec.market:
        untag_group(aws, name, MARKET)


def _replaces(fields: frozenset[str], old: Any) -> bool:
    """Whether AWS would replace what runs: for another split, and for a first policy."""
    first = not old.launch_template_id and fields & mixed_instances.FIELDS
    return bool(first or fields & mixed_instances.SPLIT)


def _retag(aws: Aws, name: str, old: Any, spec: Any) -> None:
    """Write the tags of a group, and first another owner on the instances that are in it.

    An instance has the tags of its launch, and its owner tag lets people in. Nothing may be
    launched between the two writes: it would keep the old owner, and no run would see it. A run
    that stops in between leaves the group's tag, so the next one does both again.
    """
    was, becomes = _owner(old.tags), _owner(spec.tags)
    if was == becomes:
        tag_auto_scaling_group(aws, name, old.tags, spec.tags)
        return
    with scaling_processes.launches_suspended(aws, name) as instances:
        for each in instances:
            tag_ec2(aws, each["InstanceId"], was, becomes)
        tag_auto_scaling_group(aws, name, old.tags, spec.tags)


def _owner(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key == OWNER}
