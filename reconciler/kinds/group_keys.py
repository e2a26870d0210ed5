"""Keys of security groups and of their rules, for the kinds that refer to them."""

from __future__ import annotations

from reconciler.plan.model import Key
from reconciler.plan.resolve import ResolvedFileSystem

GROUP = "security_group"
UPDATE_POLICY = "security_group_rules"


def key(site: str, region: str, vpc_id: str, role: str) -> Key:
    """Group names are unique within a VPC, so the VPC is part of the identity."""
    return Key(region, GROUP, f"{site}-{role} ({vpc_id})")


def own_key(site: str, region: str, vpc_id: str, workstation: str, role: str) -> Key:
    """`acme-alice/home (vpc-1)`: a slash, so that no workstation's name makes another's group."""
    return key(site, region, vpc_id, f"{workstation}/{role}")


def of_file_system(site: str, each: ResolvedFileSystem, role: str) -> Key:
    """The group that a file system is in: a home's own, or that of `role`, for what is shared."""
    declared, vpc_id = each.declared, each.subnet.vpc_id
    if declared.workstation:
        return own_key(site, declared.region, vpc_id, declared.workstation, "home")
    return key(site, declared.region, vpc_id, role)


def rules_of(group: Key) -> Key:
    """The key of the rules of a group."""
    return Key(group.region, UPDATE_POLICY, group.name)
