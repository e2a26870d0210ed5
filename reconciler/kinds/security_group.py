"""Security groups: one for workstations and one for Lustre, per VPC in use.

The groups stand empty here; who may talk to whom is `security_group_rules`, since the two
refer to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.kinds.identity import tag_ec2
from reconciler.plan.diff import differing
from reconciler.plan.kind import Aws, Scope
from reconciler.plan.model import (
    IN_PLACE,
    Change,
    Desired,
    FieldChange,
    Key,
    Live,
    Op,
)
from reconciler.plan.ownership import ownership, read_tags, write_tags
from reconciler.plan.projection import projected, text
from reconciler.plan.resolve import ResolvedSite

NAME = "security_group"
MOVES: frozenset[str] = frozenset()
HOLDS_INSTANCES = False

ROLES = {
    "workstation": "Workstations",
    "lustre": "FSx for Lustre file systems",
}


@dataclass(frozen=True)
class SecurityGroup:
    """A group, without its rules. Name, VPC and description are for life."""

    group_name: str
    vpc_id: str
    description: str
    tags: Mapping[str, str]


RULES = {"tags": IN_PLACE}


def key(site: str, region: str, vpc_id: str, role: str) -> Key:
    """Group names are unique within a VPC, so the VPC is part of the identity."""
    return Key(region, NAME, f"{site}-{role} ({vpc_id})")


def vpcs(site: ResolvedSite) -> list[tuple[str, str]]:
    """Each (region, VPC) that holds something of the site."""
    used = {(w.declared.region, w.vpc_id) for w in site.workstations}
    used |= {(f.declared.region, f.subnet.vpc_id) for f in site.file_systems}
    return sorted(used)


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Both groups in every VPC in use."""
    for region, vpc_id in vpcs(site):
        for role, what in ROLES.items():
            name = f"{site.name}-{role}"
            spec = SecurityGroup(
                group_name=name,
                vpc_id=vpc_id,
                description=f"{what} of {site.name}",
                tags=ownership(site.name) | {"Name": name},
            )
            yield Desired(key(site.name, region, vpc_id, role), spec)


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Our groups and their namesakes, in one sweep."""
    identify = partial(identity, aws.region, NAME, scope)
    for group in groups(aws, scope):
        yield from projected(NAME, aws.region, group, identify, partial(_live, scope))


def identity(region: str, kind: str, scope: Scope, group: Mapping[str, Any]) -> Live:
    """Name, VPC and ownership of a group in AWS's words."""
    name = f"{text(group, 'GroupName')} ({text(group, 'VpcId')})"
    return Live(Key(region, kind, name), None, owned=scope.owns(read_tags(group.get("Tags", ()))))


def _live(scope: Scope, group: Mapping[str, Any], named: Live) -> Live:
    spec = SecurityGroup(
        group_name=group["GroupName"],
        vpc_id=group["VpcId"],
        description=group["Description"],
        tags=scope.managed(read_tags(group.get("Tags", ()))),
    )
    return replace(named, spec=spec, attrs={"id": group["GroupId"]})


def groups(aws: Aws, scope: Scope) -> Iterator[dict[str, Any]]:
    """AWS's own records of every group that bears one of our names."""
    names = [f"{scope.site}-{role}" for role in ROLES]
    yield from aws.pages(
        "ec2",
        "describe_security_groups",
        "SecurityGroups",
        1000,
        Filters=[{"Name": "group-name", "Values": names}],
    )


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """Field by field."""
    return differing(live.spec, want.spec, RULES)


def apply(aws: Aws, change: Change) -> Live | None:
    """Create the group, or write its tags."""
    assert change.desired is not None
    spec: SecurityGroup = change.desired.spec
    if change.op is Op.CREATE:
        answer = aws.call(
            "ec2",
            "create_security_group",
            GroupName=spec.group_name,
            VpcId=spec.vpc_id,
            Description=spec.description,
            TagSpecifications=[
                {"ResourceType": "security-group", "Tags": write_tags(spec.tags)},
            ],
        )
        return Live(change.key, spec, owned=True, attrs={"id": answer["GroupId"]})
    assert change.live is not None
    tag_ec2(aws, change.live.attrs["id"], change.live.spec.tags, spec.tags)
    return Live(change.key, spec, owned=True, attrs=change.live.attrs)
