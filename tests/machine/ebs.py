"""An EBS volume as the agent meets it: AWS's XML, the disk in sysfs, programs that remember."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from tests.support.machine import INSTANCE, VOLUME, FakeAws, FakeHost, FakeImds, Words
from ws.aws import AwsError
from ws.host import Result

TAGS = {
    "reconciler:site": "acme",
    "reconciler:workstation": "alice",
    "reconciler:file-system": "home",
}
SERIAL = VOLUME.replace("-", "")
DISK_BYTES = 2 << 20


@dataclass
class Volume:
    """The home volume in AWS, and its disk: `content` is what is on it, "" for blank."""

    tags: dict[str, str] = field(default_factory=lambda: dict(TAGS))
    zone: str = "eu-central-1a"
    status: str = "available"
    holder: str = ""
    content: str = "ext4"
    formats: int = 0

    def xml(self) -> str:
        """Write the answer of DescribeVolumes."""
        tags = "".join(
            f"<item><key>{escape(key)}</key><value>{escape(value)}</value></item>"
            for key, value in self.tags.items()
        )
        held = f"<item><instanceId>{self.holder}</instanceId><status>attached</status></item>"
        return (
            f"<r><volumeSet><item><volumeId>{VOLUME}</volumeId><status>{self.status}</status>"
            f"<availabilityZone>{self.zone}</availabilityZone><tagSet>{tags}</tagSet>"
            f"<attachmentSet>{held if self.holder else ''}</attachmentSet></item></volumeSet></r>"
        )


@dataclass
class Machine:
    """A machine, AWS around it, and the volume between them."""

    host: FakeHost
    imds: FakeImds
    aws: FakeAws
    volume: Volume

    @property
    def phases(self) -> list[str]:
        """List the phases that the instance's tag had, in order."""
        return [given["Tag_1_Value"] for given in self.aws.called("CreateTags")]


def machine(root: Path, volume: Volume | None = None, instance_id: str = INSTANCE) -> Machine:
    """Make a new machine, whose folder is `root`, beside a volume that may have seen others."""
    host, imds, home = FakeHost(root), FakeImds(), volume or Volume()
    imds.paths["meta-data/instance-id"] = instance_id
    aws = FakeAws(imds)
    host.put("/proc/self/mountinfo", "")
    host.put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
    host.put("/etc/group", "root:x:0:\nvideo:x:44:\n")
    if home.holder == instance_id:
        plug(host)

    def attach(given: dict[str, str]) -> str | Exception:
        if home.holder:
            return AwsError("AttachVolume", "VolumeInUse", f"{VOLUME} is already attached")
        home.holder, home.status = given["InstanceId"], "in-use"
        plug(host)
        return "<r/>"

    def untag(given: dict[str, str]) -> str:
        del home.tags[given["Tag_1_Key"]]
        return "<r/>"

    def described(given: dict[str, str]) -> str:
        return home.xml() if "VolumeId_1" in given else "<r/>"

    aws.answers |= {
        "DescribeVolumes": described,
        "AttachVolume": attach,
        "DeleteTags": untag,
        "CreateTags": "<r/>",
        "DescribeAutoScalingGroups": "<r/>",
        "CreateOrUpdateTags": "<r/>",
    }

    def blkid(words: Words) -> Result:
        return Result(0, f"DEVNAME={words[-1]}\nTYPE={home.content}") if home.content else BLANK

    def mkfs(words: Words) -> str:
        home.content, home.formats = "ext4", home.formats + 1
        return ""

    def mount(words: Words) -> str:
        mounted(host, words[-1], words[-2], words[2], words[4])
        return ""

    host.programs |= {
        "blkid": blkid,
        "mkfs.ext4": mkfs,
        "mount": mount,
        "stat": "1500",
        **dict.fromkeys(("e2fsck", "resize2fs", "xfs_growfs", "useradd", "usermod"), ""),
        **dict.fromkeys(("chown", "chmod", "chattr", "systemctl", "runuser"), ""),
    }
    return Machine(host, imds, aws, home)


BLANK = Result(2, "")


def plug(host: FakeHost) -> None:
    """Show the disk of the volume, as the kernel of a Nitro instance does, beside the root disk."""
    host.put("/sys/class/nvme/nvme0/serial", "vol0ffffffffffffffff\n")
    host.put("/sys/class/nvme/nvme0/nvme0n1/size", "1")
    host.put("/sys/class/nvme/nvme1/serial", f"{SERIAL}   \n")
    host.put("/sys/class/nvme/nvme1/nvme1n1/size", "1")
    host.put("/sys/class/nvme/nvme1/hwmon1/name", "nvme")
    host.put("/dev/nvme0n1", "root disk")
    host.put("/dev/nvme1n1", "\0" * DISK_BYTES)


def mounted(host: FakeHost, at: str, source: str, kind: str, options: str) -> None:
    """Add a line to the mounts of the machine."""
    path = host.path("/proc/self/mountinfo")
    line = f"36 25 259:1 / {at} {options} shared:1 - {kind} {source} rw\n"
    path.write_text(path.read_text() + line)
