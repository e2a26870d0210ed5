"""The host keys on the home: each machine answers as the last one, and no link leads root away."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine.ebs import machine
from tests.support.machine import FakeHost, instance
from ws import account, boot
from ws.settings import load

NAME = "ssh_host_ed25519_key"
KEY = f"/etc/ssh/{NAME}"
ME = os.getuid()


def host_with(root: Path, key: str) -> FakeHost:
    """A new machine of the same home, with a key that its image has made."""
    host = machine(root / key).host
    (root / "home").mkdir(exist_ok=True)
    host.path("/home").mkdir()
    host.path("/home/alice").symlink_to(root / "home")
    host.put(KEY, key)
    host.put(f"{KEY}.pub", f"{key}.pub")
    host.put("/etc/ssh/ssh_config", "Host *")
    return host


def keep(host: FakeHost, owner: int = ME) -> None:
    account.keep_host_keys(host, "/home/alice", owner)


def test_the_next_machine_answers_with_the_same_keys(tmp_path: Path) -> None:
    one, two = host_with(tmp_path, "one"), host_with(tmp_path, "two")
    keep(one)
    assert not one.commands
    keep(two)
    assert (two.read(KEY), two.read(f"{KEY}.pub")) == ("one", "one.pub")
    assert two.path(KEY).stat().st_mode & 0o777 == 0o600
    assert two.ran("systemctl")[0][-1] == "ssh"
    assert two.read("/etc/ssh/ssh_config") == "Host *"


def test_a_second_boot_changes_nothing(tmp_path: Path) -> None:
    one = host_with(tmp_path, "one")
    for _ in range(3):
        keep(one)
    assert not one.commands
    assert [path.name for path in (tmp_path / "home").iterdir()] == [account.KEPT]


def test_only_root_reads_them(tmp_path: Path) -> None:
    keep(host_with(tmp_path, "one"))
    assert (tmp_path / "home" / account.KEPT).stat().st_mode & 0o777 == 0o600


def link(path: Path, other: Path) -> None:
    path.symlink_to(other)


def fifo(path: Path, other: Path) -> None:
    os.mkfifo(path, 0o600)


def readable(path: Path, other: Path) -> None:
    path.write_text(other.read_text())
    path.chmod(0o644)


def broken(path: Path, other: Path) -> None:
    path.write_text("{")
    path.chmod(0o600)


@pytest.mark.parametrize("put", [link, fifo, readable, broken])
def test_what_a_person_puts_there_is_not_trusted_and_is_replaced(
    tmp_path: Path, put: Callable[[Path, Path], None]
) -> None:
    host = host_with(tmp_path, "one")
    other, kept = tmp_path / "other", tmp_path / "home" / account.KEPT
    other.write_text(json.dumps({NAME: "evil"}))
    other.chmod(0o600)
    put(kept, other)
    keep(host)
    assert host.read(KEY) == "one"
    assert json.loads(other.read_text()) == {NAME: "evil"}
    assert not kept.is_symlink()
    assert json.loads(kept.read_text())[NAME] == "one"


def test_a_folder_in_its_place_is_said_and_stops_no_boot(tmp_path: Path) -> None:
    at = machine(tmp_path)
    at.host.put("/etc/ws/instance.json", json.dumps(instance(home=None)))
    at.host.path(f"/home/alice/{account.KEPT}").mkdir(parents=True)
    boot.boot(at.host, load(at.host), at.aws)
    assert at.phases[-1] == "ready"
    assert any("are not kept" in line for line in at.host.lines)


def test_a_file_of_the_person_is_not_trusted(tmp_path: Path) -> None:
    """On EFS, every file is: so no machine trusts the keys there."""
    host = host_with(tmp_path, "one")
    kept = tmp_path / "home" / account.KEPT
    kept.write_text(json.dumps({NAME: "evil"}))
    kept.chmod(0o600)
    keep(host, ME + 1)
    assert host.read(KEY) == "one"


def test_names_that_are_no_keys_are_not_written(tmp_path: Path) -> None:
    host = host_with(tmp_path, "one")
    kept = tmp_path / "home" / account.KEPT
    kept.write_text(json.dumps({"../shadow": "evil", NAME: "two"}))
    kept.chmod(0o600)
    keep(host)
    assert host.read(KEY) == "two"
    assert not host.path("/etc/shadow").exists()


def test_a_machine_without_keys_trusts_none(tmp_path: Path) -> None:
    host = host_with(tmp_path, "one")
    keep(host)
    for end in ("", ".pub"):
        host.path(f"{KEY}{end}").unlink()
    keep(host)
    assert not host.path(KEY).exists()


def test_a_kind_of_key_that_the_home_has_not_stays(tmp_path: Path) -> None:
    keep(host_with(tmp_path, "one"))
    two = host_with(tmp_path, "two")
    two.put("/etc/ssh/ssh_host_rsa_key", "rsa")
    keep(two)
    assert (two.read(KEY), two.read("/etc/ssh/ssh_host_rsa_key")) == ("one", "rsa")
