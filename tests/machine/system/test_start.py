"""From `workstation start` to a mounted home, with the very user data of the launch template.

cloud-init of Ubuntu 24.04 reads it from the metadata service, unpacks the agent and starts it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from reconciler.sandbox.control import interruption
from tests.machine.system.ec2 import REGION, Ec2
from tests.machine.system.machine import Machine
from tests.support.samples import SOAK

PHASE = "reconciler:phase"
HOME = "/home/alice"
REPLACEMENTS = 100 if SOAK else 1
HOST_KEYS = "cat /etc/ssh/ssh_host_*_key.pub"


def started(aws: Ec2) -> Machine:
    """Start the workstation and wait until its machine is ready."""
    aws.command("workstation", "start", "alice", "--no-wait")
    return ready(aws)


def ready(aws: Ec2) -> Machine:
    """Boot the instance that runs, and wait until it is ready."""
    machine = booted(aws)
    assert aws.tag(PHASE) == "ready", machine.journal("ws-boot.service")
    return machine


def booted(aws: Ec2) -> Machine:
    """Boot the instance that runs, and wait until its boot has succeeded or has failed."""
    aws.wait(aws.instance)
    machine = aws.boot()
    aws.wait(lambda: aws.tag(PHASE).startswith(("ready", "failed")))
    return machine


def ssh(machine: Machine, key: Path, command: str) -> str:
    """Sign in as the owner with a key, and run a command there."""
    machine.write("/root/key", key.read_bytes(), 0o600)
    options = ("-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-i", "/root/key")
    return machine.run("ssh", *options, "alice@127.0.0.1", command)


def made_on(disk: Path) -> str:
    """Return the id that mkfs gave the file system of a disk: another one for each format."""
    found = subprocess.run(
        ["blkid", "-p", "-o", "value", "-s", "UUID", disk], check=True, capture_output=True
    )
    return found.stdout.decode()


def test_a_first_start_formats_the_home_mounts_it_and_lets_its_owner_in(
    aws: Ec2, key: Path
) -> None:
    machine = started(aws)
    assert machine.run("findmnt", "-no", "FSTYPE", HOME).strip() == "ext4"
    assert machine.run("stat", "-c", "%U %a", HOME).strip() == "alice 750"
    assert machine.run("cloud-init", "status").strip() == "status: done"
    assert machine.run("systemctl", "--failed", "--no-legend").strip() == ""
    assert ssh(machine, key, "touch notes && pwd").strip() == HOME
    assert "Nothing to do" in aws.command("reconcile", "--dry-run", folder=str(aws.space))


def test_every_replacement_finds_the_home_as_it_was(aws: Ec2) -> None:
    machine = started(aws)
    machine.run("sh", "-c", f"echo kept > {HOME}/marker")
    host_keys, [disk] = machine.run("sh", "-c", HOST_KEYS), aws.space.glob("vol-*")
    made = made_on(disk)
    for _ in range(REPLACEMENTS):
        with aws.sandbox.world.lock:
            interruption.interrupt(aws.sandbox.world, REGION, aws.instance().id, at_once=True)
        aws.wait(lambda: not aws.machines)
        machine = ready(aws)
        assert machine.run("cat", f"{HOME}/marker") == "kept\n"
        assert machine.run("sh", "-c", HOST_KEYS) == host_keys
    assert made_on(disk) == made


def test_without_its_home_a_machine_lets_nobody_write_where_it_belongs(aws: Ec2, key: Path) -> None:
    with aws.sandbox.world.lock:
        [home] = aws.homes()
        home.add_tags({"reconciler:workstation": "mallory"})
    aws.command("workstation", "start", "alice", "--no-wait")
    machine = booted(aws)
    assert aws.tag(PHASE).startswith("failed")
    printed = ssh(machine, key, "bash -lc 'touch ~/notes 2>&1 || true'")
    assert "not permitted" in printed or "denied" in printed
    assert "home" in printed
    by_root = machine.run("touch", f"{HOME}/notes", check=False)
    assert "not permitted" in by_root
