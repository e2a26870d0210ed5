"""The home as an EBS volume: attach, find, format once, check, mount, grow.

Nothing here detaches a volume, and nothing forces: what another instance holds is waited for.
"""

from __future__ import annotations

import re
from pathlib import Path

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
    for second in range(30):
        device = device_of(host, volume_id)
        if device:
            return device
        if second:
            host.sleep(1)
        else:
            ask_for(settings, aws, volume_id)
    raise Waiting(f"{volume_id} is attached, and Linux does not show its disk")


def ask_for(settings: Settings, aws: Aws, volume_id: str) -> None:
    """Attach the volume if it is free, and the home of this workstation.

    Raises: Waiting, Failed, AwsError, Unknown.
    """
    holders, tags = describe(aws, volume_id)
    names = {"site": settings.site, "workstation": settings.workstation, "file-system": "home"}
    if {key: tags.get(f"reconciler:{key}") for key in names} != names:
        raise Failed(
            f"{volume_id} has not the tags of this home: run `reconcile`, then start again"
        )
    me = aws.imds.instance_id()
    if me in holders:
        return
    if holders:
        raise Waiting(f"{holders[0]} still holds {volume_id}")
    # The letters for EBS volumes (EC2 user guide, "Device names for volumes on Amazon EC2
    # instances"). Nothing else depends on the name.
    for letter in "fghijklmnop":
        given = {"VolumeId": volume_id, "InstanceId": me, "Device": f"/dev/sd{letter}"}
        try:
            aws.call("ec2", "AttachVolume", **given)
            return
        except AwsError as error:
            if error.code != "InvalidParameterValue" or letter == "p":  # this name is in use
                raise


def describe(aws: Aws, volume_id: str) -> tuple[list[str], dict[str, str]]:
    """Return the instances that hold a volume, and its tags. Raises: AwsError, Unknown."""
    answer = aws.call("ec2", "DescribeVolumes", VolumeId_1=volume_id)
    holders = [each.text or "" for each in answer.iterfind(".//attachmentSet/item/instanceId")]
    tags = answer.iterfind(".//tagSet/item")
    return holders, {tag.findtext("key", ""): tag.findtext("value", "") for tag in tags}


def mount(host: Host, aws: Aws, device: Path, volume_id: str, at: str) -> None:
    """Format the disk if that is allowed, check, mount and grow it.

    A damaged file system is mounted read-only: its data can be read and copied, and nothing makes
    the damage worse. Raises: Failed, AwsError, Unknown.
    """
    disk, where, options = str(device), str(host.path(at)), "noatime,nodev,nosuid"
    if not mounted(host, at):
        kind = kind_of(host, device) or first_format(host, aws, disk, volume_id)
        if kind != "xfs":
            checked = host.run("e2fsck", "-p", disk, timeout=3600)
            host.log(checked.output)
            if checked.code > 3:  # e2fsck(8): 1 and 2 are errors that it corrected
                options += ",ro,noload"
        host.log(host.run("mount", "-t", kind, "-o", options, disk, where, timeout=600).output)
    found = mounted(host, at)
    if not found or "ro" in found.options.split(",") or Path(found.source).name != device.name:
        raise Failed(
            f"{volume_id} is damaged, and mounted read-only if at all: take a snapshot, then `sudo "
            f"umount {at}`, `sudo fsck /dev/{device.name}`, `sudo systemctl restart ws-boot`"
        )
    # Only the first format is allowed. What prevents this now may not prevent a later boot.
    try:
        if FORMAT in describe(aws, volume_id)[1]:
            aws.call("ec2", "DeleteTags", ResourceId_1=volume_id, Tag_1_Key=FORMAT)
    except (AwsError, Unknown) as error:
        host.log(f"{FORMAT}: {error}")
    # Both do nothing where the disk is not larger.
    grow = ("xfs_growfs", where) if found.kind == "xfs" else ("resize2fs", disk)
    host.log(host.run(*grow, timeout=3600).output)


def kind_of(host: Host, device: Path) -> str:
    """Return the type of the file system on a disk; "" only for a disk that is blank.

    blkid ends with 2 both for a blank disk and for one that it cannot read, so the disk is read
    here as well. That a new volume of EBS reads as zeros is not verified; one that does not is
    never formatted. Raises: Failed.
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
    raise Failed(f"{device} is neither blank nor ext4 or xfs: look at it as root, with blkid -p")


def first_format(host: Host, aws: Aws, disk: str, volume_id: str) -> str:
    """Format a blank disk, if the volume's tag allows it.

    Raises: Failed, OSError, AwsError, Unknown.
    """
    if describe(aws, volume_id)[1].get(FORMAT) != "allowed":
        raise Failed(
            f"{volume_id} is blank, and no new home: restore a snapshot, or give it the tag "
            f"{FORMAT} = allowed"
        )
    host.do("mkfs.ext4", "-q", "-m", "1", "-e", "remount-ro", disk)
    return "ext4"
