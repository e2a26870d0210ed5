"""The sandbox as EC2 for booted machines: it launches, attaches and ends, and here that is done.

The metadata service of the sandbox has its address of EC2, in a network of its own. What the
sandbox has attached appears as a disk of the machine; an instance that ends is powered off.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.sandbox import UNSET, Sandbox
from reconciler.sandbox.server.imds import Service
from reconciler.sandbox.services.groups import Groups
from reconciler.sandbox.services.machine import Machines
from tests.machine.system.machine import Machine
from tests.machine.system.namespace import METADATA, inside, namespace

REGION = "us-east-1"
BIN = Path(__file__).parents[3] / ".venv/bin"
ENDPOINT = "/etc/systemd/system/ws-.service.d/endpoint.conf"
"""A drop-in for all units of the agent (systemd.unit(5): a prefix that ends with a dash)."""


@dataclass
class Ec2:
    """A running sandbox, and the machines that were booted in it."""

    sandbox: Sandbox
    network: str
    tree: Path
    space: Path
    machines: dict[str, Machine] = field(default_factory=dict)  # by instance id
    metadata: Service | None = None
    prepare: Callable[[Machine], None] = lambda machine: None

    def command(self, program: str, *words: str, code: int | None = 0, folder: str = "") -> str:
        """Run `reconcile` or `workstation` against the sandbox; return what it printed."""
        environment = {k: v for k, v in os.environ.items() if k not in UNSET}
        done = subprocess.run(
            ["ip", "netns", "exec", self.network, BIN / program, *words],
            env={**environment, **self.sandbox.environment, "NO_COLOR": "1"},
            cwd=folder or None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert code is None or done.returncode == code, f"{program} {words}: {done.stdout}"
        return done.stdout

    def instance(self) -> Any:
        """Return the instance that runs; None without one."""
        with self.sandbox.world.lock:
            ec2 = self.sandbox.world.ec2(REGION)
            return next((i for i in ec2.all_instances() if i.state == "running"), None)

    def homes(self) -> list[Any]:
        """List the volumes that are homes, as the sandbox has them."""
        volumes = self.sandbox.world.ec2(REGION).volumes.values()
        return [volume for volume in volumes if "home" in _tags(volume).values()]

    def desired(self) -> int:
        """Return the desired capacity of the group."""
        with self.sandbox.world.lock:
            [group] = self.sandbox.world.state(Groups, REGION).by_name.values()
            return int(group.desired)

    def tag(self, key: str) -> str:
        """Return a tag of the instance that runs."""
        found = self.instance()
        return _tags(found).get(key, "") if found else ""

    def boot(self) -> Machine:
        """Boot the instance that runs, and begin to show it its disks."""
        found = self.instance()
        assert found is not None, "no instance runs"
        # A container has no firmware by which cloud-init could tell that it is on EC2, and
        # elsewhere it asks without a token.
        found.metadata_options.http_tokens = "optional"
        if self.metadata:
            self.metadata.stop()
        serve = self.sandbox.metadata_service
        self.metadata = inside(self.network, lambda: serve(found.id, METADATA, 80))
        machine = Machine(self.tree, self.space, self.network, found.id[-12:])
        machine.write(
            ENDPOINT, f"[Service]\nEnvironment=AWS_ENDPOINT_URL={self.sandbox.endpoint}\n"
        )
        self.prepare(machine)
        machine.start()
        self.machines[found.id] = machine
        return machine

    def hardware(self, stop: threading.Event) -> None:
        """Do what EC2 does to machines, again and again: attach disks, and switch off."""
        shown: set[tuple[str, str]] = set()
        while not stop.wait(0.05):
            with self.sandbox.world.lock:
                self.sandbox.world.clock.catch_up()
                ec2 = self.sandbox.world.ec2(REGION)
                attached = [
                    (volume.id, volume.size, volume.attachment.instance.id)
                    for volume in ec2.volumes.values()
                    if volume.attachment
                ]
                states = {each.id: each.state for each in ec2.all_instances()}
            for volume, size, owner in attached:
                if owner in self.machines and (volume, owner) not in shown:
                    shown.add((volume, owner))
                    if loop := self._disk(volume, size):
                        self.machines[owner].attach(volume.replace("-", ""), loop)
            for id_, machine in list(self.machines.items()):
                if states.get(id_) in ("shutting-down", "terminated"):
                    machine.power_off()
                    machine.remove()
                    del self.machines[id_]

    def _disk(self, volume: str, size: int) -> Path | None:
        """The loop device of a home; None for a root disk, which the tree is."""
        with self.sandbox.world.lock:
            if volume not in {home.id for home in self.homes()}:
                return None
        content = self.space / volume
        if not content.exists():
            content.touch()
        os.truncate(content, size << 30)
        found = _losetup("--list", "--noheadings", "--output", "NAME", "--associated", str(content))
        return Path(found or _losetup("--find", "--show", str(content)))

    def wait(self, condition: Callable[[], object], seconds: float = 60) -> float:
        """Wait until something holds; return how long that took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, "it did not come"
            time.sleep(0.1)
        return time.monotonic() - began


def _tags(resource: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in resource.get_tags()}


def _losetup(*words: str) -> str:
    done = subprocess.run(["losetup", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@contextmanager
def serve(tree: Path, space: Path, network: str) -> Iterator[Ec2]:
    """Start a sandbox in a network of its own; in the end, remove all machines and disks."""
    with namespace(network):
        sandbox = inside(network, lambda: Sandbox().start())
        sandbox.world.state(Machines, REGION).mode = "silent"  # machines speak for themselves here
        running, stop = Ec2(sandbox, network, tree, space), threading.Event()
        thread = threading.Thread(target=running.hardware, args=(stop,))
        thread.start()
        try:
            yield running
        finally:
            stop.set()
            thread.join()
            for machine in running.machines.values():
                machine.remove()
            if running.metadata:
                running.metadata.stop()
            sandbox.stop()
            for content in space.glob("vol-*"):
                name = _losetup(
                    "--list", "--noheadings", "-O", "NAME", "--associated", str(content)
                )
                if name:
                    _losetup("--detach", name)
