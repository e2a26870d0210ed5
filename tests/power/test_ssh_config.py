"""The files of ssh: what stands in them, and that two commands at once lose nothing."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.session import get_session

from reconciler.cli.workstation import ssh_files
from reconciler.commands.connect import (
    REGION,
    Way,
    block,
    forward,
    host,
    included,
    keys_of,
    merged,
    no_keys,
    proxied,
)
from reconciler.errors import Refused, UsageError
from tests.power.test_why import WANTED

WAY = Way(WANTED, "i-0a1b2c3d", "", "alice")


PROGRAM = ["/opt/dev % team/workstation"]


def test_the_block_is_ssh_s_own_form_and_names_no_machine() -> None:
    text = block(Way(WANTED, "i-0a1b2c3d", "dev", "alice"), PROGRAM)
    assert "Host alice.acme.workstation\n    User alice\n    HostKeyAlias acme-alice\n" in text
    assert "UserKnownHostsFile ~/.ssh/workstations/acme-alice.known_hosts\n" in text
    assert (
        "ProxyCommand '/opt/dev %% team/workstation' proxy --region us-east-1 --profile dev "
        "acme/alice %p\n"
    ) in text
    assert "i-0a1b2c3d" not in text


@pytest.mark.parametrize(
    "odd",
    ["", "i-", "i-0a1b2c", "i-0a1b2c3d4e5f60718a", "i-0A1B2C3D", "mi-0a1b2c3d", "i-0a1b2c3d\n",
     "i-0a1b2c3d\n    ProxyCommand x", "-oProxyCommand=x"],
)  # fmt: skip
def test_an_instance_id_of_another_form_reaches_neither_a_file_nor_a_command(odd: str) -> None:
    with pytest.raises(Refused, match="no instance id"):
        Way(WANTED, odd, "", "alice")


@pytest.mark.parametrize(
    "odd", ["", "us-east", "us east-1", "us-east-1\n", "--profile", "US-EAST-1"]
)
def test_a_region_of_another_form_is_refused(odd: str) -> None:
    with pytest.raises(Refused, match="is no region"):
        Way(replace(WANTED, region=odd), "i-0a1b2c3d", "", "alice")


def test_a_profile_of_two_lines_is_refused() -> None:
    with pytest.raises(Refused, match="cannot stand in a file of ssh"):
        Way(WANTED, "i-0a1b2c3d", "dev\nHost *", "alice")


def test_every_region_has_the_form_of_one() -> None:
    core = get_session()
    for partition in core.get_available_partitions():
        for region in core.get_available_regions("ec2", partition):
            assert REGION.fullmatch(region), region


@pytest.mark.parametrize("name", ["localhost", "bastion", "github"])
def test_no_workstation_takes_the_name_of_a_host_of_the_user(name: str) -> None:
    """Two sites of one account may have the same workstation, too."""
    group = replace(WANTED, workstation=name, name=f"acme-{name}")
    text = block(Way(group, "i-0a1b2c3d", "", "alice"), PROGRAM)
    assert f"\nHost {name}.acme.workstation\n" in text
    assert [line for line in text.splitlines() if line.startswith("Host ")] == [
        f"Host {name}.acme.workstation"
    ]
    assert host(group) != host(replace(group, site="beta"))


def test_ssh_speaks_over_the_document_for_pipes() -> None:
    assert proxied(WAY, "22")[-3:] == ["AWS-StartSSHSession", "--parameters", "portNumber=22"]


@pytest.mark.parametrize("config", ["", "Host *\n    User me\n", "Host *\r\n    User me\r\n"])
def test_other_lines_stay_as_they_are(config: str) -> None:
    once = included(config)
    assert once.endswith(config)
    assert once.count("Include workstations/config\n") == 1
    assert included(once) == once


def test_a_line_that_the_user_wrote_is_enough() -> None:
    config = "Host *\n  include workstations/config\n"
    assert included(config) == config


def test_each_workstation_has_one_block() -> None:
    once = merged("", WAY, PROGRAM)
    assert merged(once, WAY, PROGRAM) == once
    both = merged(
        once, Way(replace(WANTED, name="acme-bob", workstation="bob"), "i-0b1b2c3d", "", "bob"), []
    )
    assert both.startswith(once)
    assert "Host bob.acme.workstation\n" in both
    assert merged(both, WAY, PROGRAM) == both
    torn = once.rpartition("# <<<")[0] + "Host precious"
    assert merged(torn, WAY, PROGRAM) == torn + "\n" + once


def test_the_keys_of_another_machine_are_told_apart() -> None:
    assert keys_of(no_keys("i-0a1b2c3d") + "acme-alice ssh-ed25519 AAAA\n") == "i-0a1b2c3d"
    assert keys_of("") == keys_of("acme-alice ssh-ed25519 AAAA\n") == ""


def test_the_forwarded_port() -> None:
    assert forward(WAY, 9443)[-1] == "portNumber=8443,localPortNumber=9443"


# -- two commands at once --------------------------------------------------------------------


@pytest.fixture
def hosts_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of hosts, below a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh/workstations").mkdir(parents=True)
    return tmp_path / ".ssh/workstations/config"


def test_two_commands_at_once_lose_nothing(hosts_file: Path) -> None:
    """While bob's block is written, alice's waits, and reads the file after that."""
    held = (hosts_file.parent / ".lock").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)

    def bob_ends(_seconds: float) -> None:
        hosts_file.write_text("Host bob\n")
        held.close()

    ssh_files.prepare(WAY, bob_ends)
    assert held.closed
    assert hosts_file.read_text().startswith("Host bob\n")
    assert "Host alice.acme.workstation\n" in hosts_file.read_text()


@pytest.mark.parametrize("act", [ssh_files.prepare, ssh_files.forget_other_keys])
def test_a_command_that_never_ends_is_waited_for_ten_seconds(
    hosts_file: Path, act: Callable[[Way, Callable[[float], None]], None]
) -> None:
    waited: list[float] = []
    with (hosts_file.parent / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UsageError) as caught:
            act(WAY, waited.append)
    assert sum(waited) == pytest.approx(10)
    assert f"command has held {hosts_file.parent}/.lock for 10 seconds" in str(caught.value)
    assert "--no-ssh-config" in str(caught.value)
    assert [each.name for each in hosts_file.parent.iterdir()] == [".lock"]


def test_the_lock_is_given_back(hosts_file: Path) -> None:
    for _ in range(2):
        ssh_files.prepare(WAY, _never)
    with (hosts_file.parent / ".lock").open("w") as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _never(_seconds: float) -> None:
    raise AssertionError("nobody else holds it")
