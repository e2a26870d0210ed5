"""Remove everything that bears the site's tag or name, and prove that nothing is left.

It needs nothing from the run before: it finds things again by tag and by name, so it also clears
up after a run that was killed. A family that cannot be listed counts as left, never as empty.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions

from acceptance import MADE, SITE
from acceptance.backend import Backend
from reconciler.plan.ownership import SITE as SITE_TAG

ROUNDS, FEW_ROUNDS = 60, 4
PAUSE_SECONDS = 20
"""An empty network waits for its machines and file systems: up to 20 minutes."""

_TAGS = (
    {"Name": f"tag:{SITE_TAG}", "Values": [SITE]},
    {"Name": f"tag:{MADE}", "Values": ["yes"]},
)
_ALIVE = ["pending", "running", "shutting-down", "stopping", "stopped"]

Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Family:
    """One type of thing: how ours are found, and how one is removed."""

    name: str
    find: Callable[[Clients], Iterable[str]]
    remove: Callable[[Clients, str], object]


@dataclass
class Seen:
    """What is there by family, what the backend does not have, and what could not be listed."""

    found: dict[str, list[str]] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


@dataclass
class Swept:
    """What a sweep removed, and what it could not; the families that the backend does not have."""

    removed: dict[str, list[str]] = field(default_factory=dict)
    left: dict[str, dict[str, str]] = field(default_factory=dict)  # by family: id → why
    lacking: dict[str, str] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing is left. A family that could not be listed is left."""
        return not self.left


def search(clients: Clients, backend: Backend) -> Seen:
    """Everything of ours."""
    seen = Seen()
    for family in FAMILIES:
        try:
            names = list(family.find(clients))
        except botocore.exceptions.ClientError as error:
            (seen.lacking if _lacks(error, backend) else seen.unknown)[family.name] = _why(
                error, backend
            )
        except (botocore.exceptions.BotoCoreError, LookupError) as error:
            seen.unknown[family.name] = repr(error)
        else:
            if names:
                seen.found[family.name] = names
    return seen


def sweep(clients: Clients, backend: Backend, log: Callable[[str], None]) -> Swept:
    """Remove all of it, in as many rounds as AWS needs."""
    swept, reasons = Swept(), dict[str, dict[str, str]]()
    for number in range(ROUNDS if backend.patience else FEW_ROUNDS):
        seen = search(clients, backend)
        if not seen.found:
            break
        if number:
            total = sum(map(len, seen.found.values()))
            log(f"waiting for {total} to go: {', '.join(seen.found)}")
            _pause(backend)
        reasons = {}
        for family in FAMILIES:
            for name in seen.found.get(family.name, ()):
                reason = _remove(family, clients, name, backend)
                if reason:
                    reasons.setdefault(family.name, {})[name] = reason
                elif name not in swept.removed.setdefault(family.name, []):
                    swept.removed[family.name].append(name)
    last = search(clients, backend)
    swept.lacking = last.lacking
    swept.left = {
        family: {each: reasons.get(family, {}).get(each, "still there") for each in ids}
        for family, ids in last.found.items()
    } | {
        family: {"all of them": f"cannot be listed: {why}"} for family, why in last.unknown.items()
    }
    return swept


def _pause(backend: Backend) -> None:
    if backend.name == "AWS":
        time.sleep(PAUSE_SECONDS)
    elif backend.patience:
        backend.sleep(PAUSE_SECONDS)


def _remove(family: Family, clients: Clients, name: str, backend: Backend) -> str:
    """Why it is still there; "" when it is gone, or going."""
    try:
        family.remove(clients, name)
    except botocore.exceptions.ClientError as error:
        return _why(error, backend)
    return ""


def _lacks(error: botocore.exceptions.ClientError, backend: Backend) -> bool:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    return backend.lacks(error.operation_name, status, code)


def _why(error: botocore.exceptions.ClientError, backend: Backend) -> str:
    if _lacks(error, backend):
        return f"{backend.name} does not have {error.operation_name}"
    return str(error)


def _of_site(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name == SITE or name.startswith(f"{SITE}-"))


def _groups(clients: Clients) -> Iterator[str]:
    pages = clients("autoscaling").get_paginator("describe_auto_scaling_groups").paginate()
    groups = [group for page in pages for group in page["AutoScalingGroups"]]
    return _of_site(each["AutoScalingGroupName"] for each in groups)


def _remove_group(clients: Clients, name: str) -> None:
    autoscaling = clients("autoscaling")
    autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=0,
        DesiredCapacity=0,
        DeletionProtection="none",
    )
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


def _tagged(operation: str, items: str, key: str, *more: dict[str, Any]) -> Any:
    """Things of EC2 with one of our tags, and further filters."""

    def find(clients: Clients) -> list[str]:
        paginator = clients("ec2").get_paginator(operation)
        pages = [page for tag in _TAGS for page in paginator.paginate(Filters=[tag, *more])]
        return sorted({str(each[key]) for page in pages for each in page[items]})

    return find


def _instances(clients: Clients) -> list[str]:
    alive = {"Name": "instance-state-name", "Values": _ALIVE}
    paginator = clients("ec2").get_paginator("describe_instances")
    pages = [page for tag in _TAGS for page in paginator.paginate(Filters=[tag, alive])]
    reservations = [each for page in pages for each in page["Reservations"]]
    return sorted({e["InstanceId"] for each in reservations for e in each["Instances"]})


def _security_groups(clients: Clients) -> Iterator[str]:
    """Those with our tag, and all of our networks but the default one, which goes with them."""
    found = set(_tagged("describe_security_groups", "SecurityGroups", "GroupId")(clients))
    vpcs = list(_tagged("describe_vpcs", "Vpcs", "VpcId")(clients))
    if vpcs:
        inside = [{"Name": "vpc-id", "Values": vpcs}]
        pages = clients("ec2").get_paginator("describe_security_groups").paginate(Filters=inside)
        groups = [each for page in pages for each in page["SecurityGroups"]]
        found |= {each["GroupId"] for each in groups if each["GroupName"] != "default"}
    yield from sorted(found)


def _remove_gateway(clients: Clients, name: str) -> None:
    ec2 = clients("ec2")
    answer = ec2.describe_internet_gateways(InternetGatewayIds=[name])["InternetGateways"]
    for each in answer[0].get("Attachments", ()):
        ec2.detach_internet_gateway(InternetGatewayId=name, VpcId=each["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=name)


def _remove_security_group(clients: Clients, name: str) -> None:
    ec2 = clients("ec2")
    group = ec2.describe_security_groups(GroupIds=[name])["SecurityGroups"][0]
    if group["IpPermissions"]:  # one that admits itself, or another of ours, holds on to it
        try:
            ec2.revoke_security_group_ingress(GroupId=name, IpPermissions=group["IpPermissions"])
        except botocore.exceptions.ClientError as error:
            # The group that it names may be gone already.
            if error.response["Error"]["Code"] != "InvalidGroup.NotFound":
                raise
    ec2.delete_security_group(GroupId=name)


def _remove_route_table(clients: Clients, name: str) -> None:
    ec2 = clients("ec2")
    table = ec2.describe_route_tables(RouteTableIds=[name])["RouteTables"][0]
    for each in table.get("Associations", ()):
        if not each.get("Main"):
            ec2.disassociate_route_table(AssociationId=each["RouteTableAssociationId"])
    ec2.delete_route_table(RouteTableId=name)


def _file_systems(clients: Clients) -> Iterator[str]:
    for page in clients("fsx").get_paginator("describe_file_systems").paginate():
        for each in page["FileSystems"]:
            tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
            if tags.get(SITE_TAG) == SITE:
                yield each["FileSystemId"]


def _remove_file_system(clients: Clients, name: str) -> None:
    fsx = clients("fsx")
    found = fsx.describe_file_systems(FileSystemIds=[name])["FileSystems"]
    if found and found[0]["Lifecycle"] != "DELETING":
        fsx.delete_file_system(FileSystemId=name)


def _efs(clients: Clients) -> Iterator[str]:
    for page in clients("efs").get_paginator("describe_file_systems").paginate():
        for each in page["FileSystems"]:
            tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
            if tags.get(SITE_TAG) == SITE and each["LifeCycleState"] != "deleted":
                yield each["FileSystemId"]


def _remove_efs(clients: Clients, name: str) -> None:
    """EFS deletes no file system that has mount targets: a later round finds it without them."""
    efs = clients("efs")
    for each in efs.describe_mount_targets(FileSystemId=name)["MountTargets"]:
        if each["LifeCycleState"] != "deleting":
            efs.delete_mount_target(MountTargetId=each["MountTargetId"])
    if not efs.describe_mount_targets(FileSystemId=name)["MountTargets"]:
        efs.delete_file_system(FileSystemId=name)


def _schedule_groups(clients: Clients) -> Iterator[str]:
    pages = clients("scheduler").get_paginator("list_schedule_groups").paginate(NamePrefix=SITE)
    groups = [each for page in pages for each in page["ScheduleGroups"]]
    return _of_site(each["Name"] for each in groups)


def _remove_schedule_group(clients: Clients, name: str) -> None:
    scheduler = clients("scheduler")
    if scheduler.get_schedule_group(Name=name)["State"] != "DELETING":
        scheduler.delete_schedule_group(Name=name)


def _rules(clients: Clients) -> Iterator[str]:
    pages = clients("events").get_paginator("list_rules").paginate(NamePrefix=SITE)
    return _of_site(rule["Name"] for page in pages for rule in page["Rules"])


def _remove_rule(clients: Clients, name: str) -> None:
    events = clients("events")
    targets = [each["Id"] for each in events.list_targets_by_rule(Rule=name)["Targets"]]
    if targets:
        events.remove_targets(Rule=name, Ids=targets)
    events.delete_rule(Name=name)


def _topics(clients: Clients) -> Iterator[str]:
    for page in clients("sns").get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            if list(_of_site([topic["TopicArn"].rpartition(":")[2]])):
                yield topic["TopicArn"]


def _queues(clients: Clients) -> Iterator[str]:
    for page in clients("sqs").get_paginator("list_queues").paginate(QueueNamePrefix=SITE):
        yield from page.get("QueueUrls", ())


def _fault_templates(clients: Clients) -> Iterator[str]:
    for page in clients("fis").get_paginator("list_experiment_templates").paginate():
        for each in page["experimentTemplates"]:
            if MADE in each.get("tags", {}):
                yield each["id"]


def _profiles(clients: Clients) -> Iterator[str]:
    pages = clients("iam").get_paginator("list_instance_profiles").paginate()
    return _of_site(
        each["InstanceProfileName"] for page in pages for each in page["InstanceProfiles"]
    )


def _remove_profile(clients: Clients, name: str) -> None:
    iam = clients("iam")
    profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    for role in profile["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])
    iam.delete_instance_profile(InstanceProfileName=name)


def _roles(clients: Clients) -> Iterator[str]:
    pages = clients("iam").get_paginator("list_roles").paginate()
    return _of_site(each["RoleName"] for page in pages for each in page["Roles"])


def _remove_role(clients: Clients, name: str) -> None:
    iam = clients("iam")
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


FAMILIES = (
    Family(
        "fault templates", _fault_templates, lambda c, x: c("fis").delete_experiment_template(id=x)
    ),
    # The schedules in a group go with it.
    Family("schedule groups", _schedule_groups, _remove_schedule_group),
    Family("rules", _rules, _remove_rule),
    Family("topics", _topics, lambda c, x: c("sns").delete_topic(TopicArn=x)),
    Family("queues", _queues, lambda c, x: c("sqs").delete_queue(QueueUrl=x)),
    Family("groups", _groups, _remove_group),
    Family(
        "instances", _instances, lambda c, x: c("ec2").terminate_instances(InstanceIds=[x])
    ),
    Family("file systems", _file_systems, _remove_file_system),
    Family("EFS file systems", _efs, _remove_efs),
    Family(
        "templates",
        _tagged("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
        lambda c, x: c("ec2").delete_launch_template(LaunchTemplateId=x),
    ),
    Family(
        "volumes",
        _tagged(
            "describe_volumes",
            "Volumes",
            "VolumeId",
            {"Name": "status", "Values": ["creating", "available", "in-use", "error"]},
        ),
        lambda c, x: c("ec2").delete_volume(VolumeId=x),
    ),
    Family(
        "interfaces",
        _tagged("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        lambda c, x: c("ec2").delete_network_interface(NetworkInterfaceId=x),
    ),
    Family("security groups", _security_groups, _remove_security_group),
    Family("subnets", _tagged("describe_subnets", "Subnets", "SubnetId"),
           lambda c, x: c("ec2").delete_subnet(SubnetId=x)),
    Family(
        "route tables",
        _tagged("describe_route_tables", "RouteTables", "RouteTableId"),
        _remove_route_table,
    ),
    Family(
        "gateways",
        _tagged("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        _remove_gateway,
    ),
    Family(
        "networks", _tagged("describe_vpcs", "Vpcs", "VpcId"),
        lambda c, x: c("ec2").delete_vpc(VpcId=x),
    ),
    Family("instance profiles", _profiles, _remove_profile),
    Family("roles", _roles, _remove_role),
)  # fmt: skip
"""Every family in the order of removal: what holds something comes before it."""
