"""Turn a workstation off, and say what goes on costing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reconciler.money.storage import gp3_month, lustre_month
from reconciler.plan.kind import Aws
from reconciler.plan.ownership import FILE_SYSTEM, SITE, WORKSTATION, read_tags
from reconciler.power import keep
from reconciler.power.hours import Hours
from reconciler.power.model import Group, Kept
from reconciler.power.override import active


def stop(aws: Aws, group: Group, hours: Hours, now: datetime) -> bool:
    """Rows 15 to 17: off, its request or override taken back; whether there was one.

    An override *off* stays: it is off as somebody meant it.
    """
    standing = active(group.override, now)
    if standing and standing.state == "off":
        keep.complete(aws, group, hours, standing, now)
        return bool(group.desired)
    taken_back = keep.take_back(aws, group, 0, now)
    if not taken_back and group.desired:
        aws.call(
            "autoscaling",
            "set_desired_capacity",
            AutoScalingGroupName=group.name,
            DesiredCapacity=0,
        )
    return taken_back or bool(group.desired)


def kept(aws: Aws, group: Group) -> list[Kept]:
    """Its own storage, which costs on or off; what a fleet shares is not its own."""
    return [*_volumes(aws, group), *_file_systems(aws, group)]


def _volumes(aws: Aws, group: Group) -> Iterator[Kept]:
    for volume in aws.pages(
        "ec2",
        "describe_volumes",
        "Volumes",
        Filters=[
            {"Name": f"tag:{SITE}", "Values": [group.site]},
            {"Name": f"tag:{WORKSTATION}", "Values": [group.workstation]},
            {"Name": f"tag:{FILE_SYSTEM}", "Values": ["home"]},
        ],
    ):
        yield Kept("EBS home", volume["VolumeId"], volume["Size"], gp3_month(volume["Size"]))


def _file_systems(aws: Aws, group: Group) -> Iterator[Kept]:
    """FSx has no filter by tag: its list is of the whole region."""
    for item in aws.pages("fsx", "describe_file_systems", "FileSystems", 100):
        tags = read_tags(item.get("Tags", ()))
        if (tags.get(SITE), tags.get(WORKSTATION)) != (group.site, group.workstation):
            continue
        lustre = item.get("LustreConfiguration", {})
        cost = lustre_month(
            lustre.get("DeploymentType", ""),
            item.get("StorageType", ""),
            item["StorageCapacity"],
            lustre.get("PerUnitStorageThroughput"),
        )
        yield Kept("FSx for Lustre home", item["FileSystemId"], item["StorageCapacity"], cost)
