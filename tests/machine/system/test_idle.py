"""The truth table of the idle stop on a real machine: only the one that nobody uses stops.

It takes minutes, since the agent looks twice a minute: `make soak`. tests/machine/test_idle.py has
the same rows without a machine.
"""

from __future__ import annotations

import json

import pytest

from reconciler.machine import agent
from tests.machine.system.ec2 import Ec2
from tests.machine.system.machine import Machine
from tests.machine.system.test_start import HOME, started
from tests.support.samples import SOAK

pytestmark = pytest.mark.skipif(not SOAK, reason="it takes minutes: make soak")

RULE = {"after": 40, "warn": 10, "unknown": "active"}
SIGNALS = ["gpu", "cpu", "network", "ssh", "dcv", "lease"]
LONG_ENOUGH = 150
"""Seconds: two looks for `after`, one for the warning, and one more."""

GPU_IDLE = "echo '0, 300'"
GPU_BUSY = "echo '97, 9000'"
GPU_DEAD = "echo 'Unable to determine the device handle'; exit 15"
DCV = """\
case $1 in
list-sessions) echo '[{"id": "console"}]';;
list-connections) echo "[{\\"id\\": 1, \\"last-interaction-time\\": \\"$(cat /run/touched)\\"}]";;
esac
"""


def used_as(machine: Machine, *, gpu: str = GPU_IDLE, load: str = "0.01") -> None:
    """Give the machine a GPU, DCV and a load, and the agent as an image with DCV has it; what a
    container sees is its host's."""
    archive = agent.files()[0]
    machine.write(archive.path, archive.content)
    for name, script in (("nvidia-smi", gpu), ("dcv", DCV)):
        path = f"/usr/bin/{name}"
        machine.run("sh", "-c", f"cat > {path} <<'END'\n#!/bin/sh\n{script}\nEND\nchmod 755 {path}")
    machine.run("sh", "-c", "date -u +%FT%TZ > /run/touched")
    machine.run("sh", "-c", f"echo '{load} {load} {load} 1/100 1' > /run/load")
    if "/proc/loadavg" not in machine.run("cat", "/proc/mounts"):
        machine.run("mount", "--bind", "/run/load", "/proc/loadavg")
        machine.run("mount", "-t", "tmpfs", "none", "/sys/bus/pci/devices")
        machine.run("mkdir", "/sys/bus/pci/devices/0000:00:1e.0")
        machine.run("sh", "-c", "echo 0x10de > /sys/bus/pci/devices/0000:00:1e.0/vendor")


def begin(machine: Machine) -> None:
    """Count from now on, with a rule that is shorter than the YAML allows."""
    change = (
        "import json, pathlib; p = pathlib.Path('/etc/ws/instance.json'); f = json.loads("
        f"p.read_text()); f['idle'] = {json.dumps({**RULE, 'signals': SIGNALS})}; "
        "p.write_text(json.dumps(f))"
    )
    machine.run("python3", "-c", change)
    machine.run(
        "sh", "-c", "systemctl stop ws-idle; rm -f /run/ws/idle.json; systemctl start ws-idle"
    )


@pytest.mark.parametrize(
    ("name", "stops"),
    [
        ("nobody", True),
        ("a GPU that works while the CPU is quiet", False),
        ("typing over ssh, after sshd was restarted", False),
        ("the desktop alone", False),
        ("a background job with a lease", False),
        ("a driver that does not answer", False),
    ],
)
def test_only_the_machine_that_nobody_uses_stops(aws: Ec2, name: str, stops: bool) -> None:
    machine = started(aws)
    gpu = {"a GPU": GPU_BUSY, "a driver": GPU_DEAD}.get(" ".join(name.split()[:2]), GPU_IDLE)
    used_as(machine, gpu=gpu)
    if "lease" in name:
        job = "nohup ws keep-alive 1h -- sleep 3600 >/dev/null 2>&1 &"
        machine.run("runuser", "-u", "alice", "--", "sh", "-c", f"cd {HOME} && {job}")
    begin(machine)

    def off() -> bool:
        if "desktop" in name:
            machine.run("sh", "-c", "date -u +%FT%TZ > /run/touched")
        if "ssh" in name:
            machine.run("sh", "-c", "touch -a $(ls -d /dev/pts/[0-9]* | head -1)", check=False)
        return aws.desired() == 0

    if stops:
        aws.wait(off, LONG_ENOUGH)
        aws.wait(lambda: not aws.machines, 90)
        assert "nobody used it" in aws.command("workstation", "status", "alice")
    else:
        with pytest.raises(AssertionError, match="it did not come"):
            aws.wait(off, LONG_ENOUGH)
