"""One booted machine: Ubuntu 24.04 with systemd, by systemd-nspawn, over a read-only tree."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

BOOT_SECONDS = 60
OFF = signal.SIGRTMIN + 4
"""What tells systemd to power off (systemd(1), "Signals")."""


class Machine:
    """A machine that runs from `start` to `power_off` or `kill`."""

    def __init__(self, tree: Path, space: Path, network: str, name: str) -> None:
        self.space, self.network, self.name = space / name, network, name
        self.root = self.space / "root"
        self.pid = 0
        for each in ("root", "upper", "work"):
            (self.space / each).mkdir(parents=True)
        layers = f"lowerdir={tree},upperdir={self.space}/upper,workdir={self.space}/work"
        subprocess.run(["mount", "-t", "overlay", "-o", layers, name, self.root], check=True)
        self.nspawn: subprocess.Popen[bytes] | None = None

    def write(self, name: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file of the machine before it starts."""
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)

    def start(self) -> None:
        """Boot it; it has its own network, and devices of its own are added while it runs."""
        self.nspawn = subprocess.Popen(
            [
                *("systemd-nspawn", "--quiet", "--boot", "--directory", self.root),
                *(f"--machine={self.name}", f"--network-namespace-path=/run/netns/{self.network}"),
                *("--keep-unit", "--register=no", "--console=pipe", "--resolv-conf=off"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + BOOT_SECONDS
        while not self.pid:
            self.pid = _first_process(self.nspawn.pid)
            assert self.nspawn.poll() is None, "systemd-nspawn ended"
            assert time.monotonic() < until, "no first process"
            time.sleep(0.05)

    def run(self, *command: str, check: bool = True, timeout: float = 60) -> str:
        """Run a program on the machine; return what it printed."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-a", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}"
        return done.stdout

    def attach(self, serial: str, loop: Path) -> None:
        """Show a disk as udev on EC2 does: a link that names the volume (EBS user guide)."""
        number = loop.stat().st_rdev
        device = f"/dev/{loop.name}"
        self.run("mknod", device, "b", str(os.major(number)), str(os.minor(number)), check=False)
        link = f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{serial}"
        self.run("mkdir", "-p", "/dev/disk/by-id")
        self.run("ln", "-sf", device, link)

    def journal(self, unit: str = "") -> str:
        """Read the journal, of one unit or whole."""
        only = ("-u", unit) if unit else ()
        return self.run("journalctl", "--no-pager", "-o", "cat", *only, check=False)

    def power_off(self, timeout: float = 90) -> float:
        """Power it off in order; return the seconds that it took."""
        assert self.nspawn
        began = time.monotonic()
        os.kill(self.pid, OFF)
        self.nspawn.wait(timeout)
        return time.monotonic() - began

    def kill(self) -> None:
        """Take its power away."""
        if self.nspawn and self.nspawn.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.nspawn.kill()
            self.nspawn.wait(30)

    def remove(self) -> None:
        """Remove the machine and its disk."""
        self.kill()
        subprocess.run(["umount", "-R", self.root], check=False, capture_output=True)
        shutil.rmtree(self.space, ignore_errors=True)


def _first_process(nspawn: int) -> int:
    """Return the id of the machine's first process; 0 until there is one.

    Before it becomes systemd, the child of systemd-nspawn is another program, or another process.
    """
    try:
        for child in Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split():
            if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                return int(child)
    except OSError:  # one that has ended since
        pass
    return 0
