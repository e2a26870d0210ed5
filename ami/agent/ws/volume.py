"""The home as an EBS volume: attach, find, format once, check, mount, grow.

Nothing here detaches a volume, and nothing forces: what another instance holds is waited for.
"""

from __future__ import annotations

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
    for file in host.path("/sys/class/nvme").glob("*/serial"):
        if file.read_text().strip() == serial:
            for name in sorted(each.name for each in file.parent.iterdir()):
                device = host.path(f"/dev/{name}")
                if re.fullmatch(r"nvme\d+n\d+", name) and device.exists():
                    return device
    link = host.path(LINK + serial)
    return link.resolve() if link.exists() else None


def attach(host: Host, settings: Settings, aws: Aws, volume_id: str) -> Path:
    """Attach the volume if it is not, and return its disk.

    Raises: Waiting, Failed, AwsError, Unknown.
    """
    found = device_of(host, volume_id)
    if found:
        return found
    volume = find(aws, volume_id)
    check(settings, aws, volume, volume_id)
    me = aws.imds.instance_id()
    holders = [each.findtext("instanceId") for each in volume.iterfind("attachmentSet/item")]
    others = [holder for holder in holders if holder != me]
    if others:
        raise Waiting(f"{others[0]} still holds {volume_id}")
    if not holders:
        if volume.findtext("status") != "available":
            raise Waiting(f"{volume_id} is {volume.findtext('status')}")
        call = {"VolumeId": volume_id, "InstanceId": me, "Device": free_name(aws, me)}
        try:
            aws.call("ec2", "AttachVolume", **call)
        except AwsError as error:
            if error.code in ("VolumeInUse", "IncorrectState"):
                raise Waiting(str(error)) from error
            raise
    for _ in range(30):
        found = device_of(host, volume_id)
        if found:
            return found
        host.sleep(1)
    raise Waiting(f"AWS has attached {volume_id}, and Linux does not show its disk")


def described(aws: Aws, **which: str) -> list[ET.Element]:
    """Read volumes. Raises: AwsError, Unknown."""
    return aws.call("ec2", "DescribeVolumes", **which).findall("volumeSet/item")


def find(aws: Aws, volume_id: str) -> ET.Element:
    """Read one volume. Raises: Failed, AwsError, Unknown."""
    try:
        return described(aws, VolumeId_1=volume_id)[0]
    except (AwsError, IndexError) as error:
        if isinstance(error, AwsError) and error.code != "InvalidVolume.NotFound":
            raise
        raise Failed(
            f"{volume_id} does not exist: restore its snapshot as a volume with the same tags, "
            "run `reconcile`, stop, and start again"
        ) from error


def tags_of(volume: ET.Element) -> dict[str, str]:
    """Return the tags of a volume."""
    found = volume.iterfind("tagSet/item")
    return {tag.findtext("key", ""): tag.findtext("value", "") for tag in found}


def check(settings: Settings, aws: Aws, volume: ET.Element, volume_id: str) -> None:
    """See that this is the home of this workstation, and that it can be reached. Raises: Failed."""
    tags = tags_of(volume)
    expected = {"site": settings.site, "workstation": settings.workstation, "file-system": "home"}
    for key, value in expected.items():
        if tags.get(f"reconciler:{key}") != value:
            raise Failed(
                f"{volume_id} has not the tag reconciler:{key} = {value}: it is not this "
                "workstation's home; `reconcile` writes the right volume at the next start"
            )
    here = aws.imds.get("meta-data/placement/availability-zone")
    zone = volume.findtext("availabilityZone")
    if here and zone != here:
        raise Failed(
            f"{volume_id} is in {zone}, and this instance in {here}: set "
            "storage.home.ebs.availability_zone to the zone of the volume, stop, and start again"
        )


def free_name(aws: Aws, instance_id: str) -> str:
    """Choose a device name that this instance does not use.

    AWS recommends /dev/sd[f-p] for EBS volumes (EC2 user guide, "Device names for volumes on
    Amazon EC2 instances"). Nothing else depends on it.
    """
    which = {"Filter_1_Name": "attachment.instance-id", "Filter_1_Value_1": instance_id}
    volumes = described(aws, **which)
    used = {
        each.text for volume in volumes for each in volume.iterfind("attachmentSet/item/device")
    }
    free = [name for name in (f"/dev/sd{letter}" for letter in "fghijklmnop") if name not in used]
    if not free:
        raise Failed("eleven volumes are attached already: detach one that is not the home")
    return free[0]


def mount(host: Host, aws: Aws, device: Path, volume_id: str, at: str) -> None:
    """Format the disk if that is allowed, check, mount and grow it.

    A damaged file system is mounted read-only: its data can be read and copied, and nothing makes
    the damage worse. Raises: Failed, AwsError, Unknown.
    """
    found = mounted(host, at)
    if not found:
        kind = kind_of(host, device)
        if not kind:
            kind = first_format(host, aws, device, volume_id)
        _mount(host, device, volume_id, kind, at)
    elif Path(found.source).name != device.resolve().name:
        raise Failed(f"{found.source} is mounted at {at}: unmount it there")
    found = mounted(host, at)
    if found and "ro" in found.options.split(","):
        raise Failed(_damaged(device, volume_id, at))
    allow_no_format(host, aws, volume_id)


def _mount(host: Host, device: Path, volume_id: str, kind: str, at: str) -> None:
    options, where = "noatime,nodev,nosuid", str(host.path(at))
    if kind.startswith("ext"):
        done = host.run("e2fsck", "-p", str(device), timeout=3600)
        host.log(done.output)
        if done.code > 3:  # e2fsck(8): 1 and 2 are errors that it corrected
            options += ",ro,noload"
    done = host.run("mount", "-t", kind, "-o", options, str(device), where, timeout=600)
    if done.code:
        host.log(done.output)
        raise Failed(_damaged(device, volume_id, at))


def _damaged(device: Path, volume_id: str, at: str) -> str:
    return (
        f"{volume_id} is damaged, and mounted read-only if at all: take a snapshot, then `sudo "
        f"umount {at}`, `sudo fsck /dev/{device.name}` (XFS: xfs_repair), `sudo systemctl "
        "restart ws-boot`"
    )


def kind_of(host: Host, device: Path) -> str:
    """Return the type of the file system on a disk; "" only for a disk that is blank.

    blkid ends with 2 both for a blank disk and for one that it cannot read, so the disk is read
    here as well: a new volume has been wiped (AWS, "Amazon EBS" in the whitepaper "Overview of
    security processes"). Raises: Failed.
    """
    done = host.run("blkid", "-p", "-o", "export", str(device))
    values = dict(line.split("=", 1) for line in done.output.splitlines() if "=" in line)
    kind = values.get("TYPE", "")
    if done.code == 0 and kind in ("ext2", "ext3", "ext4", "xfs"):
        return kind
    if done.code == 0:
        kind = kind or values.get("PTTYPE", "something else")
        raise Failed(f"{device} holds {kind}: a home is ext4 or xfs on the whole disk")
    try:
        with device.open("rb") as disk:
            start = disk.read(BLANK)
    except OSError as error:
        raise Failed(f"{device} cannot be read: {error}") from error
    if done.code == 2 and not done.output and start == bytes(BLANK):
        return ""
    raise Failed(
        f"{device} is not blank, and blkid finds no file system ({done.code} {done.output[:60]}): "
        "look at it as root; nothing formats it"
    )


def first_format(host: Host, aws: Aws, device: Path, volume_id: str) -> str:
    """Format a blank disk, if the volume's tag allows it. Raises: Failed, AwsError, Unknown."""
    if tags_of(find(aws, volume_id)).get(FORMAT) != "allowed":
        raise Failed(
            f"{volume_id} is blank, and was not created as a new home: restore a snapshot, or give "
            f"it the tag {FORMAT} = allowed to format it"
        )
    done = host.run("mkfs.ext4", "-q", "-m", "1", "-e", "remount-ro", str(device), timeout=600)
    if done.code:
        raise Failed(f"mkfs.ext4 {device}: {done.output}")
    host.log(f"{volume_id} is formatted")
    return "ext4"


def allow_no_format(host: Host, aws: Aws, volume_id: str) -> None:
    """Take the permission off a volume that has a file system; without it a later boot does so."""
    try:
        if FORMAT in tags_of(find(aws, volume_id)):
            aws.call("ec2", "DeleteTags", ResourceId_1=volume_id, Tag_1_Key=FORMAT)
    except (AwsError, Unknown, Failed) as error:
        host.log(f"the tag {FORMAT} may still be there: {error}")


def grow(host: Host, device: Path, at: str) -> None:
    """Grow the mounted file system to the size of its disk; it stays mounted."""
    found = mounted(host, at)
    xfs = found and found.kind == "xfs"
    grown = ("xfs_growfs", str(host.path(at))) if xfs else ("resize2fs", str(device))
    done = host.run(*grown, timeout=3600)
    host.log(done.output)
