"""Mount points that are closed, and units for Lustre and EFS that systemd takes as they are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.machine.ebs import machine, mounted
from tests.support.machine import FakeHost
from ws import mounts
from ws.host import Result
from ws.phase import Failed, Waiting

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


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    found = machine(tmp_path).host
    for name in ("lustre", "efs"):
        found.put(f"/usr/sbin/mount.{name}", "")
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
    mounts.share(host, LUSTRE)
    unit = host.read("/run/systemd/system/fsx-data\\x2dsets.mount")
    assert "What=fs-0a.fsx.eu-central-1.amazonaws.com@tcp:/abcdefgh\n" in unit
    assert "Where=/fsx/data-sets\nType=lustre\nOptions=noatime,flock,_netdev\n" in unit
    assert "TimeoutSec=60\n" in unit
    started = ("systemctl", "start", "fsx-data\\x2dsets.automount")
    assert host.commands[-2:] == [("systemctl", "daemon-reload"), started]


def test_efs_is_encrypted_and_enters_by_its_access_point(host: FakeHost) -> None:
    mounts.share(host, {**EFS, "at": "/efs"})
    unit = host.read("/run/systemd/system/efs.mount")
    assert "What=fs-0b:/\n" in unit
    assert "Type=efs\nOptions=tls,iam,accesspoint=fsap-0c,_netdev\n" in unit


@pytest.mark.parametrize("entry", [LUSTRE, EFS], ids=["lustre", "efs"])
def test_a_missing_helper_says_which_image_to_use(host: FakeHost, entry: dict[str, str]) -> None:
    shutil.rmtree(host.path("/usr/sbin"))
    with pytest.raises(Failed, match=rf"{entry['at']}: .*use one with"):
        mounts.share(host, entry)


@pytest.mark.parametrize(
    "answer", [Result(1, "modinfo: ERROR: Module lustre not found."), "2.10.8", "", Result(127, "")]
)
def test_a_lustre_client_that_does_not_fit_is_named(host: FakeHost, answer: str | Result) -> None:
    host.programs["modinfo"] = answer
    with pytest.raises(Failed, match="does not fit the kernel of this image, or is too old"):
        mounts.share(host, LUSTRE)


@pytest.mark.parametrize("version", ["2.12.8", "2.15.5_fsx", "2.16.0"])
def test_a_lustre_client_of_today_fits(host: FakeHost, version: str) -> None:
    host.programs["modinfo"] = version
    mounts.share(host, LUSTRE)


def test_an_automount_that_does_not_start_is_failed(host: FakeHost) -> None:
    host.programs["systemctl start"] = Result(1, "bad unit")
    with pytest.raises(Failed, match="/fsx/data-sets: systemctl: bad unit"):
        mounts.share(host, LUSTRE)


def test_a_home_of_the_network_is_mounted_before_it_is_ready(host: FakeHost) -> None:
    with pytest.raises(Waiting, match=r"journalctl -u home-alice\.mount"):
        mounts.mount(host, EFS)
    mounted(host, str(host.path("/home/alice")), "127.0.0.1:/", "nfs4", "rw")
    mounts.mount(host, EFS)
    assert host.commands[-1] == ("systemctl", "start", "home-alice.mount")


@pytest.mark.parametrize("entry", [LUSTRE, {**EFS, "at": "/mnt/a.b_c/d"}], ids=["lustre", "efs"])
def test_systemd_takes_the_units_without_a_word(host: FakeHost, entry: dict[str, str]) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    mounts.share(host, entry)
    units = [str(path) for path in host.path("/run/systemd/system").iterdir()]
    assert len(units) == 2
    command = ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", *units]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)
