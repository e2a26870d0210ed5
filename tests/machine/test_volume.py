"""The home volume: only its own, found by its serial, formatted once, never taken by force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.machine.ebs import BLANK, SERIAL, TAGS, Machine, Volume, machine, mounted, plug
from tests.support.machine import INSTANCE, VOLUME, instance
from ws import settings, volume
from ws.aws import AwsError
from ws.host import Result
from ws.phase import Failed, Waiting

AT = "/home/alice"
ALLOWED = {**TAGS, volume.FORMAT: "allowed"}


def attach(at: Machine) -> Path:
    at.host.put("/etc/ws/instance.json", json.dumps(instance()))
    return volume.attach(at.host, settings.load(at.host), at.aws, VOLUME)


def mount(at: Machine) -> None:
    device = volume.device_of(at.host, VOLUME)
    assert device
    volume.mount(at.host, at.aws, device, VOLUME, AT)


def test_it_attaches_its_own_volume_under_a_free_name(tmp_path: Path) -> None:
    at = machine(tmp_path)
    assert attach(at) == at.host.path("/dev/nvme1n1")
    call = {"VolumeId": VOLUME, "InstanceId": INSTANCE, "Device": "/dev/sdf"}
    assert at.aws.called("AttachVolume") == [call]


def test_a_device_name_in_use_is_not_taken(tmp_path: Path) -> None:
    at = machine(tmp_path)
    known = at.aws.answers["AttachVolume"]
    used = AwsError("AttachVolume", "InvalidParameterValue", "Attachment point is already in use")
    at.aws.answers["AttachVolume"] = lambda given: (
        used if given["Device"] in ("/dev/sdf", "/dev/sdg") else known(given)
    )
    attach(at)
    assert at.aws.called("AttachVolume")[-1]["Device"] == "/dev/sdh"


def test_no_device_name_is_left(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.aws.answers["AttachVolume"] = AwsError("AttachVolume", "InvalidParameterValue", "in use")
    with pytest.raises(AwsError, match="in use"):
        attach(at)
    names = [given["Device"] for given in at.aws.called("AttachVolume")]
    assert names == [f"/dev/sd{letter}" for letter in "fghijklmnop"]


def test_a_disk_that_is_there_needs_no_call(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE, status="in-use"))
    assert attach(at).name == "nvme1n1"
    assert not at.aws.calls


def test_attached_but_not_yet_shown_is_waited_for(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder="", status="in-use"))
    at.volume.holder = INSTANCE
    at.host.on_sleep = lambda: plug(at.host) if len(at.host.pauses) == 5 else None
    assert attach(at).name == "nvme1n1"
    assert "AttachVolume" not in at.aws.actions


def test_a_disk_that_never_shows_is_named(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(status="in-use"))
    at.volume.holder = INSTANCE
    with pytest.raises(Waiting, match="Linux does not show"):
        attach(at)


def test_the_link_of_udev_finds_it_too(tmp_path: Path) -> None:
    at = machine(tmp_path)
    disk = at.host.put("/dev/nvme7n1", "")
    link = at.host.path(f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{SERIAL}")
    link.parent.mkdir(parents=True)
    link.symlink_to(disk)
    assert volume.device_of(at.host, VOLUME) == disk


def test_a_disk_of_another_volume_is_never_it(tmp_path: Path) -> None:
    at = machine(tmp_path)
    plug(at.host)
    assert volume.device_of(at.host, VOLUME + "0") is None
    assert volume.device_of(at.host, VOLUME[:-1]) is None


def test_still_held_by_a_dying_instance_waits_and_takes_nothing(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder="i-0dead", status="in-use"))
    with pytest.raises(Waiting, match=f"i-0dead still holds {VOLUME}"):
        attach(at)
    assert at.aws.actions == ["DescribeVolumes"]


@pytest.mark.parametrize("key", TAGS)
@pytest.mark.parametrize("value", ["other", ""])
def test_a_volume_with_another_tag_is_not_attached(tmp_path: Path, key: str, value: str) -> None:
    at = machine(tmp_path, Volume(tags={**TAGS, key: value}))
    with pytest.raises(Failed, match="has not the tags of this home: run `reconcile`"):
        attach(at)
    assert "AttachVolume" not in at.aws.actions


def test_a_volume_that_aws_does_not_describe_is_failed(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.aws.answers["DescribeVolumes"] = "<r/>"
    with pytest.raises(Failed, match=VOLUME):
        attach(at)


def new_home(root: Path, tags: dict[str, str] = ALLOWED) -> Machine:
    """A machine with a blank volume on it."""
    return machine(root, Volume(tags=dict(tags), holder=INSTANCE, content=""))


def test_a_new_home_is_formatted_once_and_its_permission_ends(tmp_path: Path) -> None:
    at = new_home(tmp_path)
    mount(at)
    assert (at.volume.formats, at.volume.tags) == (1, TAGS)
    untagged = {"ResourceId_1": VOLUME, "Tag_1_Key": volume.FORMAT}
    assert at.aws.called("DeleteTags") == [untagged]


@pytest.mark.parametrize("value", [None, "", "Allowed", "denied"])
def test_a_blank_volume_without_the_mark_is_not_formatted(
    tmp_path: Path, value: str | None
) -> None:
    at = new_home(tmp_path, TAGS if value is None else {**TAGS, volume.FORMAT: value})
    with pytest.raises(Failed, match="no new home"):
        mount(at)
    assert at.volume.formats == 0


@pytest.mark.parametrize(
    "answer",
    [
        Result(2, "error: /dev/nvme1n1: Input/output error"),
        Result(4, ""),
        Result(8, ""),
        Result(124, "blkid did not end within 60 s"),
        Result(127, "blkid is not installed"),
    ],
)
def test_an_error_of_blkid_is_not_blank(tmp_path: Path, answer: Result) -> None:
    at = new_home(tmp_path)
    at.host.programs["blkid"] = answer
    with pytest.raises(Failed, match="neither blank nor"):
        mount(at)
    assert at.volume.formats == 0


def test_a_disk_that_cannot_be_read_is_not_blank(tmp_path: Path) -> None:
    """blkid ends with 2 and without a word for a disk that it cannot open."""
    at = new_home(tmp_path)
    at.host.path("/dev/nvme1n1").unlink()
    at.host.path("/dev/nvme1n1").mkdir()
    with pytest.raises(Failed, match="cannot be read"):
        mount(at)
    assert at.volume.formats == 0


@pytest.mark.parametrize("content", ["", "\0" * 4096, "\0" * (1 << 19) + "x" + "\0" * (1 << 20)])
def test_data_that_blkid_does_not_know_is_not_blank(tmp_path: Path, content: str) -> None:
    at = new_home(tmp_path)
    at.host.put("/dev/nvme1n1", content)
    with pytest.raises(Failed, match="neither blank nor"):
        mount(at)
    assert at.volume.formats == 0


@pytest.mark.parametrize("output", ["TYPE=crypto_LUKS", "PTTYPE=gpt", "TYPE=swap", "DEVNAME=x"])
def test_something_else_on_the_disk_is_left_alone(tmp_path: Path, output: str) -> None:
    at = new_home(tmp_path)
    at.host.programs["blkid"] = output
    with pytest.raises(Failed, match="neither blank nor"):
        mount(at)
    assert at.volume.formats == 0


def test_a_permission_left_by_a_crash_after_the_format_ends_now(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(tags=dict(ALLOWED), holder=INSTANCE))
    mount(at)
    assert (at.volume.formats, at.volume.tags) == (0, TAGS)


def test_a_permission_that_cannot_end_stops_no_boot(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(tags=dict(ALLOWED), holder=INSTANCE))
    at.aws.answers["DeleteTags"] = AwsError("DeleteTags", "UnauthorizedOperation", "no")
    mount(at)
    assert any("UnauthorizedOperation" in line for line in at.host.lines)


def test_it_is_checked_and_mounted_without_devices_and_programs_of_root(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE))
    mount(at)
    disk, where = str(at.host.path("/dev/nvme1n1")), str(at.host.path(AT))
    assert at.host.commands[1:3] == [
        ("e2fsck", "-p", disk),
        ("mount", "-t", "ext4", "-o", "noatime,nodev,nosuid", disk, where),
    ]


@pytest.mark.parametrize("code", [1, 2])
def test_a_dirty_file_system_that_e2fsck_repairs_is_mounted(tmp_path: Path, code: int) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE))
    at.host.programs["e2fsck"] = Result(code, "recovering journal")
    mount(at)
    assert "ro" not in at.host.ran("mount")[0][4].split(",")


@pytest.mark.parametrize("code", [4, 8, 12, 124, 127])
def test_a_damaged_home_is_read_only_and_never_ready(tmp_path: Path, code: int) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE))
    at.host.programs["e2fsck"] = Result(code, "UNEXPECTED INCONSISTENCY")
    for _ in range(2):  # and it stays so when the boot tries again
        with pytest.raises(Failed, match="damaged"):
            mount(at)
    assert [words[4] for words in at.host.ran("mount")] == ["noatime,nodev,nosuid,ro,noload"]


def test_xfs_needs_no_check_before_it_is_mounted(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE, content="xfs"))
    mount(at)
    assert [words[0] for words in at.host.commands] == ["blkid", "mount", "xfs_growfs"]


def test_a_home_that_does_not_mount_says_what_to_do(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE, content="xfs"))
    at.host.programs["mount"] = Result(32, "mount: structure needs cleaning")
    with pytest.raises(Failed, match="fsck"):
        mount(at)


def test_a_mounted_home_is_neither_checked_nor_mounted_again(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE))
    mount(at)
    del at.host.commands[:]
    mount(at)
    assert [words[0] for words in at.host.commands] == ["resize2fs"]


def test_another_disk_at_the_mount_point_is_named(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE))
    mounted(at.host, str(at.host.path(AT)), "/dev/nvme9n1", "ext4", "rw")
    with pytest.raises(Failed, match=f"umount {AT}"):
        mount(at)


def test_a_grown_disk_grows_its_file_system_while_mounted(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE))
    mount(at)
    assert at.host.commands[-1] == ("resize2fs", str(at.host.path("/dev/nvme1n1")))


def test_a_full_disk_or_a_failed_growth_stops_no_boot(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE))
    at.host.programs["resize2fs"] = Result(1, "No space left on device")
    mount(at)
    assert at.host.lines[-1] == "No space left on device"


def test_blank_is_blank(tmp_path: Path) -> None:
    at = new_home(tmp_path)
    at.host.programs["blkid"] = BLANK
    assert volume.kind_of(at.host, at.host.path("/dev/nvme1n1")) == ""
