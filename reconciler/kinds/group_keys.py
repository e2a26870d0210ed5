"""Keys of security groups and of their rules, for the kinds that refer to them."""

from __future__ import annotations

from reconciler.plan.model import Key
from reconciler.plan.resolve import ResolvedFileSystem

GROUP = "security_group"
UPDATE_POLICY = "security_group_rules"


def key(site: str, region: str, vpc_id: str, role: str) -> Key:
    """Return the key of a group: its name is unique within a VPC, so the VPC is part of it."""
    return Key(region, GROUP, f"{site}-{role} ({vpc_id})")


def own_key(site: str, region: str, vpc_id: str, workstation: str, role: str) -> Key:
    """Return `acme-alice/home (vpc-1)`: the slash keeps it apart from names of other groups."""
    return key(site, region, vpc_id, f"{workstation}/{role}")


def of_file_system(site: str, each: ResolvedFileSystem, role: str) -> Key:
    """Return the group of a file system: a home's own; that of `role` for a shared one."""
    declared, vpc_id = each.declared, each.subnet.vpc_id
    if declared.workstation:
        return own_key(site, declared.region, vpc_id, declared.workstation, "home")
    return key(site, declared.region, vpc_id, role)


def rules_of(group: Key) -> Key:
    """Return the key of the rules of a group."""
    return Key(group.region, UPDATE_POLICY, group.name)
