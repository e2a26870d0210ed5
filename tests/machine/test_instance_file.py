"""The instance file: every field, and the user id that never changes."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.declare.fleet import Idle
from reconciler.declare.homes.efs import EfsFileSystem
from reconciler.machine import instance_file
from tests.plan.declared import HERE, PRIVATE, REGION, lustre, volume, workstation

HOME = {"type": "ebs", "name": "acme-alice/home", "volume_id": "vol-1", "at": "/home/alice"}


def content(home: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return instance_file.content("acme", workstation(**settings), "acme-alice", home, ())


def test_what_is_not_declared_is_not_written() -> None:
    assert content(owner="alice@example.com") == {
        "version": 1,
        "site": "acme",
        "fleet": "vision",
        "workstation": "alice",
        "owner": "alice@example.com",
        "region": REGION,
        "auto_scaling_group": "acme-alice",
        "account": {"name": "alice", "uid": 59592, "ssh_keys": ()},
        "mounts": (),
        "stop_hook": "reconciler-stop",
    }


def test_what_is_declared_is_written() -> None:
    idle = Idle(2700, 900, ("gpu", "lease"), "active")
    found = content(HOME, idle=idle, metrics_namespace="Acme", ssh_keys=("ssh-ed25519 AAAA",))
    assert found["home"] == HOME
    assert found["account"]["ssh_keys"] == ("ssh-ed25519 AAAA",)
    assert found["metrics"] == {"namespace": "Acme"}
    assert found["idle"] == {
        "after": 2700,
        "warn": 900,
        "signals": ("gpu", "lease"),
        "unknown": "active",
    }


@pytest.mark.parametrize("home", [None, volume(), lustre()])
def test_a_user_id_is_of_the_site_and_the_name_and_nothing_else(home: Any) -> None:
    """Files belong to the number: these values can never change."""
    assert instance_file.uid("acme", workstation("alice", home=home, fleet="other")) == 59592
    assert instance_file.uid("acme", workstation("bob", home=home)) == 59141
    assert instance_file.uid("other", workstation("alice", home=home)) == 49813


def test_user_ids_are_in_their_range() -> None:
    found = {instance_file.uid("acme", workstation(f"ws-{n}")) for n in range(300)}
    assert all(20_000 <= uid < 60_000 for uid in found)
    assert len(found) > 295


def test_the_user_id_of_an_efs_home_is_that_of_its_files() -> None:
    home = EfsFileSystem(
        name="home",
        fleet="vision",
        workstation="alice",
        owner="",
        region=REGION,
        subnets=PRIVATE,
        availability_zone=None,
        zones=(),
        transition_to_ia="NONE",
        uid=1234,
        gid=1000,
        kms_key_id=None,
        tags={},
        where=HERE,
    )
    assert instance_file.uid("acme", workstation("alice", home=home)) == 1234
