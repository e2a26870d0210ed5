"""The ingress rules of our security groups, one set for each group.

The group of a home knows the instances of its own workstation alone; which ports a type of file
system takes is its `NETWORK`. Egress stays as AWS makes it (everything out) and is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.aws_api import Aws
from reconciler.kinds import group_keys, security_group
from reconciler.kinds.group_keys import key, own_key
from reconciler.kinds.home_kind import Network
from reconciler.plan.diff import differing
from reconciler.plan.kind import Scope, Word
from reconciler.plan.model import Create, Desired, FieldChange, Key, Live, Ref, Update
from reconciler.plan.projection import projected
from reconciler.plan.resolve import ResolvedSite
from reconciler.plan.update_policy import IN_PLACE

NAME = group_keys.UPDATE_POLICY
COMPUTED: frozenset[str] = frozenset()
HOLDS_INSTANCES = False


@dataclass(frozen=True)
class Permission:
    """An ingress rule: from a CIDR block, a group id or a prefix list id."""

    protocol: str
    from_port: int
    to_port: int
    source: str | Ref
    description: str = ""

    def __str__(self) -> str:
        ports = f"{self.from_port}-{self.to_port}".removesuffix(f"-{self.from_port}")
        return f"{self.protocol} {ports} from {self.source}"


@dataclass(frozen=True)
class SecurityGroupRules:
    """All ingress rules of one group."""

    group_id: str | Ref
    ingress: frozenset[Permission]


UPDATE_POLICY = {"ingress": IN_PLACE}

SENSITIVE = {"ingress": Word("ingress")}


def desired(site: ResolvedSite) -> Iterator[Desired]:
    """Yield the rules of file systems, between shared groups and between those of each home, and
    the rules of `ingress`, for the workstations' group."""
    for region, vpc_id in security_group.vpcs(site):
        clients = key(site.name, region, vpc_id, security_group.WORKSTATIONS)
        shared = [
            (network, key(site.name, region, vpc_id, network.role))
            for network in security_group.networks(site, region, vpc_id)
        ]
        declared = (
            Permission(r.protocol, r.from_port, r.to_port, r.cidr, r.description)
            for r in site.declared.ingress
        )
        back = (rule for network, servers in shared for rule in _to_clients(network, servers))
        yield _rules(clients, (*back, *declared))
        for network, servers in shared:
            yield _rules(servers, _to_servers(network, servers, clients))
    for each, network in security_group.private_homes(site):
        named = each.declared
        instance, home = (
            own_key(site.name, named.region, each.vpc_id, named.name, role)
            for role in (security_group.INSTANCE, security_group.HOME)
        )
        for rules in (
            _rules(instance, _to_clients(network, home)),
            _rules(home, _to_servers(network, home, instance)),
        ):
            yield replace(rules, where=named.where, fleet=named.fleet, workstation=named.name)


def _to_clients(network: Network, servers: Key) -> Iterator[Permission]:
    """What the group of the clients admits: connections of the servers, where they open any."""
    if network.servers_connect:
        yield from _from(network, servers)


def _to_servers(network: Network, servers: Key, clients: Key) -> Iterator[Permission]:
    """What the group of the servers admits: the clients, and where they connect, the servers."""
    yield from _to_clients(network, servers)
    yield from _from(network, clients)


def _from(network: Network, source: Key) -> Iterator[Permission]:
    for first, last in network.ports:
        yield Permission("tcp", first, last, Ref(source, "id"), network.label)


def _rules(group: Key, permissions: Iterable[Permission]) -> Desired:
    ingress = frozenset(permissions)
    return Desired(
        group_keys.rules_of(group),
        SecurityGroupRules(Ref(group, "id"), ingress),
        after=(group,),
        details={"ingress": _from_addresses(ingress)},
    )


def _from_addresses(permissions: Iterable[Permission]) -> str:
    """Who may come from outside of our groups."""
    return ", ".join(sorted(str(each) for each in permissions if not isinstance(each.source, Ref)))


def find(aws: Aws, scope: Scope) -> Iterator[Live]:
    """Yield the rules of every group with a name of ours; they are ours if the group is."""
    identify = partial(security_group.identity, aws.region, NAME, scope)
    for group in security_group.groups(aws, scope):
        yield from projected(NAME, aws.region, group, identify, _live)


def _live(group: Mapping[str, Any], named: Live) -> Live:
    parent = replace(named.key, kind=security_group.NAME)
    spec = SecurityGroupRules(group["GroupId"], _permissions(group))
    return replace(named, spec=spec, owned=False, parent=parent)


def _permissions(group: Mapping[str, Any]) -> frozenset[Permission]:
    found = set()
    for each in group.get("IpPermissions", ()):
        # "-1" is every protocol, and then there are no ports.
        where = (each["IpProtocol"], each.get("FromPort", -1), each.get("ToPort", -1))
        for items, name in (
            ("IpRanges", "CidrIp"),
            ("Ipv6Ranges", "CidrIpv6"),
            ("UserIdGroupPairs", "GroupId"),
            ("PrefixListIds", "PrefixListId"),
        ):
            for item in each.get(items, ()):
                found.add(Permission(*where, item[name], item.get("Description", "")))
    return frozenset(found)


def diff(live: Live, want: Desired) -> tuple[FieldChange, ...]:
    """List only the rules that differ, not the whole set."""
    found = differing(live.spec, want.spec, UPDATE_POLICY)
    return tuple(
        FieldChange(each.field, each.path, _words(each.old - each.new), _words(each.new - each.old))
        for each in found
    )


def _words(permissions: Iterable[Permission]) -> tuple[str, ...]:
    return tuple(sorted(map(str, permissions)))


def create(aws: Aws, change: Create) -> Live:
    """Add the declared rules to a group without rules."""
    want = change.desired
    _write(aws, want.spec, before=frozenset())
    return Live(want.key, want.spec, owned=True)


def update(aws: Aws, change: Update) -> Live:
    """Add the missing rules, and revoke those that are not declared."""
    want = change.desired
    _write(aws, want.spec, before=change.live.spec.ingress)
    return Live(want.key, want.spec, owned=True)


def _write(aws: Aws, spec: SecurityGroupRules, before: frozenset[Permission]) -> None:
    """Admit what is missing first, then revoke what does not belong: no gap for a mount."""
    # A rule that differs in its description alone is a duplicate to AWS until the old one goes.
    places = {(p.protocol, p.from_port, p.to_port, p.source): p for p in spec.ingress}
    reworded = {
        old
        for old in before - spec.ingress
        if (old.protocol, old.from_port, old.to_port, old.source) in places
    }
    for operation, permissions in (
        ("revoke_security_group_ingress", reworded),
        ("authorize_security_group_ingress", spec.ingress - before),
        ("revoke_security_group_ingress", before - spec.ingress - reworded),
    ):
        if permissions:
            wire = [_wire(p) for p in sorted(permissions, key=str)]
            aws.call("ec2", operation, GroupId=spec.group_id, IpPermissions=wire)


def _wire(permission: Permission) -> dict[str, Any]:
    source = str(permission.source)
    if source.startswith("sg-"):
        member, item = "UserIdGroupPairs", {"GroupId": source}
    elif source.startswith("pl-"):
        member, item = "PrefixListIds", {"PrefixListId": source}
    elif ":" in source:
        member, item = "Ipv6Ranges", {"CidrIpv6": source}
    else:
        member, item = "IpRanges", {"CidrIp": source}
    if permission.description:
        item["Description"] = permission.description
    ports = {"FromPort": permission.from_port, "ToPort": permission.to_port}
    return {
        "IpProtocol": permission.protocol,
        **(ports if permission.protocol != "-1" else {}),
        member: [item],
    }
