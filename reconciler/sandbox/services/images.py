"""Machine images: moto's, but that they take time to be made, and have the disk of their source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id

from reconciler.sandbox.operations import (
    AwsError,
    Call,
    Wire,
    dry_run,
    once,
    operation,
    tag_map,
)
from reconciler.sandbox.world import ACCOUNT

TAKES = timedelta(minutes=4)
"""From CreateImage or CopyImage until the image is available. AWS does not say; minutes as seen."""


@dataclass
class Making:
    """How many of the next images of a region AWS fails to make, as a test orders it."""

    failures: int = 0


class SizedImage(Ami):
    """An image with a root of the right size; moto gives every image 15 GiB."""

    root_gib = 30

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """One encrypted-at-launch gp3 root device."""
        ebs = {
            "SnapshotId": self.ebs_snapshot.id,
            "VolumeSize": self.root_gib,
            "DeleteOnTermination": True,
            "VolumeType": "gp3",
            "Encrypted": False,
        }
        return [{"DeviceName": self.root_device_name, "Ebs": ebs}]


@operation("ec2", "CreateImage")
def create(call: Call) -> Wire:
    """Answer CreateImage. Moto takes a name twice, loses the size of the disk, and cannot tag
    snapshots; its image is available at once. [M ec2.CreateImage]"""
    dry_run(call)
    instance = call.ec2.get_instance_by_id(call.params["InstanceId"])
    if instance is None:
        message = f"The instance ID '{call.params['InstanceId']}' does not exist"
        raise AwsError("InvalidInstanceID.NotFound", message)
    if instance.state not in ("running", "stopped"):
        message = f"The instance '{instance.id}' is not in the 'running' or 'stopped' state."
        raise AwsError("IncorrectInstanceState", message)
    source = call.ec2.amis.get(instance.image_id)
    root = instance.block_device_mapping[instance.root_device_name].volume_id
    size = call.ec2.volumes[root].size
    return _made(call, source, size, {})


@operation("ec2", "CopyImage")
def copy(call: Call) -> Wire:
    """Answer CopyImage. Moto ignores client tokens and tags, and has the copy at once. [M
    ec2.CopyImage]"""
    dry_run(call)

    def make() -> Wire:
        there = call.world.ec2(call.params["SourceRegion"])
        source = there.amis.get(call.params["SourceImageId"])
        if source is None:
            message = f"The image id '[{call.params['SourceImageId']}]' does not exist"
            raise AwsError("InvalidAMIID.NotFound", message)
        if source.state != "available":
            raise AwsError("InvalidRequest", f"Image {source.id} is not available.")
        copied = there.tags.get(source.id, {}) if call.params.get("CopyImageTags") else {}
        return _made(call, source, source.block_device_mappings[0]["Ebs"]["VolumeSize"], copied)

    return once(call, make, "IdempotentParameterMismatch")


def _made(call: Call, source: Any, size: int, copied: dict[str, str]) -> Wire:
    name = call.params["Name"]
    if any(image.name == name and image.owner_id == ACCOUNT for image in call.ec2.amis.values()):
        taken = next(image.id for image in call.ec2.amis.values() if image.name == name)
        message = f"AMI name {name} is already in use by AMI {taken}"
        raise AwsError("InvalidAMIName.Duplicate", message)
    image = SizedImage(
        call.ec2,
        random_ami_id(),
        name=name,
        description=call.params.get("Description", ""),
        owner_id=ACCOUNT,
        virtualization_type="hvm",
        architecture=getattr(source, "architecture", "x86_64"),
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name=getattr(source, "root_device_name", None) or "/dev/sda1",
        image_location=f"{ACCOUNT}/{name}",
        region_name=f"{call.region}a",
        state="pending",
        creation_date=call.world.now().replace(tzinfo=None),  # as moto's
    )
    image.root_gib = image.ebs_snapshot.volume.size = size
    tags = {"image": dict(copied), "snapshot": {}}
    for specification in call.params.get("TagSpecifications", []):
        tags[specification["ResourceType"]].update(tag_map(specification["Tags"]))
    image.add_tags(tags["image"])
    image.ebs_snapshot.add_tags(tags["snapshot"])
    call.ec2.amis[image.id] = image

    def ready() -> str:
        if call.ec2.amis.get(image.id) is not image:
            return ""
        making = call.state(Making)
        image.state = "failed" if making.failures else "available"
        making.failures = max(0, making.failures - 1)
        return f"{image.id} ({name}): {image.state}"

    call.world.clock.at(call.world.now() + TAKES, ready)
    return {"ImageId": image.id}


@operation("ec2", "DeregisterImage")
def deregister(call: Call) -> Wire:
    """Answer DeregisterImage. Moto keeps the snapshots of the image, whatever is asked. [M
    ec2.DeregisterImage]"""
    dry_run(call)
    image = call.ec2.amis.get(call.params["ImageId"])
    if image is None:
        message = f"The image id '[{call.params['ImageId']}]' does not exist"
        raise AwsError("InvalidAMIID.NotFound", message)
    call.ec2.deregister_image(image.id)
    if call.params.get("DeleteAssociatedSnapshots"):
        call.ec2.snapshots.pop(image.ebs_snapshot.id, None)
    return {"Return": True}
