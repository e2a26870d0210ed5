"""The home on real disks: loop devices, real file systems. It needs root, and the tools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine.ebs import SERIAL, TAGS
from tests.support.machine import VOLUME, FakeAws, FakeImds, RealHost
from ws import mounts, volume
from ws.host import Result
from ws.phase import Failed

TOOLS = ("losetup", "mkfs.ext4", "mkfs.xfs", "e2fsck", "resize2fs", "xfs_growfs", "blkid", "mount")
AT = "/home/alice"
MIB = 1 << 20


def sh(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def why_not() -> str:
    """Say why there can be no loop devices here; "" where there can be."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if os.getuid() or missing:
        return f"needs root and {', '.join(missing) or 'nothing else'}"
    done = subprocess.run(["losetup", "-f"], capture_output=True, text=True, check=False)
    return done.stderr.strip()


REASON = why_not()
CAPABILITIES = re.search("^CapEff:\t(.*)", Path("/proc/self/status").read_text(), re.MULTILINE)
MAY_RESIZE = bool(CAPABILITIES and int(CAPABILITIES[1], 16) >> 24 & 1)
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON or "-")


class Disk:
    """A volume as a loop device, and the machine that it is attached to."""

    def __init__(self, root: Path, megabytes: int) -> None:
        self.image, self.root = root / "disk", root / "machine"
        self.image.touch()
        os.truncate(self.image, megabytes * MIB)
        self.device = sh("losetup", "-f", "--show", str(self.image))
        self.tags = dict(TAGS)
        self.machine()

    def machine(self) -> None:
        """Replace the machine: another one, with nothing mounted."""
        self.unmount()
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir()
        self.host = RealHost(self.root, chattr=Result(1, "not here"))
        self.host.path("/proc").symlink_to("/proc")
        self.host.path("/sys").symlink_to("/sys")
        link = self.host.path(f"{volume.LINK}{SERIAL}")
        link.parent.mkdir(parents=True)
        link.symlink_to(self.device)
        tag = "<item><key>{}</key><value>{}</value></item>"
        self.aws = FakeAws(
            FakeImds(),
            DescribeVolumes=lambda given: (
                "<r><volumeSet><item><tagSet>"
                + "".join(tag.format(*pair) for pair in self.tags.items())
                + "</tagSet></item></volumeSet></r>"
            ),
            DeleteTags=lambda given: self.tags.pop(given["Tag_1_Key"], "") and "<r/>",
        )

    def boot(self) -> Path:
        """Do what a boot does with the disk, and return the home."""
        mounts.close(self.host, AT)
        device = volume.device_of(self.host, VOLUME)
        assert device == Path(self.device)
        volume.mount(self.host, self.aws, device, VOLUME, AT)
        return self.host.path(AT)

    def unmount(self) -> None:
        """Unmount the home, if it is mounted."""
        subprocess.run(["umount", str(self.root / AT[1:])], capture_output=True, check=False)

    def grow(self, megabytes: int) -> None:
        """Make the volume larger, as ModifyVolume does."""
        os.truncate(self.image, megabytes * MIB)
        sh("losetup", "-c", self.device)

    def formats(self) -> int:
        """Count the formats of this machine."""
        return len(self.host.ran("mkfs"))


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Disk]:
    found = Disk(tmp_path, getattr(request, "param", 32))
    yield found
    found.unmount()
    sh("losetup", "-d", found.device)


def new(disk: Disk) -> Path:
    disk.tags[volume.FORMAT] = "allowed"
    return disk.boot()


def size(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_blocks * found.f_frsize


def test_100_replacements_keep_a_marker_and_format_once(disk: Disk) -> None:
    (new(disk) / "marker").write_text("kept")
    assert disk.formats() == 1
    for _ in range(99):
        disk.machine()
        assert (disk.boot() / "marker").read_text() == "kept"
        assert disk.formats() == 0
        assert set(disk.aws.actions) == {"DescribeVolumes"}


def test_it_is_mounted_without_devices_and_without_programs_of_root(disk: Disk) -> None:
    new(disk)
    found = mounts.mounted(disk.host, AT)
    assert found
    assert {"rw", "noatime", "nodev", "nosuid"} <= {*found.options.split(",")}
    assert (found.kind, found.source) == ("ext4", disk.device)
    assert disk.tags == TAGS


def test_a_blank_disk_without_the_mark_stays_blank(disk: Disk) -> None:
    with pytest.raises(Failed, match="is blank"):
        disk.boot()
    with Path(disk.device).open("rb") as file:
        assert file.read(MIB) == bytes(MIB)


@pytest.mark.parametrize("where", [0, 4096, MIB - 1])
def test_a_disk_with_one_byte_of_something_is_not_formatted(disk: Disk, where: int) -> None:
    with Path(disk.device).open("r+b") as file:
        file.seek(where)
        file.write(b"\1")
    with pytest.raises(Failed, match="neither blank"):
        new(disk)
    assert disk.formats() == 0


def test_a_disk_that_is_gone_is_not_blank(disk: Disk) -> None:
    """blkid ends with 2 and without a word, as it does for a blank disk."""
    gone = disk.host.path("/dev/gone")
    assert disk.host.run("blkid", "-p", "-o", "export", str(gone)) == (2, "")
    with pytest.raises(Failed, match="cannot be read"):
        volume.kind_of(disk.host, gone)


def test_a_dirty_file_system_is_repaired(disk: Disk) -> None:
    """The instance was lost while the journal was in use."""
    (new(disk) / "marker").write_text("kept")
    os.sync()
    copy = disk.image.with_suffix(".dirty")
    shutil.copyfile(disk.image, copy)  # as the disk is while it is mounted
    disk.unmount()
    shutil.copyfile(copy, disk.image)
    disk.machine()
    assert (disk.boot() / "marker").read_text() == "kept"
    assert not {"ro"} & {*str(mounts.mounted(disk.host, AT)).split(",")}


def test_a_damaged_file_system_is_read_only_and_its_data_can_be_read(disk: Disk) -> None:
    home = new(disk)
    (home / "marker").write_text("kept")
    (home / "folder").mkdir()
    disk.unmount()
    # The number of links of the top folder is one that e2fsck does not change without a question.
    sh("debugfs", "-w", "-R", "set_inode_field <2> links_count 77", disk.device)
    sh("debugfs", "-w", "-R", "clri folder", disk.device)
    sh("debugfs", "-w", "-R", "set_super_value state 2", disk.device)
    disk.machine()
    disk.host.programs["e2fsck"] = Result(4, "UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY")
    with pytest.raises(Failed, match="mounted read-only"):
        disk.boot()
    home = disk.host.path(AT)
    assert (home / "marker").read_text() == "kept"
    with pytest.raises(OSError, match="Read-only"):
        (home / "new").write_text("")


@pytest.mark.skipif(not MAY_RESIZE, reason="needs CAP_SYS_RESOURCE, which ext4 asks for to grow")
def test_a_grown_disk_grows_its_file_system(disk: Disk) -> None:
    before = size(new(disk))
    disk.grow(64)
    disk.boot()  # while it is mounted
    middle = size(disk.host.path(AT))
    assert middle > before + 20 * MIB, "\n".join(disk.host.lines)
    disk.machine()
    disk.grow(96)
    assert size(disk.boot()) > middle + 20 * MIB


@pytest.mark.parametrize("disk", [320], indirect=True)
def test_xfs_is_mounted_and_grown(disk: Disk) -> None:
    sh("mkfs.xfs", "-q", disk.device)
    before = size(disk.boot())
    disk.machine()
    disk.grow(480)
    assert size(disk.boot()) > before + 100 * MIB
    assert disk.formats() == 0


def test_a_full_home_is_mounted(disk: Disk) -> None:
    home = new(disk)
    with pytest.raises(OSError, match="No space left"):
        (home / "full").write_bytes(bytes(64 * MIB))
    disk.machine()
    assert (disk.boot() / "full").exists()


def test_nobody_writes_below_a_closed_mount_point(disk: Disk) -> None:
    del disk.host.programs["chattr"]
    mounts.close(disk.host, AT)
    point = disk.host.path(AT)
    try:
        if "i" not in sh("lsattr", "-d", str(point)).split()[0]:
            pytest.skip("this file system has no immutable files")
        with pytest.raises(PermissionError):
            (point / "lost").write_text("work")
        (new(disk) / "kept").write_text("work")  # a mount covers it
        disk.unmount()
    finally:
        sh("chattr", "-i", str(point))
