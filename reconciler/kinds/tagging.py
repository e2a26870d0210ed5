"""Writes of tags, as each AWS service takes them, and the client tokens of creates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from reconciler.aws_api import Aws
from reconciler.plan.model import Create
from reconciler.plan.ownership import write_tags


def client_token(aws: Aws, change: Create) -> str:
    """Build the token of a create whose result has no unique name (FSx: at most 63 characters).

    Of the identity alone, not the content: an edit between a crash and the next run must find
    the first one, not make a second. What replaces a lost thing is another one.
    """
    key = change.desired.key
    identity = "|".join((aws.account, key.region, key.kind, key.name, change.lost_identity))
    return hashlib.sha256(identity.encode()).hexdigest()[:40]


def tag_ec2(aws: Aws, resource: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Write the managed tags of an EC2 resource, from `old` to `new`."""
    gone, changed = _difference(old, new)
    if gone:
        aws.call("ec2", "delete_tags", Resources=[resource], Tags=[{"Key": key} for key in gone])
    if changed:
        aws.call("ec2", "create_tags", Resources=[resource], Tags=write_tags(changed))


def tag_resource(
    aws: Aws,
    service: str,
    resource: Mapping[str, str],
    old: Mapping[str, str],
    new: Mapping[str, str],
) -> None:
    """The same where a service has TagResource. `resource`: the parameter that names the resource,
    which each service spells in its own way, and its value."""
    gone, changed = _difference(old, new)
    if gone:
        aws.call(service, "untag_resource", **resource, TagKeys=gone)
    if changed:
        aws.call(service, "tag_resource", **resource, Tags=write_tags(changed))


def tag_auto_scaling_group(
    aws: Aws, name: str, old: Mapping[str, str], new: Mapping[str, str]
) -> None:
    """Write the managed tags of a group, which its instances inherit."""
    gone, changed = _difference(old, new)
    if gone:
        tags = [{**_group(name), "Key": key} for key in gone]
        aws.call("autoscaling", "delete_tags", Tags=tags)
    if changed:
        aws.call("autoscaling", "create_or_update_tags", Tags=group_tags(name, changed))


def tag_group(aws: Aws, name: str, key: str, value: str) -> None:
    """Write one runtime tag of a group."""
    aws.call("autoscaling", "create_or_update_tags", Tags=[runtime_tag(name, key, value)])


def runtime_tag(name: str, key: str, value: str) -> dict[str, Any]:
    """Build a runtime tag of a group. Instances do not inherit it: what it says begins and ends
    while they live."""
    return {**_group(name), "Key": key, "Value": value, "PropagateAtLaunch": False}


def untag_group(aws: Aws, name: str, key: str) -> None:
    """Delete one runtime tag of a group."""
    aws.call("autoscaling", "delete_tags", Tags=[{**_group(name), "Key": key}])


def group_tags(name: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Convert tags of an Auto Scaling group to the form of its API."""
    return [{**_group(name), **tag, "PropagateAtLaunch": True} for tag in write_tags(tags)]


def _group(name: str) -> dict[str, str]:
    return {"ResourceId": name, "ResourceType": "auto-scaling-group"}


def _difference(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    gone = sorted(old.keys() - new.keys())
    return gone, {key: value for key, value in new.items() if old.get(key) != value}
