"""What the person is told reaches terminals and desktop, and neither obeys it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.machine import FakeHost, instance
from ws.host import Result
from ws.tell import Person, clean, person, tell

PASSWD = "root:x:0:0::/root:/bin/bash\nalice:x:20001:20002:Alice:/home/alice:/bin/bash\n"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path, setpriv="")
    made.put("/etc/ws/instance.json", json.dumps(instance()))
    made.put("/etc/passwd", PASSWD)
    return made


def test_each_terminal_shows_the_sentence(host: FakeHost) -> None:
    terminals = [host.put(f"/dev/pts/{number}", "") for number in (0, 3, 12)]
    control = host.put("/dev/pts/ptmx", "")
    tell(host, "It stops at 18:00.")
    assert {each.read_bytes() for each in terminals} == {b"\r\n\a*** It stops at 18:00.\r\n"}
    assert control.read_text() == ""


def test_a_terminal_that_takes_nothing_stops_nobody(host: FakeHost) -> None:
    """Gone, full (stopped by Ctrl-S), a folder, a link: the next one is told all the same."""
    folder = host.path("/dev/pts")
    folder.mkdir(parents=True)
    os.mkfifo(folder / "0")  # nobody reads it
    os.mkfifo(folder / "1")
    full = os.open(folder / "1", os.O_RDWR | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while os.write(full, b"x" * 4096):
            pass
    (folder / "2").mkdir()
    elsewhere = host.put("/home/alice/notes", "kept")
    (folder / "3").symlink_to(elsewhere)
    last = host.put("/dev/pts/9", "")
    tell(host, "Hello")
    os.close(full)
    assert "Hello" in last.read_text()
    assert elsewhere.read_text() == "kept"


@pytest.mark.parametrize(
    "text",
    [
        "\x1b]0;owned\x07\x1b[2J",
        "a\nb\rc",
        "\u202egnirts",
        "\x9b31m",
        "<a href='x'>&amp;",
        "\udc80",
    ],
)
def test_nothing_of_a_text_is_obeyed(host: FakeHost, text: str) -> None:
    terminal = host.put("/dev/pts/0", "")
    tell(host, f"before {text} after")
    shown = terminal.read_bytes().decode()
    assert shown.startswith("\r\n\a*** before ")
    assert shown.endswith(" after\r\n")
    inner = shown[len("\r\n\a*** ") : -2]
    assert all(c.isprintable() and c not in "<>&" for c in inner)


def test_a_text_is_as_long_as_people_read() -> None:
    assert len(clean("x" * 9999)) == 300


def test_the_desktop_is_told_as_the_person_on_their_bus(host: FakeHost) -> None:
    host.put("/run/user/20001/bus", "")
    tell(host, "--help")
    (command,) = host.commands
    wrapped = command[: command.index("notify-send")]
    assert wrapped == (
        *("setpriv", "--reuid=20001", "--regid=20002", "--init-groups", "--reset-env", "env"),
        "XDG_RUNTIME_DIR=/run/user/20001",
        "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/20001/bus",
    )
    assert command[-3:] == ("--", "Workstation", "--help")


def test_without_a_desktop_nothing_is_run(host: FakeHost) -> None:
    tell(host, "Hello")
    assert host.commands == []


def test_a_desktop_that_hangs_is_named_in_the_journal(host: FakeHost) -> None:
    host.put("/run/user/20001/bus", "")
    host.programs["setpriv"] = Result(124, "setpriv did not end within 5 s")
    tell(host, "Hello")
    assert host.lines == ["the desktop shows nothing: setpriv did not end within 5 s"]


def test_terminals_are_told_where_the_instance_file_is_missing(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    terminal = host.put("/dev/pts/0", "")
    tell(host, "Hello")
    assert "Hello" in terminal.read_text()


@pytest.mark.parametrize(
    "passwd", ["", "alice\n", "alice:x:0:0::/root:/bin/sh\n", "alicia:x:7:7::/:/bin/sh\n"]
)
def test_root_or_nobody_is_never_the_person(host: FakeHost, passwd: str) -> None:
    host.put("/etc/passwd", passwd)
    assert person(host) is None


def test_the_person_is_found_by_name(host: FakeHost) -> None:
    assert person(host) == Person("20001", "20002")
