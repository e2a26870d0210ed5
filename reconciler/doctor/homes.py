"""Whether homes are private: the role of each machine, the group that each Lustre home is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.declare.fleet import Workstation, iam_name, of_type
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from reconciler.doctor.check import Found, Level, View, names, unread
from reconciler.doctor.rights import profiles_by_name
from reconciler.errors import AwsError
from reconciler.plan.batches import batches
from reconciler.plan.ownership import FILE_SYSTEM, SITE, WORKSTATION, read_tags
from reconciler.plan.projection import text
from reconciler.plan.resolve import Missing


def roles(view: View) -> Iterator[Found]:
    """Check whether the role of each workstation with a home is its own, and has the
    workstation's tag."""
    users: dict[str, list[Workstation]] = {}
    for workstation in view.workstations:
        if workstation.home:
            users.setdefault(workstation.instance_profile, []).append(workstation)
    arns = view.lookups.instance_profiles(view.aws, users)
    found = profiles_by_name(view, arns)
    private: list[str] = []
    for name, workstations in users.items():
        if isinstance(arns[name], Missing):
            continue  # the check of instance profiles reports it
        if len(workstations) > 1:
            yield _shared(name, workstations)
            continue
        try:
            lacking = _untagged(view, found[iam_name(name)], workstations[0])
        except AwsError as error:  # of one role: the others can be read
            yield unread(error)
            continue
        if lacking:
            yield lacking
        else:
            private.append(workstations[0].name)
    if private:
        message = f"homes of {names(private)}: the role of each machine says whose it is"
        yield Found(Level.OK, message)


def _shared(name: str, workstations: list[Workstation]) -> Found:
    affected = tuple(workstation.name for workstation in workstations)
    message = (
        f"{names(affected)} have homes and share the instance profile {name}: its role cannot say "
        "whose machine it is, so with the printed policy it attaches no EBS home and reads no "
        "parameter of one workstation; with an older policy each may attach the home of another"
    )
    fix = (
        "write instance_profile: acme-ws-{workstation}, and make a role for each workstation "
        "(docs/permissions.md, instance)"
    )
    return Found(Level.WARNING, message, fix, affected, workstations[0].places["instance_profile"])


def _untagged(view: View, profile: Mapping[str, Any], workstation: Workstation) -> Found | None:
    """What lacks the role of a profile that one workstation has alone; None where it is right."""
    if not profile["Roles"]:
        return None  # the check of instance profiles reports it
    name = text(profile["Roles"][0], "RoleName")
    role = view.aws.call("iam", "get_role", RoleName=name)["Role"]
    named = read_tags(role.get("Tags", ())).get(WORKSTATION, "")
    if named == workstation.name:
        return None
    how = f"says {named}" if named else "is not there"
    message = (
        f"role {name} is that of {workstation.name}, and its tag {WORKSTATION} {how}: with the "
        "printed policy the machine cannot attach its EBS home, nor read its own parameters"
    )
    fix = f"aws iam tag-role --role-name {name} --tags Key={WORKSTATION},Value={workstation.name}"
    return Found(
        Level.WARNING, message, fix, (workstation.name,), workstation.places["instance_profile"]
    )


def groups(view: View) -> Iterator[Found]:
    """Check whether each Lustre home is in its own security group, where the home is older than
    that group: FSx does not tell, and the network interfaces do."""
    declared = of_type(LustreFileSystem, view.file_systems)
    if not any(file_system.workstation for file_system in declared):
        return
    owners = dict(_interfaces(view))
    elsewhere: dict[str, set[str]] = {}
    for item in _described(view, sorted(owners)):
        workstation = owners[text(item, "NetworkInterfaceId")]
        own = f"{view.site.name}-{workstation}/home"
        others = {text(group, "GroupName") for group in item["Groups"]} - {own}
        if others:
            elsewhere.setdefault(workstation, set()).update(others)
    for workstation, others in sorted(elsewhere.items()):
        yield Found(
            Level.WARNING,
            f"the Lustre home of {workstation} is in {', '.join(sorted(others))}, and every "
            "workstation that group admits reaches it",
            f"turn {workstation} off, and give each network interface of the file system the group "
            f"{view.site.name}-{workstation}/home alone (docs/permissions.md, who can read what)",
            (workstation,),
        )
    private = sorted(set(owners.values()) - elsewhere.keys())
    if private:
        message = f"Lustre homes of {names(private)}: each is in a security group of its own"
        yield Found(Level.OK, message)


def _interfaces(view: View) -> Iterator[tuple[str, str]]:
    """Each network interface of each Lustre home of the site, and whose home it is."""
    for item in view.aws.pages("fsx", "describe_file_systems", "FileSystems", 100):
        tags = read_tags(item.get("Tags", ()))
        if tags.get(SITE) == view.site.name and tags.get(FILE_SYSTEM) == "home":
            for interface in item.get("NetworkInterfaceIds", ()):
                yield interface, tags.get(WORKSTATION, "")


def _described(view: View, interfaces: list[str]) -> Iterator[Mapping[str, Any]]:
    for some in batches(interfaces):
        yield from view.aws.pages(
            "ec2",
            "describe_network_interfaces",
            "NetworkInterfaces",
            1000,
            Filters=[{"Name": "network-interface-id", "Values": some}],
        )
