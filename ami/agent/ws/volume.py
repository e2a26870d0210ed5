"""The home as an EBS volume: attach, find, format once, check, mount, grow.

Nothing here detaches a volume, and nothing forces: what another instance holds is waited for.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from ws.aws import Aws, AwsError
from ws.host import Host
from ws.imds import Unknown
from ws.mounts import mounted
from ws.phase import Failed, Waiting
from ws.settings import Settings

FORMAT = "reconciler:format"
"""The tag that allows the first format of a volume; it is taken off after it."""

LINK = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
BLANK = 1 << 20  # bytes that must read as zeros; file systems and partition tables begin there


def device_of(host: Host, volume_id: str) -> Path | None:
    """Find the disk of a volume: its id without the hyphen is the serial number of the disk.

    EBS user guide, "Map Amazon EBS volumes to NVMe device names". Its order, and so its name, is
    another one at each boot.
    """
    serial = volume_id.replace("-", "")
    found = [host.path(LINK + serial)]
    for file in host.path("/sys/class/nvme").glob("*/serial"):
        if file.read_text().strip() == serial:
            found += [host.path(f"/dev/{each.name}") for each in file.parent.glob("nvme*n*")]
    return next((path.resolve() for path in found if path.exists()), None)


def attach(host: Host, settings: Settings, aws: Aws, volume_id: str) -> Path:
    """Attach the volume if it is not, and return its disk.

    Raises: Waiting, Failed, AwsError, Unknown.
    """
    device = device_of(host, volume_id)
    if device:
        return device
    volume, me = find(aws, volume_id), aws.imds.instance_id()
    check(settings, aws, volume, volume_id)
    holders = [each.text for each in volume.iterfind("attachmentSet/item/instanceId")]
    others = [holder for holder in holders if holder != me]
    if others:
        raise Waiting(f"{others[0]} still holds {volume_id}")
    if not holders:
        if volume.findtext("status") != "available":
            raise Waiting(f"{volume_id} is {volume.findtext('status')}")
        name = free_name(aws, me)
        aws.call("ec2", "AttachVolume", VolumeId=volume_id, InstanceId=me, Device=name)
    for _ in range(30):
        device = device_of(host, volume_id)
        if device:
            return device
        host.sleep(1)
    raise Waiting(f"{volume_id} is attached, and Linux does not show its disk")


def find(aws: Aws, volume_id: str) -> ET.Element:
    """Read one volume. Raises: Failed, AwsError, Unknown."""
    with contextlib.suppress(LookupError):
        try:
            return described(aws, VolumeId_1=volume_id)[0]
        except AwsError as error:
            if error.code != "InvalidVolume.NotFound":
                raise
    raise Failed(f"{volume_id} does not exist: restore its snapshot, run `reconcile`, start again")


def described(aws: Aws, **which: str) -> list[ET.Element]:
    """Read volumes. Raises: AwsError, Unknown."""
    return aws.call("ec2", "DescribeVolumes", **which).findall("volumeSet/item")


def tags_of(volume: ET.Element) -> dict[str, str]:
    """Return the tags of a volume."""
    found = volume.iterfind("tagSet/item")
    return {tag.findtext("key", ""): tag.findtext("value", "") for tag in found}


def check(settings: Settings, aws: Aws, volume: ET.Element, volume_id: str) -> None:
    """See that this is the home of this workstation, and that it can be reached. Raises: Failed."""
    tags, names = tags_of(volume), ("site", "workstation", "file-system")
    for key, value in zip(names, (settings.site, settings.workstation, "home")):
        if tags.get(f"reconciler:{key}") != value:
            raise Failed(
                f"{volume_id} is not this workstation's home, which has the tag reconciler:{key} = "
                f"{value}: run `reconcile`, start again"
            )
    here = aws.imds.get("meta-data/placement/availability-zone")
    zone = volume.findtext("availabilityZone")
    if here and zone != here:
        raise Failed(
            f"{volume_id} is in {zone}, this instance in {here}: set storage.home.ebs."
            "availability_zone to the zone of the volume, run `reconcile`, start again"
        )


def free_name(aws: Aws, instance_id: str) -> str:
    """Choose a device name that this instance does not use.

    AWS recommends /dev/sd[f-p] for EBS volumes (EC2 user guide, "Device names for volumes on
    Amazon EC2 instances"). Nothing else depends on it. Raises: Failed, AwsError, Unknown.
    """
    which = {"Filter_1_Name": "attachment.instance-id", "Filter_1_Value_1": instance_id}
    volumes = described(aws, **which)
    used = {
        each.text for volume in volumes for each in volume.iterfind("attachmentSet/item/device")
    }
    for letter in "fghijklmnop":
        if f"/dev/sd{letter}" not in used:
            return f"/dev/sd{letter}"
    raise Failed("eleven volumes are attached: detach one that is not the home")


def mount(host: Host, aws: Aws, device: Path, volume_id: str, at: str) -> None:
    """Format the disk if that is allowed, check, mount and grow it.

    A damaged file system is mounted read-only: its data can be read and copied, and nothing makes
    the damage worse. Raises: Failed, AwsError, Unknown.
    """
    if not mounted(host, at):
        _mount(
            host, device, kind_of(host, device) or first_format(host, aws, device, volume_id), at
        )
    found = mounted(host, at)
    if found and Path(found.source).name != device.name:
        raise Failed(f"{found.source} is mounted at {at}: unmount it")
    if not found or "ro" in found.options.split(","):
        raise Failed(
            f"{volume_id} is damaged, and mounted read-only if at all: take a snapshot, then `sudo "
            f"umount {at}`, `sudo fsck /dev/{device.name}` (xfs_repair), `sudo systemctl restart "
            "ws-boot`"
        )
    # Only the first format is allowed. What prevents this now may not prevent a later boot.
    try:
        if FORMAT in tags_of(find(aws, volume_id)):
            aws.call("ec2", "DeleteTags", ResourceId_1=volume_id, Tag_1_Key=FORMAT)
    except (AwsError, Unknown, Failed) as error:
        host.log(f"{FORMAT}: {error}")
    # Both do nothing where the disk is not larger.
    grow = ("xfs_growfs", str(host.path(at))) if found.kind == "xfs" else ("resize2fs", str(device))
    host.log(host.run(*grow, timeout=3600).output)


def _mount(host: Host, device: Path, kind: str, at: str) -> None:
    options = "noatime,nodev,nosuid"
    if kind != "xfs":
        done = host.run("e2fsck", "-p", str(device), timeout=3600)
        host.log(done.output)
        if done.code > 3:  # e2fsck(8): 1 and 2 are errors that it corrected
            options += ",ro,noload"
    done = host.run(
        "mount", "-t", kind, "-o", options, str(device), str(host.path(at)), timeout=600
    )
    host.log(done.output)


def kind_of(host: Host, device: Path) -> str:
    """Return the type of the file system on a disk; "" only for a disk that is blank.

    blkid ends with 2 both for a blank disk and for one that it cannot read, so the disk is read
    here as well: a new volume has been wiped (AWS, "Amazon EBS" in the whitepaper "Overview of
    security processes"). Raises: Failed.
    """
    done = host.run("blkid", "-p", "-o", "export", str(device))
    kind = re.search("^TYPE=(ext[234]|xfs)$", done.output, re.MULTILINE)
    if done.code == 0 and kind:
        return kind[1]
    try:
        with device.open("rb") as disk:
            blank = disk.read(BLANK) == bytes(BLANK)
    except OSError as error:
        raise Failed(f"{device} cannot be read: {error}") from error
    if done.code == 2 and not done.output and blank:
        return ""
    said = " ".join(done.output.split())[:99]
    raise Failed(f"{device} is neither blank nor ext4 or xfs: look at it as root; blkid: {said}")


def first_format(host: Host, aws: Aws, device: Path, volume_id: str) -> str:
    """Format a blank disk, if the volume's tag allows it. Raises: Failed, AwsError, Unknown."""
    if tags_of(find(aws, volume_id)).get(FORMAT) != "allowed":
        raise Failed(
            f"{volume_id} is blank, and no new home: restore a snapshot, or give it the tag "
            f"{FORMAT} = allowed"
        )
    done = host.run("mkfs.ext4", "-q", "-m", "1", "-e", "remount-ro", str(device), timeout=600)
    if done.code:
        raise Failed(f"mkfs.ext4: {done.output}")
    return "ext4"
