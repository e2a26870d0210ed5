"""`workstation connect`: what it tells, what it writes, what it runs."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.aws.endpoints import is_local
from reconciler.aws_api import Aws
from reconciler.sandbox.control.interruption import interrupt
from reconciler.workstation import read
from reconciler.workstation.model import Instance, Member
from tests.power.days import aws
from tests.power.hand import Hand

Make = Callable[..., Hand]
USER_CONFIG = "Host *\n    User me\n"


@pytest.fixture
def up(hand: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hand:
    """Alice on, her owner at home; and AWS answers, as far as `workstation` can know."""
    monkeypatch.setattr("reconciler.aws.endpoints.is_local", lambda url: False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    cli = hand()
    cli.days.to("Mon 10:00")
    return cli


def config() -> Path:
    return Path.home() / ".ssh/config"


def tools(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `aws` that writes down what it was asked, and a plugin."""
    folder.mkdir()
    asked = folder / "asked"
    for name in ("aws", "session-manager-plugin"):
        (folder / name).write_text(f'#!/bin/sh\necho "$@" > {asked}\n')
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return asked


def test_it_tells_the_commands_and_prepares_ssh(up: Hand) -> None:
    [member] = up.days.group()["Instances"]
    id_ = member["InstanceId"]
    result = up("connect alice")
    assert f"aws ssm start-session --region us-east-1 --target {id_} --document-name" in result.out
    assert "AWS-StartPortForwardingSession --parameters portNumber=8443,localPortNumber=8443" in (
        result.out
    )
    assert "https://localhost:8443" in result.out
    assert config().read_text().endswith("Include workstations/config\n")
    hosts = config().parent / "workstations"
    text = (hosts / "config").read_text()
    assert "Host alice.acme.workstation\n    User alice\n" in text
    assert id_ not in text
    assert (hosts / "acme-alice.known_hosts").read_text() == f"# keys of {id_}\n"
    for file in (config(), *hosts.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in (config().parent, hosts):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(config().parent.iterdir()) == [config(), hosts]


def test_the_login_is_the_name_of_the_workstation(up: Hand) -> None:
    words = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    owner = {**words, "Key": "reconciler:owner", "Value": "ann@example.com"}
    aws("autoscaling").create_or_update_tags(Tags=[{**owner, "PropagateAtLaunch": True}])
    up("connect alice")
    assert "    User alice\n" in (config().parent / "workstations/config").read_text()


def test_ssh_itself_reads_the_files(up: Hand) -> None:
    """`ssh -G` prints what it would do; where it is not installed, there is nothing to ask."""
    ssh = shutil.which("ssh")
    if ssh is None:
        pytest.skip("no ssh here")
    up("connect alice")
    # ssh takes its home from the account, not from HOME: the path is made a whole one.
    home = config().parent
    config().write_text(
        config().read_text().replace("workstations/config", f"{home}/workstations/config")
    )
    found = subprocess.run(
        [ssh, "-G", "-F", str(config()), "alice.acme.workstation"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "\nhostkeyalias acme-alice\n" in found
    assert "proxy --region us-east-1 acme/alice" in found


def test_it_leaves_other_lines_alone_and_follows_a_link(up: Hand, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles"
    elsewhere.write_text(USER_CONFIG)
    config().parent.mkdir()
    config().symlink_to(elsewhere)
    up("connect alice --no-ssh-config")
    assert elsewhere.read_text() == USER_CONFIG
    up("connect alice --user ubuntu")
    up("connect alice --user ubuntu")
    assert config().is_symlink()
    assert elsewhere.read_text().endswith("\n\n" + USER_CONFIG)
    assert elsewhere.read_text().count("Include workstations/config\n") == 1
    hosts = (config().parent / "workstations/config").read_text()
    assert hosts.count("Host alice.acme.workstation\n    User ubuntu\n") == 1


def test_a_new_machine_is_told_with_what_was_lost(up: Hand) -> None:
    assert "new machine" not in up("connect alice").out
    [old] = up.days.group()["Instances"]
    before = (config().parent / "workstations/config").read_text()
    interrupt(up.days.sandbox.world, "us-east-1", old["InstanceId"], at_once=True)
    up.days.sandbox.clock.forward(timedelta(minutes=5))
    out = " ".join(up("connect alice").out.split())
    assert f"({old['InstanceId']} is gone): memory, GPU state and the root disk of the old" in out
    assert "there is no home, so nothing is kept" in out
    assert (config().parent / "workstations/config").read_text() == before


def test_ssh_reaches_the_machine_that_there_is(
    up: Hand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = tools(tmp_path / "bin", monkeypatch)
    up("connect alice")
    [old] = up.days.group()["Instances"]
    keys = config().parent / "workstations/acme-alice.known_hosts"
    keys.write_text(keys.read_text() + "acme-alice ssh-ed25519 AAAA\n")
    up("proxy --region us-east-1 acme/alice 22")
    assert f"--target {old['InstanceId']} --document-name AWS-StartSSHSession" in asked.read_text()
    assert "AAAA" in keys.read_text(), "the same machine keeps its keys"
    interrupt(up.days.sandbox.world, "us-east-1", old["InstanceId"], at_once=True)
    up.days.sandbox.clock.forward(timedelta(minutes=5))
    up("proxy --region us-east-1 acme/alice 22")
    [new] = up.days.group()["Instances"]
    assert f"--target {new['InstanceId']} " in asked.read_text()
    assert keys.read_text() == f"# keys of {new['InstanceId']}\n", "ssh would refuse the old ones"


def test_a_shell_is_ssh_s(up: Hand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tools(tmp_path / "bin", monkeypatch)
    ssh = tmp_path / "bin/ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/shell\n')
    ssh.chmod(0o755)
    up("ssh alice -- df -h")
    assert (tmp_path / "shell").read_text() == "-- alice.acme.workstation df -h\n"
    assert config().exists()
    ssh.write_text("#!/bin/sh\nexit 7\n")
    up("ssh alice", code=1)


def test_run_forwards_the_port(up: Hand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = tools(tmp_path / "bin", monkeypatch)
    up("connect alice --run --port 9443")
    assert "portNumber=8443,localPortNumber=9443" in asked.read_text()
    (tmp_path / "bin/aws").write_text("#!/bin/sh\nexit 255\n")
    up("connect alice --run", code=1)


def test_what_is_not_installed_is_named(
    up: Hand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert "Session Manager plugin, https://" in up("connect alice --run", code=2).err
    assert not config().exists()
    assert "needed and not installed: the AWS CLI" in up("connect alice").out


def test_one_that_is_not_up_is_refused_with_the_next_step(up: Hand) -> None:
    up("stop alice")
    assert "`workstation start alice` turns it on" in up("connect alice", code=4).err
    up("start alice --no-wait")
    assert "`workstation start alice` waits for it" in up("connect alice", code=4).err
    assert not config().exists()


def test_a_login_that_would_break_the_file_is_refused(up: Hand) -> None:
    assert "is no login" in up("connect alice --user 'a\nProxyCommand x'", code=2).err
    assert not config().exists()


def test_an_instance_id_that_is_none_is_written_nowhere(
    up: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "i-0a1b2c3d\n    ProxyCommand touch x"
    whole = read.instance

    def odd(aws: Aws, member: Member) -> Instance:
        found = whole(aws, member)
        assert found is not None
        return replace(found, id=evil)

    monkeypatch.setattr(read, "instance", odd)
    answer = up("connect alice", code=4)
    assert "which is no instance id: nothing was written" in answer.err
    assert "\n    ProxyCommand" not in answer.err
    assert not config().exists()
    up("proxy --region us-east-1 acme/alice 22", code=4)
    assert not config().parent.exists()


def test_a_sandbox_leaves_ssh_s_files_alone(up: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.aws.endpoints.is_local", is_local)
    answer = up("connect alice")
    assert "ssh  not prepared: it is a sandbox, and ~/.ssh is as it was" in answer.out
    assert up("connect alice -o json").json["ssh"] is None
    for line in ("ssh alice", "proxy --region us-east-1 acme/alice 22"):
        answer = up(line, code=4)
        assert f"{up.days.sandbox.endpoint} (AWS_ENDPOINT_URL) is a sandbox" in answer.err
    assert not config().parent.exists()


@pytest.mark.parametrize("line", ["status alice", "why alice", "stop alice", "connect alice"])
def test_every_answer_says_that_a_sandbox_gave_it(
    up: Hand, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr("reconciler.aws.endpoints.is_local", is_local)
    url = up.days.sandbox.endpoint
    note = f"endpoint {url} (AWS_ENDPOINT_URL): a sandbox on this machine, not AWS\n"
    assert note in up(f"{line} -o json").err
    assert up(f"{line} -o json").json["endpoint"] == url


def test_json_has_the_commands_as_lists(up: Hand) -> None:
    document = up("connect alice -o json").json
    assert document["dcv"]["command"][:3] == ["aws", "ssm", "start-session"]
    assert document["ssh"] == {"command": ["ssh", "alice.acme.workstation"]}
    assert document["new_machine"] is False
    assert json.dumps(document)
