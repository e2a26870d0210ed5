"""What the person is told reaches terminals and desktop, and neither obeys it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.machine import FakeHost, instance
from ws.host import Host, Result
from ws.tell import as_person, clean, tell


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path, setpriv="")
    made.put("/etc/ws/instance.json", json.dumps(instance()))
    return made


def test_each_terminal_shows_the_sentence(host: FakeHost) -> None:
    terminals = [host.put(f"/dev/pts/{number}", "") for number in (0, 3, 12)]
    control = host.put("/dev/pts/ptmx", "")
    tell(host, "It stops at 18:00.")
    assert {each.read_bytes() for each in terminals} == {b"\r\n\a*** It stops at 18:00.\r\n"}
    assert control.read_text() == ""


def test_a_terminal_that_takes_nothing_stops_nobody(host: FakeHost) -> None:
    """Gone, full (stopped by Ctrl-S), a folder: the next one is told all the same."""
    folder = host.path("/dev/pts")
    folder.mkdir(parents=True)
    os.mkfifo(folder / "0")  # nobody reads it
    os.mkfifo(folder / "1")
    full = os.open(folder / "1", os.O_RDWR | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while os.write(full, b"x" * 4096):
            pass
    (folder / "2").mkdir()
    last = host.put("/dev/pts/9", "")
    tell(host, "Hello")
    os.close(full)
    assert "Hello" in last.read_text()


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


def test_the_desktop_is_told_as_the_person(host: FakeHost) -> None:
    tell(host, "--help")
    (command,) = host.commands
    assert command[:5] == (
        *("setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "--reset-env"),
    )
    assert command[-5:] == ("notify-send", "--urgency=critical", "--", "Workstation", "--help")


def test_the_session_of_the_person_is_found_by_their_number() -> None:
    shell = as_person("alice")[5:]
    done = Host().run(*shell, "env")
    number = os.geteuid()
    assert f"XDG_RUNTIME_DIR=/run/user/{number}\n" in done.output
    assert f"DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/{number}/bus\n" in done.output


def test_words_of_a_text_stay_one_argument() -> None:
    assert Host().run(*as_person("alice")[5:], "printf", "%s.", "a; b $(id)", "c").output == (
        "a; b $(id).c."
    )


def test_a_missing_or_hanging_desktop_is_no_news(host: FakeHost) -> None:
    host.programs["setpriv"] = Result(124, "setpriv did not end within 5 s")
    terminal = host.put("/dev/pts/0", "")
    tell(host, "Hello")
    assert "Hello" in terminal.read_text()
    assert host.lines == []


def test_terminals_are_told_where_the_instance_file_is_missing(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    terminal = host.put("/dev/pts/0", "")
    tell(host, "Hello")
    assert "Hello" in terminal.read_text()
