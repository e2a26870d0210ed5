"""Mount points that are closed, and units for Lustre and EFS that systemd takes as they are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.machine.ebs import machine, mounted
from tests.support.machine import FakeHost
from ws import mounts
from ws.host import Result
from ws.phase import Failed

LUSTRE = {
    "type": "fsx_lustre",
    "dns_name": "fs-0a.fsx.eu-central-1.amazonaws.com",
    "mount_name": "abcdefgh",
    "at": "/fsx/data-sets",
}
EFS = {
    "type": "efs",
    "file_system_id": "fs-0b",
    "access_point_id": "fsap-0c",
    "tls": True,
    "iam": True,
    "at": "/home/alice",
}


def automount(host: FakeHost, entry: dict[str, Any]) -> None:
    mounts.mount(host, entry, "automount")


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    found = machine(tmp_path).host
    found.put("/sbin/mount.efs", "")
    found.programs["modinfo"] = "2.15.6"
    return found


def test_an_empty_mount_point_is_closed_even_for_root(host: FakeHost) -> None:
    mounts.close(host, "/home/alice")
    point = str(host.path("/home/alice"))
    assert host.commands == [
        ("chown", "root:root", point),
        ("chmod", "555", point),
        ("chattr", "+i", point),
    ]


def test_a_closed_or_a_mounted_one_is_not_touched(host: FakeHost) -> None:
    host.path("/home/alice").mkdir(parents=True)
    host.path("/home/alice").chmod(0o555)
    mounts.close(host, "/home/alice")
    mounted(host, str(host.path("/fsx")), "x", "lustre", "rw")
    mounts.close(host, "/fsx")
    assert not host.commands


def test_the_topmost_mount_counts_and_others_of_its_name_do_not(host: FakeHost) -> None:
    at = str(host.path("/fsx"))
    mounted(host, at, "systemd-1", "autofs", "rw")
    mounted(host, at, "fs@tcp:/abc", "lustre", "rw,noatime")
    mounted(host, f"{at}2", "other", "ext4", "ro")
    assert mounts.mounted(host, "/fsx") == ("lustre", "fs@tcp:/abc", "rw,noatime")
    assert mounts.mounted(host, "/fs") is None


def test_lustre_is_mounted_at_its_first_use(host: FakeHost) -> None:
    automount(host, LUSTRE)
    unit = host.read("/run/systemd/system/fsx-data\\x2dsets.mount")
    assert "What=fs-0a.fsx.eu-central-1.amazonaws.com@tcp:/abcdefgh\n" in unit
    assert "Type=lustre\nOptions=noatime,flock,_netdev\nTimeoutSec=60\n" in unit
    assert "Where=/fsx/data-sets\n" in unit
    started = ("systemctl", "start", "fsx-data\\x2dsets.automount")
    assert host.commands[-2:] == [("systemctl", "daemon-reload"), started]


def test_efs_is_encrypted_and_enters_by_its_access_point(host: FakeHost) -> None:
    automount(host, {**EFS, "at": "/efs"})
    unit = host.read("/run/systemd/system/efs.mount")
    assert "What=fs-0b:/\n" in unit
    assert "Type=efs\nOptions=tls,iam,accesspoint=fsap-0c,_netdev\n" in unit


def test_a_missing_helper_of_efs_says_which_image_to_use(host: FakeHost) -> None:
    host.path("/sbin/mount.efs").unlink()
    with pytest.raises(Failed, match="/home/alice: use an image with amazon-efs-utils"):
        automount(host, EFS)


@pytest.mark.parametrize(
    "answer", [Result(1, "modinfo: ERROR: Module lustre not found."), "2.10.8", "", Result(127, "")]
)
def test_a_lustre_client_that_does_not_fit_is_named(host: FakeHost, answer: str | Result) -> None:
    host.programs["modinfo"] = answer
    with pytest.raises(Failed, match="no Lustre client that fits its kernel and FSx"):
        automount(host, LUSTRE)


@pytest.mark.parametrize("version", ["2.12.8", "2.15.5_fsx", "2.16.0"])
def test_a_lustre_client_of_today_fits(host: FakeHost, version: str) -> None:
    host.programs["modinfo"] = version
    automount(host, LUSTRE)


def test_an_automount_that_does_not_start_is_failed(host: FakeHost) -> None:
    host.programs["systemctl start"] = Result(1, "bad unit")
    with pytest.raises(OSError, match="systemctl: bad unit"):
        automount(host, LUSTRE)


def test_a_home_of_the_network_is_mounted_at_once(host: FakeHost) -> None:
    mounts.mount(host, EFS)
    assert host.commands[-1] == ("systemctl", "start", "home-alice.mount")
    host.programs["systemctl start"] = Result(1, "Job for home-alice.mount failed.")
    with pytest.raises(OSError, match=r"home-alice\.mount failed"):
        mounts.mount(host, EFS)


def test_a_type_of_a_newer_version_is_named(host: FakeHost) -> None:
    with pytest.raises(Failed, match="/tape: this agent cannot mount tape: use a newer image"):
        automount(host, {"type": "tape", "at": "/tape"})


@pytest.mark.parametrize("entry", [LUSTRE, {**EFS, "at": "/mnt/a.b_c/d-e"}], ids=["lustre", "efs"])
def test_systemd_takes_the_units_without_a_word(host: FakeHost, entry: dict[str, Any]) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    automount(host, entry)
    units = [str(path) for path in host.path("/run/systemd/system").iterdir()]
    assert len(units) == 2
    command = ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", *units]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)
