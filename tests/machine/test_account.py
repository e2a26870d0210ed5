"""The account: who logs in, with which keys, and under which user id."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.machine.ebs import Machine, Volume, machine
from tests.support.machine import INSTANCE, FakeHost, instance
from ws import account, boot, dcv
from ws.host import Result
from ws.settings import Settings, load


def make(root: Path, uid: int = 1500, **fields: Any) -> FakeHost:
    at = machine(root)
    account.make(at.host, settings(at, **fields), uid)
    return at.host


def settings(at: Machine, **fields: Any) -> Settings:
    at.host.put("/etc/ws/instance.json", json.dumps(instance(**fields)))
    return load(at.host)


def test_the_person_has_a_shell_a_group_and_no_password(tmp_path: Path) -> None:
    (command,) = make(tmp_path).ran("useradd")
    assert command == (
        *("useradd", "-M", "-U", "-o", "-u", "1500", "-s", "/bin/bash"),
        *("-p", "*", "alice"),
    )


def test_the_groups_that_exist_are_theirs(tmp_path: Path) -> None:
    assert make(tmp_path).ran("usermod") == [("usermod", "-aG", "video", "alice")]


def test_they_are_root_by_sudo_and_the_file_is_the_one_that_sudo_takes(tmp_path: Path) -> None:
    path = make(tmp_path).path("/etc/sudoers.d/ws")
    assert path.read_text() == "alice ALL=(ALL) NOPASSWD:ALL\n"
    assert path.stat().st_mode & 0o777 == 0o440


def test_their_keys_are_outside_of_the_home(tmp_path: Path) -> None:
    host = make(tmp_path)
    assert host.read("/etc/ssh/authorized_keys.d/alice") == "ssh-ed25519 AAAA alice\n"
    assert "/etc/ssh/authorized_keys.d/%u" in host.read("/etc/ssh/sshd_config.d/10-ws.conf")
    assert host.ran("systemctl")[0][-1] == "ssh"


def test_a_key_that_is_taken_out_opens_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    host = make(tmp_path, account={"name": "alice", "uid": 1500, "ssh_keys": []})
    assert host.read("/etc/ssh/authorized_keys.d/alice") == ""
    assert not host.ran("systemctl")  # sshd reads the keys at each login


def test_a_user_id_of_somebody_else_is_shared(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.put("/etc/passwd", "ubuntu:x:1500:1500::/home/ubuntu:/bin/bash\n")
    account.make(at.host, settings(at), 1500)
    assert "-o" in at.host.ran("useradd")[0]


def test_a_group_of_that_name_is_used(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.put("/etc/group", "alice:x:900:\n")
    account.make(at.host, settings(at), 1500)
    assert at.host.ran("useradd")[0][2:4] == ("-g", "alice")


def test_an_account_with_this_user_id_stays_as_it_is(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.put("/etc/passwd", "alice:x:1500:1500::/home/alice:/bin/bash\n")
    account.make(at.host, settings(at), 1500)
    assert not at.host.ran("useradd")
    assert at.host.ran("usermod") == [("usermod", "-aG", "video", "alice")]


def test_the_owner_of_the_home_decides_the_user_id(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.put("/etc/passwd", "alice:x:1500:1500::/home/alice:/bin/bash\n")
    at.host.programs["stat"] = "2001"
    boot.boot(at.host, settings(at), at.aws)
    assert ("usermod", "-o", "-u", "2001", "alice") in at.host.commands
    assert not [words for words in at.host.ran("chown") if words[1] == "alice:"]


def test_processes_with_the_old_user_id_are_waited_for_and_named(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.put("/etc/passwd", "alice:x:1500:1500::/home/alice:/bin/bash\n")
    at.host.programs |= {"stat": "2001", "usermod -o": Result(8, "used by process 812")}

    def log_out() -> None:
        at.host.programs["usermod -o"] = ""

    at.host.on_sleep = log_out
    boot.boot(at.host, settings(at), at.aws)
    assert at.phases[2:] == ["mounting: usermod: used by process 812", "ready"]


def test_a_fresh_home_is_given_to_the_person_and_only_its_top_is_changed(tmp_path: Path) -> None:
    at = machine(tmp_path, Volume(holder=INSTANCE))
    at.host.programs["stat"] = "0"
    boot.boot(at.host, settings(at), at.aws)
    home = str(at.host.path("/home/alice"))
    assert ("chown", "alice:", home) in at.host.commands
    assert ("chmod", "750", home) in at.host.commands
    assert at.host.ran("runuser") == [
        ("runuser", "-u", "alice", "--", "cp", "-rnT", str(at.host.path("/etc/skel")), home)
    ]


@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        ("attaching: i-0a still holds vol-0b", True),
        ("failed: $(reboot) `reboot` %s %n", True),
        (None, True),  # the boot has not begun
        ("ready", False),
        ("ready: /fsx: no client", False),
        ("stopping", False),
    ],
)
def test_a_login_says_why_there_is_no_home(tmp_path: Path, phase: str | None, shown: bool) -> None:
    file = tmp_path / "phase"
    if phase:
        file.write_text(phase)
    script = boot.LOGIN.replace("/run/ws/phase", str(file))
    done = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert ("There is no home" in done.stderr) is shown
    assert phase is None or not shown or done.stderr.endswith(f"{phase}\n")


# Amazon DCV.

CONF = "[connectivity]\n# all of them\nweb-port=8443\nidle-timeout=60\n[log]\nlevel=debug\n"


def test_without_dcv_nothing_is_written(tmp_path: Path) -> None:
    at = machine(tmp_path)
    boot.boot(at.host, settings(at), at.aws)
    assert not at.host.path("/etc/dcv").exists()


def test_with_dcv_the_session_is_there_before_ready(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.put("/usr/bin/dcv", "")
    boot.boot(at.host, settings(at), at.aws)
    assert 'owner = "alice"' in at.host.read("/etc/dcv/dcv.conf")


def test_the_console_session_is_theirs_and_other_settings_stay(tmp_path: Path) -> None:
    host = machine(tmp_path).host
    host.put("/etc/dcv/dcv.conf", CONF)
    dcv.own(host, "alice")
    lines = host.read("/etc/dcv/dcv.conf").splitlines()
    assert {"web-port = 8443", "idle-timeout = 0", "level = debug", 'owner = "alice"'} <= {*lines}
    assert not any("password" in line or "authentication" in line for line in lines)
    assert host.commands == [("systemctl", "try-restart", "--no-block", "dcvserver")]


def test_a_second_boot_restarts_nothing(tmp_path: Path) -> None:
    host = machine(tmp_path).host
    for _ in range(2):
        dcv.own(host, "alice")
    assert len(host.commands) == 1


def test_a_broken_file_is_written_anew(tmp_path: Path) -> None:
    host = machine(tmp_path).host
    host.put("/etc/dcv/dcv.conf", "no section\n")
    dcv.own(host, "alice")
    assert "create-session = true" in host.read("/etc/dcv/dcv.conf")
