"""A file system that processes hold is asked for, and never taken by force."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.machine import FakeHost, RealHost, Words
from ws.host import Host, Result
from ws.release import holders, release

LINE = "36 35 98:0 / {at} rw,noatime shared:1 - {kind} /dev/nvme1n1 rw\n"
HOME = "/home/alice"


class Volume:
    """A mounted home on a fake machine: held by processes that end at some signals."""

    def __init__(self, host: FakeHost, **ends_at: str) -> None:
        self.host, self.ends_at = host, dict(ends_at)
        self.kinds = ["ext4"]
        self._write()
        host.programs |= {
            "find": self._find,
            "kill": self._kill,
            "umount": self._umount,
            "ps": lambda words: f"{words[-1]} train\x1b[2J",
            "sync": "",
        }

    def _write(self) -> None:
        at = self.host.path(HOME)
        lines = [LINE.format(at=at, kind=kind) for kind in self.kinds]
        self.host.put("/proc/self/mountinfo", "".join(lines))

    def _find(self, words: Words) -> str:
        return "".join(f"/proc/{pid[1:]}/cwd\n" for pid in self.ends_at) + "find: /proc/9/fd: gone"

    def _kill(self, words: Words) -> str:
        _, _, signal, *pids = words
        for pid in pids:
            if signal in self.ends_at[f"p{pid}"].split():
                del self.ends_at[f"p{pid}"]
        return ""

    def _umount(self, words: Words) -> Result:
        if self.ends_at:
            return Result(32, "target is busy")
        self.kinds.pop()
        self._write()
        return Result(0, "")


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def test_a_home_that_nobody_holds_is_unmounted_at_once(host: FakeHost) -> None:
    Volume(host)
    release(host, HOME)
    assert [words[0] for words in host.commands] == ["find", "sync", "umount"]
    assert host.pauses == []


def test_who_holds_it_is_asked_to_end_before_the_unmount(host: FakeHost) -> None:
    Volume(host, p41="TERM HUP", p42="TERM")
    release(host, HOME)
    assert [words[0] for words in host.commands] == ["find", "kill", "sync", "umount"]
    assert host.ran("kill") == [("kill", "-s", "TERM", "41", "42")]


def test_a_shell_that_ignores_sigterm_ends_at_sighup_of_the_second_round(host: FakeHost) -> None:
    Volume(host, p41="HUP")
    release(host, HOME)
    assert [words[2] for words in host.ran("kill")] == ["TERM", "HUP"]
    assert host.pauses == [5, 5]
    assert host.lines == []


def test_who_does_not_end_is_named_and_what_they_wrote_is_flushed(host: FakeHost) -> None:
    Volume(host, p41="KILL")
    release(host, HOME)
    (line,) = host.lines
    assert line == "target is busy 41 train [2J"
    assert len(host.ran("sync")) == 2
    assert len(host.ran("umount")) == 2
    assert host.now() - 1_795_000_000 == 10


def test_no_unmount_is_forced_or_lazy(host: FakeHost) -> None:
    Volume(host, p41="KILL")
    release(host, HOME)
    for words in host.ran("umount"):
        assert words[1:] == ("--recursive", str(host.path(HOME)))
    assert "KILL" not in {words[2] for words in host.ran("kill")}


def test_a_second_time_nothing_happens(host: FakeHost) -> None:
    Volume(host)
    release(host, HOME)
    before = len(host.commands)
    release(host, HOME)
    assert len(host.commands) == before


def test_an_automount_that_waits_is_nothing_to_unmount(host: FakeHost) -> None:
    volume = Volume(host)
    volume.kinds[:] = ["autofs", "lustre"]
    volume._write()
    release(host, HOME)
    release(host, HOME)
    assert volume.kinds == ["autofs"]
    assert len(host.ran("umount")) == 1


def test_a_file_server_that_hangs_ends_in_time(host: FakeHost) -> None:
    """Each program has a limit of its own; the agent waits for none longer."""
    Volume(host)
    host.programs["umount"] = Result(124, "umount did not end within 10 s")
    release(host, HOME)
    assert host.lines == ["umount did not end within 10 s "]


def test_only_the_agent_itself_is_spared(host: FakeHost) -> None:
    host.programs["find"] = (
        f"/proc/{os.getpid()}/fd/3\n/proc/7/map_files/a-b\n/proc/7/cwd\nx/proc/8/"
    )
    assert holders(host, str(host.path(HOME))) == ["7"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start processes in a folder, and end them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def popen(*command: str, cwd: Path) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe)
        started.append(process)
        return process

    yield popen
    for process in started:
        process.kill()
        process.communicate()


def wait_for(found: Callable[[], bool]) -> None:
    """Wait for a real process; fail after ten seconds."""
    end = time.monotonic() + 10
    while not found():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_real_processes_are_found_by_folder_file_and_mapping(
    tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    host = RealHost(tmp_path)
    home = host.path(HOME)
    (home / "work").mkdir(parents=True)
    (home / "data").write_bytes(b"x" * 4096)
    (host.path("/home/alice2")).mkdir()
    in_folder = start("cat", cwd=home / "work")
    with_file = start("sh", "-c", f"exec cat 9<{home}/data", cwd=Path("/"))
    mapping = (
        "import mmap, sys; f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, prot=1); "
        "f.close(); print('mapped', flush=True); input()"
    )
    with_mapping = start("python3", "-Ic", mapping, f"{home}/data", cwd=Path("/"))
    start("cat", cwd=host.path("/home/alice2"))
    assert with_mapping.stdout
    with_mapping.stdout.readline()
    expected = {str(each.pid) for each in (in_folder, with_file, with_mapping)}
    wait_for(lambda: set(holders(host, str(host.path(HOME)))) == expected)


def test_an_interactive_shell_ignores_sigterm_and_ends_at_sighup(tmp_path: Path) -> None:
    """Why the second round sends both: the most usual holder of a home is a login shell."""
    leader, follower = os.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=tmp_path,
        start_new_session=True,
    )
    os.write(leader, b"echo begun-$((1+1))\n")
    text = b""
    while b"begun-2" not in text:
        text += os.read(leader, 1024)
    host = Host()
    assert host.run("kill", "-s", "TERM", str(shell.pid)).code == 0
    os.write(leader, b"echo still-$((1+1))\n")
    while b"still-2" not in text:
        text += os.read(leader, 1024)
    assert shell.poll() is None
    host.run("kill", "-s", "HUP", str(shell.pid))
    assert shell.wait(10) == -1
    os.close(leader)
    os.close(follower)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_real_file_system_that_a_real_process_holds_is_unmounted(
    tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    host = RealHost(tmp_path)
    home = host.path(HOME)
    home.mkdir(parents=True)
    if host.run("mount", "-t", "tmpfs", "none", str(home)).code:
        pytest.skip("this root may not mount")
    (home / "deep").mkdir()
    host.run("mount", "-t", "tmpfs", "none", str(home / "deep"))
    host.path("/proc").symlink_to("/proc")
    holder = start("cat", cwd=home / "deep")
    wait_for(lambda: holders(host, str(host.path(HOME))) == [str(holder.pid)])
    try:
        release(host, HOME)
        assert list(home.iterdir()) == []
        assert str(home) not in Path("/proc/self/mountinfo").read_text()
        assert holder.wait(10) == -15
    finally:
        host.run("umount", "-R", str(home))
