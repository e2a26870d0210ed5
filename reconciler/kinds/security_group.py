"""Security groups: those that a site shares per VPC, and two for each home that is a file system.

Every instance is in the site's group of workstations; every shared file system in the site's group
for its type. A home that is a file system has a group of its own, and so have the instances of its
workstation: nobody else may reach that home. Both outlive the workstation, as its home does: a file
system keeps its groups, and whoever declares the workstation again reaches the home again.

The groups stand empty here; who may talk to whom is `security_group_rules`, since the groups refer
to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.kinds import group_keys
from reconciler.kinds.group_keys import key, own_key
from reconciler.kinds.home_kind import Network
from reconciler.kinds.homes import FILE_SYSTEMS
from reconciler.kinds.tagging import tag_ec2
from reconciler.plan.kind import Scope
from reconciler.plan.model import Create, Desired, Key, Live, Update
from reconciler.plan.ownership import (
    FLEET,
    OWNER,
    WORKSTATION,
    ownership,
    read_tags,
    write_tags,
)
from reconciler.plan.projection import projected, text
from reconciler.plan.resolve import ResolvedSite, ResolvedWorkstation
from reconciler.plan.update_policy import IN_PLACE

NAME = group_keys.GROUP
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False
SHARED_LISTS = frozenset({"describe_security_groups"})

WORKSTATIONS = "workstation"
"""The role of the group that every instance of a site is in."""

INSTANCE, HOME = "instance", "home"
"""The roles of the two groups of a workstation whose home is a file system."""


@dataclass(frozen=True)
class SecurityGroup:
    """A group, without its rules. Name, VPC and description never change."""

    group_name: str
    vpc_id: str
    description: str
    tags: Mapping[str, str]


UPDATE_POLICY = {"tags": IN_PLACE}


def vpcs(site: ResolvedSite) -> list[tuple[str, str]]:
    """Yield each (region, VPC) with resources of the site."""
    used = {(w.declared.region, w.vpc_id) for w in site.workstations}
    used |= {(f.declared.region, f.subnet.vpc_id) for f in site.file_systems}
    return sorted(used)


def networks(site: ResolvedSite, region: str, vpc_id: str) -> Iterator[Network]:
    """Yield the types of file systems that have a shared group in a VPC."""
    standing = {
        each.declared.type
        for each in site.file_systems
        if not each.declared.workstation
        and (each.declared.region, each.subnet.vpc_id) == (region, vpc_id)
    }
    for name, kind in FILE_SYSTEMS.items():
        if kind.NETWORK.in_every_vpc or name in standing:
            yield kind.NETWORK


def private_homes(site: ResolvedSite) -> Iterator[tuple[ResolvedWorkstation, Network]]:
    """Yield each workstation whose home is a file system, and how that home is reached."""
    for each in site.workstations:
        home = each.declared.own_file_system
        if home:
            yield each, FILE_SYSTEMS[home.type].NETWORK


def of_instances(site: ResolvedSite, each: ResolvedWorkstation) -> tuple[Key, ...]:
    """Return the groups of a workstation's instances: the site's, and one of their own if their
    home admits no others."""
    declared = each.declared
    shared = key(site.name, declared.region, each.vpc_id, WORKSTATIONS)
    if declared.own_file_system is None:
        return (shared,)
    own = own_key(site.name, declared.region, each.vpc_id, declared.name, INSTANCE)
    return (shared, own)


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield the shared groups of every VPC in use, and those of every home on the network."""
    for region, vpc_id in vpcs(site):
        roles = {WORKSTATIONS: "Workstations"} | {
            each.role: f"{each.title} file systems" for each in networks(site, region, vpc_id)
        }
        for role, title in roles.items():
            name = f"{site.name}-{role}"
            spec = SecurityGroup(
                group_name=name,
                vpc_id=vpc_id,
                description=f"{title} of {site.name}",
                tags=ownership(site.name) | {"Name": name},
            )
            yield Desired(key(site.name, region, vpc_id, role), spec)
    for station, network in private_homes(site):
        yield from _own(site.name, station, network)


def _own(site: str, each: ResolvedWorkstation, network: Network) -> Iterator[Desired]:
    declared = each.declared
    owners = ownership(site, declared.fleet, declared.name, declared.owner)
    for role, title in (
        (INSTANCE, "Instances of the workstation"),
        (HOME, f"{network.title} home of the workstation"),
    ):
        name = f"{site}-{declared.name}/{role}"
        spec = SecurityGroup(
            group_name=name,
            vpc_id=each.vpc_id,
            description=f"{title} {declared.name} of {site}",
            tags={"Name": name, **declared.tags, **owners},
        )
        yield Desired(
            own_key(site, declared.region, each.vpc_id, declared.name, role),
            spec,
            where=declared.where,
            fleet=declared.fleet,
            workstation=declared.name,
        )


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield our groups and foreign ones with the same names, from one list."""
    identify = partial(identity, aws.region, NAME, scope)
    for group in groups(aws, scope):
        yield from projected(NAME, aws.region, group, identify, partial(_live, scope))


def identity(region: str, kind: str, scope: Scope, group: Mapping[str, Any]) -> Live:
    """Read name, VPC, ownership and workstation of a described group."""
    name = f"{text(group, 'GroupName')} ({text(group, 'VpcId')})"
    tags = read_tags(group.get("Tags", ()))
    return Live(
        Key(region, kind, name),
        None,
        owned=scope.owns(tags),
        fleet=tags.get(FLEET, ""),
        workstation=tags.get(WORKSTATION, ""),
        owner=tags.get(OWNER, ""),
    )


def _live(scope: Scope, group: Mapping[str, Any], named: Live) -> Live:
    spec = SecurityGroup(
        group_name=group["GroupName"],
        vpc_id=group["VpcId"],
        description=group["Description"],
        tags=scope.managed(read_tags(group.get("Tags", ()))),
    )
    return replace(named, spec=spec, attrs={"id": group["GroupId"]})


def groups(aws: Aws, scope: Scope) -> Iterator[dict[str, Any]]:
    """Describe every group with a name of ours; `*` stands for any workstation
    (EC2 API, DescribeSecurityGroups and "Filtering": values take wildcards)."""
    shared = (WORKSTATIONS, *(kind.NETWORK.role for kind in FILE_SYSTEMS.values()))
    names = [f"{scope.site}-{role}" for role in shared]
    names += [f"{scope.site}-*/{role}" for role in (INSTANCE, HOME)]
    yield from aws.pages(
        "ec2",
        "describe_security_groups",
        "SecurityGroups",
        1000,
        Filters=[{"Name": "group-name", "Values": names}],
    )


def create(aws: Aws, change: Create) -> Live:
    """Create the group."""
    want = change.desired
    spec: SecurityGroup = want.spec
    answer = aws.call(
        "ec2",
        "create_security_group",
        GroupName=spec.group_name,
        VpcId=spec.vpc_id,
        Description=spec.description,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": write_tags(spec.tags)}],
    )
    return Live(want.key, spec, owned=True, attrs={"id": answer["GroupId"]})


def update(aws: Aws, change: Update) -> Live:
    """Write the group's tags."""
    live, spec = change.live, change.desired.spec
    tag_ec2(aws, live.attrs["id"], live.spec.tags, spec.tags)
    return Live(live.key, spec, owned=True, attrs=live.attrs)
