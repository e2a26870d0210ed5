"""The units of the agent: systemd takes them without a word, and their order has no circle."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[2] / "ami" / "agent" / "units").iterdir())
EXPOSURE = {"ws-boot.service": 70, "ws-watch.service": 70, "ws-idle.service": 48}
"""`systemd-analyze security` of systemd 255, times ten."""

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)


def values(path: Path, key: str) -> list[str]:
    """All words that a unit gives a key."""
    lines = re.findall(rf"^{key}=(.*)$", path.read_text(), re.MULTILINE)
    return [word for line in lines for word in line.split()]


def analyse(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze on copies of the units, in which a program that exists stands for ws."""
    for path in UNITS:
        (folder / path.name).write_text(path.read_text().replace("/usr/bin/ws", "/bin/true"))
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_there_are_three() -> None:
    assert [path.name for path in UNITS] == sorted(EXPOSURE)


@needs_systemd
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_says_nothing_about_it(path: Path, tmp_path: Path) -> None:
    """The exit code is 0 for unknown keys and for circles of the order, too: only words tell."""
    done = analyse(tmp_path, "verify", "--man=no", "--recursive-errors=no", f"./{path.name}")
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


@needs_systemd
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_it_is_as_closed_as_mounts_allow(path: Path, tmp_path: Path) -> None:
    limit = f"--threshold={EXPOSURE[path.name] + 3}"  # other versions count a little differently
    done = analyse(tmp_path, "security", "--offline=yes", limit, f"./{path.name}")
    assert done.returncode == 0, done.stdout.splitlines()[-1]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_none_has_a_view_of_the_file_systems_of_its_own(path: Path) -> None:
    """Nobody outside would see a mount, and an unmounted home would still be held.

    systemd.exec(5) names the options that make such a view.
    """
    keys = {line.partition("=")[0] for line in path.read_text().splitlines()}
    private = {"PrivateTmp", "PrivateDevices", "PrivateMounts", "ReadWritePaths", "ReadOnlyPaths"}
    private |= {
        "ProtectSystem",
        "ProtectHome",
        "ProtectProc",
        "ProtectControlGroups",
        "DynamicUser",
    }
    private |= {"ProtectKernelModules", "ProtectKernelTunables", "ProtectKernelLogs", "BindPaths"}
    private |= {"InaccessiblePaths", "TemporaryFileSystem", "RootDirectory", "MountFlags"}
    assert not keys & private


def test_leaving_comes_before_what_it_needs_has_stopped() -> None:
    boot = UNITS[0]
    needed = {"local-fs.target", "remote-fs.target", "network-online.target", "dbus.service"}
    assert needed <= {*values(boot, "After")}
    assert values(boot, "ExecStop") == ["/usr/bin/ws", "leave"]
    assert int(values(boot, "TimeoutStopSec")[0]) >= 120


def test_the_screen_waits_for_the_home_and_the_login_does_not() -> None:
    before = {*values(UNITS[0], "Before")}
    assert before == {"dcvserver.service", "display-manager.service"}


def test_the_boot_ends_by_itself_alone() -> None:
    assert values(UNITS[0], "TimeoutStartSec") == ["infinity"]
    assert values(UNITS[0], "Restart") == ["on-failure"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_it_may_do_what_its_programs_do(path: Path) -> None:
    """ext4 grows for CAP_SYS_RESOURCE; hooks and notices run as the person."""
    taken = {word.lstrip("~") for word in values(path, "CapabilityBoundingSet")}
    needed = {"CAP_SETUID", "CAP_SETGID", "CAP_DAC_OVERRIDE", "CAP_KILL"}
    if path.name == "ws-idle.service":
        assert needed <= taken
    else:
        assert not taken & (needed | {"CAP_SYS_ADMIN", "CAP_SYS_RESOURCE", "CAP_CHOWN"})
        assert "NoNewPrivileges" not in path.read_text()  # hooks may use sudo
