"""The instance file: what a machine is made of, and what nothing is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.machine import FakeHost, instance
from ws.settings import Settings, Unusable, load

EBS = {"type": "ebs", "volume_id": "vol-0a", "at": "/home/alice"}
LUSTRE = {"type": "fsx_lustre", "dns_name": "fs-0a.fsx", "mount_name": "abc", "at": "/fsx"}
EFS = {"type": "efs", "file_system_id": "fs-0a", "access_point_id": "fsap-0b", "at": "/efs"}


def read(root: Path, **fields: Any) -> Settings:
    host = FakeHost(root)
    host.put("/etc/ws/instance.json", json.dumps(instance(**fields)))
    return load(host)


def test_what_is_left_out_has_a_value(tmp_path: Path) -> None:
    person = {"name": "alice", "uid": 1500}
    found = read(tmp_path, home=None, mounts=None, account=person, owner=None, stop_hook=None)
    assert (found.user, found.home, found.mounts, found.ssh_keys) == ("alice", None, [], [])
    assert (found.idle, found.metrics, found.stop_hook) == (None, None, "")


def test_a_newer_file_is_read_without_what_is_new(tmp_path: Path) -> None:
    tape = {"type": "tape", "at": "/tape"}
    found = read(tmp_path, version=7, shell="fish", mounts=[{**EFS, "zone": 1}, tape])
    assert found.mounts[0]["zone"] == 1


@pytest.mark.parametrize("entry", [EBS, {**LUSTRE, "at": "/home/alice"}])
def test_each_home_is_at_the_home_of_the_account(tmp_path: Path, entry: dict[str, Any]) -> None:
    assert read(tmp_path, home=entry).home == entry
    with pytest.raises(Unusable, match="/home/bob"):
        read(tmp_path, home={**entry, "at": "/home/bob"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("volume_id", "vol-0a; reboot"),
        ("volume_id", "../x"),
        ("at", "/home/alice/../../etc"),
        ("at", "/home/alice\n[Mount]"),
        ("at", "home"),
        ("at", 5),
    ],
)
def test_a_hostile_home_makes_no_machine(tmp_path: Path, field: str, value: Any) -> None:
    entry = {key: text for key, text in {**EBS, field: value}.items() if text is not None}
    with pytest.raises(Unusable):
        read(tmp_path, home=entry)


@pytest.mark.parametrize(
    "entry",
    [
        {**LUSTRE, "dns_name": "a b"},
        {**LUSTRE, "mount_name": "x,suid"},
        {**EFS, "access_point_id": "fsap-0b,suid"},
        {**EFS, "file_system_id": "%h"},
        {**EFS, "at": "/home/alice/data"},
        {**EFS, "at": "/a/.."},
        {**EFS, "at": "/é"},
        "no",
    ],
)
def test_a_hostile_mount_makes_no_machine(tmp_path: Path, entry: Any) -> None:
    with pytest.raises(Unusable):
        read(tmp_path, mounts=[entry])


@pytest.mark.parametrize(
    "account",
    [
        {"name": "root:x", "uid": 1500},
        {"name": "../etc", "uid": 1500},
        {"name": "-rf", "uid": 1500},
        {"name": "a" * 33, "uid": 1500},
        {"name": "alice"},
        {"uid": 1500},
        {"name": "alice", "uid": 0},
        {"name": "alice", "uid": -1},
        {"name": "alice", "uid": "x"},
        {"name": "alice", "uid": 1500, "ssh_keys": ["ssh-ed25519 AAAA\nssh-rsa BBBB"]},
        {"name": "alice", "uid": 1500, "ssh_keys": 5},
        [],
    ],
)
def test_a_hostile_account_makes_no_machine(tmp_path: Path, account: Any) -> None:
    with pytest.raises(Unusable):
        read(tmp_path, account=account, home=None)


@pytest.mark.parametrize(
    "field", ["site", "workstation", "region", "auto_scaling_group", "account"]
)
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    with pytest.raises(Unusable, match=field):
        read(tmp_path, **{field: None})


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\ud800"])
def test_a_broken_file_is_unusable(tmp_path: Path, text: str) -> None:
    host = FakeHost(tmp_path)
    host.put("/etc/ws/instance.json", "")
    host.path("/etc/ws/instance.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(Unusable, match=r"/etc/ws/instance\.json"):
        load(host)


def test_a_missing_file_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="FileNotFoundError"):
        load(FakeHost(tmp_path))
