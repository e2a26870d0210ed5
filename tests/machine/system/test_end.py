"""The ends of a machine: hooks run, the home is unmounted, Auto Scaling waits no longer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler.sandbox.control import interruption
from tests.machine.system.ec2 import REGION, Ec2
from tests.machine.system.machine import Machine
from tests.machine.system.test_start import HOME, started
from tests.support.samples import SOAK

HOOK = f"#!/bin/sh\necho $WS_REASON $(id -un) $(date +%s) >> {HOME}/hooks\n"
ROOT_HOOK = "/etc/ws/on-interrupt.d/10-root"
OWN_HOOKS = f"{HOME}/.config/ws/on-interrupt.d"


def with_hooks(machine: Machine) -> None:
    """Put a hook of the machine and one of its owner into their places."""
    machine.run("sh", "-c", f"mkdir -p /etc/ws/on-interrupt.d; touch {HOME}/hooks")
    machine.run("chmod", "666", f"{HOME}/hooks")
    machine.run("runuser", "-u", "alice", "--", "mkdir", "-p", OWN_HOOKS)
    for path, owner in ((ROOT_HOOK, "root"), (f"{OWN_HOOKS}/20-own", "alice")):
        write = f"cat > {path} <<'END'\n{HOOK}END\nchmod 755 {path}; chown {owner}: {path}"
        machine.run("sh", "-c", write)


def is_clean(aws: Ec2) -> bool:
    """Tell whether the home on its disk was unmounted in order: its journal has nothing left."""
    [disk] = aws.space.glob("vol-*")
    state = subprocess.run(["dumpe2fs", "-h", disk], check=True, capture_output=True)
    return b"needs_recovery" not in state.stdout


def hooks_ran(aws: Ec2) -> list[list[str]]:
    """Read from the disk of the home what the hooks wrote: reason, user, time."""
    [disk] = aws.space.glob("vol-*")
    at = aws.space / "look"
    at.mkdir()
    subprocess.run(["mount", "-o", "ro,noload", disk, at], check=True)
    try:
        return [line.split() for line in (at / "hooks").read_text().splitlines()]
    finally:
        subprocess.run(["umount", at], check=True)


def test_a_stop_runs_the_hooks_unmounts_and_waits_no_longer_than_it_must(aws: Ec2) -> None:
    machine = started(aws)
    with_hooks(machine)
    began = int(machine.run("date", "+%s"))
    aws.command("workstation", "stop", "alice")
    assert aws.wait(lambda: not aws.machines, 90) < 60  # the hook of the group would wait for 300
    assert is_clean(aws)
    lines = hooks_ran(aws)
    assert [line[:2] for line in lines] == [["auto-scaling", "root"], ["auto-scaling", "alice"]]
    assert int(lines[-1][2]) - began < 15


@pytest.mark.skipif(not SOAK, reason="a notice is two minutes long: make soak")
def test_a_spot_interruption_runs_the_hooks_at_once_and_unmounts_before_its_time(
    aws: Ec2,
) -> None:
    machine = started(aws)
    with_hooks(machine)
    began = int(machine.run("date", "+%s"))
    with aws.sandbox.world.lock:
        interruption.interrupt(aws.sandbox.world, REGION, aws.instance().id)
    unmounted = aws.wait(lambda: HOME not in machine.run("cat", "/proc/mounts"), 115)
    assert unmounted > 60, "the owner had no time to save"
    aws.wait(lambda: is_clean(aws), 10)  # it is out of sight before all is written
    lines = hooks_ran(aws)
    assert [line[:2] for line in lines] == [["spot", "root"], ["spot", "alice"]]
    assert int(lines[-1][2]) - began < 15


def test_an_ordinary_shutdown_takes_the_same_path(aws: Ec2) -> None:
    machine = started(aws)
    with_hooks(machine)
    machine.run("sh", "-c", f"cd {HOME} && setsid sleep 600 >/dev/null 2>&1 &")
    assert machine.power_off() < 60
    assert is_clean(aws)
    lines = hooks_ran(aws)
    assert [line[:2] for line in lines] == [["shutdown", "root"], ["shutdown", "alice"]]


def test_without_power_nothing_is_lost_that_was_written(aws: Ec2, key: Path) -> None:
    machine = started(aws)
    machine.run("sh", "-c", f"echo kept > {HOME}/marker; sync")
    machine.kill()
    with aws.sandbox.world.lock:
        interruption.interrupt(aws.sandbox.world, REGION, aws.instance().id, at_once=True)
    aws.wait(lambda: not aws.machines)
    aws.wait(aws.instance)
    machine = started(aws)
    assert machine.run("cat", f"{HOME}/marker") == "kept\n"
