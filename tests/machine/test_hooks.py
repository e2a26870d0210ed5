"""Hooks run in order, as whom they belong to, within their time; what hangs stops nobody."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.machine import RealHost, Words
from ws.hooks import FOLDER, LIMIT, OWN, run_hooks
from ws.host import Host, Result

DAEMON = pwd.getpwnam("daemon").pw_uid
"""An account that has a group of its name on every Linux."""


def as_myself(words: Words) -> Result:
    """Leave setpriv(1) out of a command line: a test cannot always change who it is."""
    if "setpriv" in words:
        begin = words.index("setpriv")
        words = (*words[:begin], *words[words.index("sh") :])
    return Host().run(*words)


@pytest.fixture
def host(tmp_path: Path) -> RealHost:
    return RealHost(tmp_path, setpriv=as_myself, timeout=as_myself)


def put(host: RealHost, path: str, script: str, mode: int = 0o755) -> Path:
    file = host.put(path, f"#!/bin/sh\n{script}\n")
    file.chmod(mode)
    return file


def hook(host: RealHost, name: str, script: str = "", folder: str = FOLDER) -> Path:
    """Write a hook that notes its name; `$NOTES` is the file of notes."""
    notes = host.path("/notes")
    return put(host, f"{folder}/{name}", f"NOTES={notes}\necho {name} >>$NOTES\n{script}")


def runs(process: int) -> bool:
    """Tell whether a process still does something: one that nobody waits for stays as a name."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2]
    except FileNotFoundError:
        return False
    return not state.startswith("Z")


def run(host: RealHost, seconds: float = 60) -> list[str]:
    """Run all hooks; return the notes."""
    end = host.now() + seconds
    run_hooks(host, "alice", "spot", lambda: end)
    notes = host.path("/notes")
    return notes.read_text().split("\n")[:-1] if notes.exists() else []


def test_hooks_run_by_name_and_roots_before_the_persons(host: RealHost) -> None:
    for name in ("20-b", "10-a", "last", "30-c.sh"):
        hook(host, name)
    hook(host, "05-own", folder=f"/home/alice/{OWN}")
    assert run(host) == ["10-a", "20-b", "30-c.sh", "last", "05-own"]


def test_a_hook_knows_why_and_until_when(host: RealHost) -> None:
    hook(host, "10-a", "echo $WS_REASON $WS_DEADLINE $XDG_RUNTIME_DIR >>$NOTES")
    hook(host, "10-b", "echo $WS_REASON $XDG_RUNTIME_DIR >>$NOTES", f"/home/alice/{OWN}")
    notes = run(host)
    assert f"spot {host.now() + 60:.0f}" in notes
    assert f"spot /run/user/{os.geteuid()}" in notes


def test_the_same_number_runs_at_the_same_time(host: RealHost) -> None:
    """Each waits for the other: one after the other, neither would end."""
    for one, other in (("a", "b"), ("b", "a")):
        meet = f"touch $NOTES.{one}; while [ ! -e $NOTES.{other} ]; do sleep 0.01; done"
        hook(host, f"10-{one}", f"{meet}; echo met >>$NOTES")
    hook(host, "20-c")
    notes = run(host, 5)
    assert sorted(notes[:4]) == ["10-a", "10-b", "met", "met"]
    assert notes[4:] == ["20-c"]


def test_names_without_the_same_number_run_one_after_the_other(host: RealHost) -> None:
    """`10` and `100` are two numbers, and a name without one stands alone."""
    for name in ("10-a", "100-b", "save", "save-it"):
        hook(host, name, f"sleep 0.05; echo end-{name} >>$NOTES")
    notes = run(host)
    assert notes[::2] == ["10-a", "100-b", "save", "save-it"]
    assert notes[1::2] == [f"end-{name}" for name in notes[::2]]


def test_a_hook_that_hangs_is_ended_with_what_it_started(host: RealHost) -> None:
    """It ignores SIGTERM, and so does what it started; the next one runs."""
    hook(host, "10-hangs", "trap '' TERM; sh -c 'sleep 60; true' & echo $! >>$NOTES; wait; wait")
    hook(host, "20-next")
    begin = time.monotonic()
    ends = iter([*[host.now() + 0.3] * 2])
    run_hooks(host, "alice", "x", lambda: next(ends, host.now() + 60))
    assert time.monotonic() - begin < 20
    name, process, after = host.path("/notes").read_text().split()
    assert (name, after) == ("10-hangs", "20-next")
    assert not runs(int(process))
    assert any("10-hangs ended with -9" in line for line in host.lines)


def test_a_hook_that_fails_stops_nobody(host: RealHost) -> None:
    hook(host, "10-a", "echo '\x1b[31mno disk'; exit 3")
    put(host, f"{FOLDER}/20-b", "true").write_text("#!/no/such/program\n")
    hook(host, "30-c")
    assert run(host) == ["10-a", "30-c"]
    first, second, third = (line.partition(" ")[2] for line in host.lines)
    assert first == "ended with 3  [31mno disk"
    assert second.startswith("ended with 12")
    assert third == "ended with 0 "


def test_no_hook_starts_after_the_deadline(host: RealHost) -> None:
    hook(host, "10-a")
    assert run(host, 0) == []
    assert host.lines == [f"{host.path(FOLDER)}/10-a: no time is left for it"]


@pytest.mark.parametrize(("left", "limit"), [(300, f"{LIMIT}.0"), (7, "7.0")])
def test_a_hook_has_25_seconds_or_what_is_left(host: RealHost, left: int, limit: str) -> None:
    hook(host, "10-a")
    run(host, left)
    (command,) = host.ran("timeout")
    assert command[:3] == ("timeout", "--kill-after=2", limit)


def test_a_deadline_that_comes_nearer_counts(host: RealHost) -> None:
    """A Spot interruption comes while hooks run for a stop."""
    hook(host, "10-a")
    hook(host, "20-b")
    ends = iter([host.now() + 60] * 2)
    run_hooks(host, "alice", "x", lambda: next(ends, host.now()))
    assert host.path("/notes").read_text() == "10-a\n"


@pytest.mark.parametrize("mode", [0o644, 0o777, 0o775, 0o757])
def test_root_runs_nothing_that_others_may_write(host: RealHost, mode: int) -> None:
    hook(host, "10-a").chmod(mode)
    assert run(host) == []


def test_root_follows_no_link(host: RealHost) -> None:
    target = hook(host, "elsewhere", folder="/opt")
    host.path(FOLDER).mkdir(parents=True)
    (host.path(FOLDER) / "10-a").symlink_to(target)
    assert run(host) == []


def test_a_folder_of_hooks_that_is_a_link_is_not_followed_by_root(host: RealHost) -> None:
    hook(host, "10-a", folder="/opt/hooks")
    host.path(FOLDER).parent.mkdir(parents=True, exist_ok=True)
    host.path(FOLDER).symlink_to(host.path("/opt/hooks"))
    assert run(host) == []


@pytest.mark.parametrize("name", ["10-a~", ".10-a.swp", "10 a", "-x", "#10#", "a\nb"])
def test_what_editors_leave_is_no_hook(host: RealHost, name: str) -> None:
    path = hook(host, "10-a")
    path.rename(path.parent / name)
    expected = ["10-a"] if name == "-x" else []
    assert run(host) == expected


def test_links_of_the_person_are_followed_as_the_person(host: RealHost) -> None:
    """Dotfiles are often links into a repository."""
    target = hook(host, "10-a", folder="/home/alice/dotfiles")
    host.path(f"/home/alice/{OWN}").mkdir(parents=True)
    (host.path(f"/home/alice/{OWN}") / "10-a").symlink_to(target)
    assert run(host) == ["10-a"]
    assert all(words[0] == "setpriv" or "setpriv" in words for words in host.ran("timeout"))


def test_nothing_of_the_person_runs_while_their_account_is_missing(host: RealHost) -> None:
    hook(host, "10-a", folder=f"/home/alice/{OWN}")
    host.programs["setpriv"] = Result(1, "setpriv: failed to parse reuid")
    assert run(host) == []


def test_a_home_that_hangs_costs_five_seconds(host: RealHost) -> None:
    host.programs["setpriv"] = Result(124, "setpriv did not end within 5 s")
    assert run(host) == []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run something as somebody else")
def test_hooks_of_the_person_run_as_the_person_for_real(open_folder: Path) -> None:
    """Not one of root's files is open to them, by whatever link."""
    host = RealHost(open_folder)
    host.put("/secret", "root's\n").chmod(0o600)
    own = host.path(f"/home/daemon/{OWN}")
    put(host, f"/home/daemon/{OWN}/10-a", f"id -u >{own}/who; cat {open_folder}/secret >{own}/got")
    put(host, "/opt/tool", "echo root's tool", 0o700)
    (own / "20-b").symlink_to(host.path("/opt/tool"))
    for path in (host.path("/home/daemon"), *host.path("/home/daemon").rglob("*")):
        os.chown(path, DAEMON, DAEMON, follow_symlinks=False)
    run_hooks(host, "daemon", "x", lambda: host.now() + 60)
    assert (own / "who").read_text() == f"{DAEMON}\n"
    assert (own / "got").read_text() == ""
    assert len(host.ran("timeout")) == 1
