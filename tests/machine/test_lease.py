"""A lease keeps the workstation on, ends when it should, and nothing in its folder harms root."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.machine import FakeHost
from ws import lease

UP = 5000.0


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path)
    made.put("/proc/uptime", f"{UP} 1.0\n")
    made.path(lease.FOLDER).mkdir(parents=True)
    return made


def held(host: FakeHost) -> list[float]:
    return sorted(lease.leases(host, UP))


def put(host: FakeHost, name: str, end: float) -> Path:
    path = host.put(f"{lease.FOLDER}/{name}", "")
    os.utime(path, (end, end))
    return path


def test_a_lease_has_the_time_that_was_asked_for(host: FakeHost) -> None:
    assert lease.main(["4h"], host) == 0
    assert lease.main(["30m"], host) == 0
    assert held(host) == [1800, 4 * 3600]


def test_off_ends_every_lease_of_this_person(host: FakeHost) -> None:
    lease.main(["4h"], host)
    assert lease.main(["off"], host) == 0
    assert held(host) == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["0h"],
        ["25h"],
        ["1441m"],
        ["4"],
        ["-4h"],
        ["4h", "--"],
        ["4h", "make"],
        ["4h\n"],
        ["99999h"],
    ],
)
def test_odd_times_make_no_lease(host: FakeHost, words: list[str]) -> None:
    assert lease.main(words, host) == 2
    assert held(host) == []


def test_a_lease_for_a_command_ends_with_it(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr("os.execvp", lambda _, words: ran.append(words))
    process = host.path(f"/proc/{os.getpid()}")
    process.mkdir()
    lease.main(["4h", "--", "make", "-j", "4h"], host)
    assert ran == [["make", "-j", "4h"]]
    assert held(host) == [4 * 3600]
    process.rmdir()
    assert held(host) == []
    assert list(host.path(lease.FOLDER).iterdir()) == []


def test_the_command_has_the_process_of_its_lease(host: FakeHost) -> None:
    code = (
        "import sys; from ws import lease; from ws.host import Host;"
        "sys.exit(lease.main(sys.argv[2:], Host(sys.argv[1])))"
    )
    words = [sys.executable, "-c", code, str(host.root), "1h", "--", "sh", "-c", "echo $$; exit 7"]
    path = {"PYTHONPATH": str(Path(lease.__file__).parents[1]), "PATH": os.environ["PATH"]}
    done = subprocess.run(words, env=path, capture_output=True, text=True, check=False)
    (made,) = host.path(lease.FOLDER).iterdir()
    assert done.returncode == 7
    assert made.name.split(".")[0] == done.stdout.strip()


def test_a_command_that_is_not_installed_is_said(
    host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lease.main(["1h", "--", "no-such-program"], host) == 127
    assert "no-such-program: No such file" in capsys.readouterr().err


def test_without_the_service_there_is_no_lease(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = FakeHost(tmp_path)
    host.put("/proc/uptime", "1.0 1.0\n")
    assert lease.main(["4h", "--", "true"], host) == 1
    assert "ws-idle.service" in capsys.readouterr().err


def test_hostile_entries_are_no_leases_and_harm_nothing(host: FakeHost) -> None:
    folder, victim = host.path(lease.FOLDER), host.put("/etc/shadow", "root")
    end = UP + 60
    os.utime(victim, (end, end))
    (folder / "0.link").symlink_to(victim)
    (folder / "0.folder").mkdir()
    os.mkfifo(folder / "0.pipe")
    put(host, "..0", end)
    put(host, "x.y", end)
    put(host, "\x1b[2J", end)
    put(host, "²", end)
    for name in ("0.link", "0.folder", "0.pipe"):
        os.utime(folder / name, (end, end), follow_symlinks=False)
    assert held(host) == []
    assert victim.read_text() == "root"


def test_what_lasts_longer_than_a_day_is_removed(host: FakeHost) -> None:
    put(host, "0.year", UP + 365 * 86400)
    put(host, "0.now", 1.8e9)  # what touch(1) makes
    assert held(host) == []
    assert list(host.path(lease.FOLDER).iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to others")
def test_a_service_account_holds_no_lease(host: FakeHost) -> None:
    os.chown(put(host, "0.www-data", UP + 60), 33, 33)
    os.chown(put(host, "0.alice", UP + 70), 1500, 1500)
    assert held(host) == [70]


def test_the_file_of_a_lease_is_empty_and_regular(host: FakeHost) -> None:
    lease.main(["4h"], host)
    (made,) = host.path(lease.FOLDER).iterdir()
    assert stat.S_ISREG(made.lstat().st_mode)
    assert made.read_bytes() == b""
