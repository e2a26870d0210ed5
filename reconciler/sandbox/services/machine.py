"""Play the machine: what the agent of a workstation does to AWS, on the sandbox's clock.

It only plays. No operating system boots, nothing is formatted or mounted: the volume is attached,
and the tags are written that the agent would write. So a caller of AWS sees what it would see.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from reconciler.sandbox.operations import OPERATIONS, AwsError, Call, Wire
from reconciler.sandbox.services import hooks, instances
from reconciler.sandbox.services.groups import Groups
from reconciler.sandbox.services.metadata import Metadata
from reconciler.sandbox.world import World

Mode = Literal["works", "late", "fails", "silent"]
MODES: tuple[Mode, ...] = ("works", "late", "fails", "silent")

INSTANCE_FILE, AGENT = "/etc/ws/instance.json", "/usr/lib/ws/"
IMAGE_TAG = "reconciler:agent"
PHASE, FORMAT, STARTS = "reconciler:phase", "reconciler:format", "reconciler:starts"
KEPT = 20
"""How many starts the agent remembers."""

BOOT, LATE = timedelta(seconds=20), timedelta(minutes=5)
STEP, AGAIN = timedelta(seconds=3), timedelta(seconds=5)


@dataclass
class Machines:
    """How machines behave that are launched from now on, in a region."""

    mode: Mode = "works"


@dataclass(frozen=True)
class Machine:
    """An instance with an agent, and what its instance file says."""

    world: World
    region: str
    id: str
    instance_file: Wire
    mode: Mode

    @property
    def instance(self) -> Any:
        """Moto's instance."""
        return self.world.ec2(self.region).get_instance_by_id(self.id)

    def runs(self) -> bool:
        """Whether it still runs, nothing has asked it to leave, and no agent is there itself."""
        if self.id in self.world.state(Metadata, self.region).asked:
            return False
        groups = self.world.state(Groups, self.region).by_name.values()
        leaves = any(m.leaving for group in groups for m in group.members if m.id == self.id)
        return self.instance is not None and self.instance.state == "running" and not leaves

    def say(self, phase: str, detail: str = "") -> None:
        """Write how far it is on itself."""
        text = f"{phase}: {detail}" if detail else phase
        self.world.ec2(self.region).create_tags([self.id], {PHASE: text[:256]})

    def call(self, service: str, operation: str, params: Wire) -> None:
        """Make a call that the sandbox answers itself. Raises: AwsError."""
        OPERATIONS[service, operation](Call(self.world, service, operation, self.region, params))

    def after(self, wait: timedelta, step: Callable[[Machine], None]) -> None:
        """Go on later, if it still runs then."""

        def happen() -> str:
            if self.runs():
                step(self)
            return ""

        self.world.clock.at(self.world.now() + wait, happen)


def boot(call: Call, ids: list[str]) -> None:
    """Boot the machines of instances that were launched, where they have an agent."""
    mode = call.state(Machines).mode
    for instance_id in ids:
        machine = machine_of(call.world, call.region, instance_id, mode)
        if machine and mode != "silent":
            machine.after(LATE if mode == "late" else BOOT, _attach)


def machine_of(world: World, region: str, instance_id: str, mode: Mode = "works") -> Machine | None:
    """Read which machine an instance is; None without an instance file, or without an agent, and
    where a program asks its metadata service: the agent itself."""
    if instance_id in world.state(Metadata, region).asked:
        return None
    instance = world.ec2(region).get_instance_by_id(instance_id)
    files = _files(instance.user_data) if instance else {}
    image = world.ec2(region).amis.get(instance.image_id) if instance else None
    baked = image is not None and any(tag["key"] == IMAGE_TAG for tag in image.get_tags())
    carried = any(path.startswith(AGENT) for path in files)
    with suppress(ValueError, TypeError):
        instance_file = json.loads(files[INSTANCE_FILE]) if INSTANCE_FILE in files else None
        if isinstance(instance_file, dict) and (baked or carried):
            return Machine(world, region, instance_id, instance_file, mode)
    return None


def _files(user_data: object) -> Mapping[str, str]:
    """The files that a cloud-config in JSON writes, as far as they are plain text; other user data
    writes none. [cloud-init, write_files]"""
    raw = str(user_data or "").encode()
    try:
        raw = base64.b64decode(raw, validate=True)
        raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
        config = json.loads(raw.removeprefix(b"#cloud-config\n"))
        return {each["path"]: each.get("content", "") for each in config["write_files"]}
    except (binascii.Error, OSError, EOFError, zlib.error, ValueError, TypeError, LookupError):
        return {}


def _attach(machine: Machine) -> None:
    home = machine.instance_file.get("home") or {}
    if home.get("type") != "ebs":
        _mount(machine)
        return
    machine.say("attaching")
    volume_id = home.get("volume_id", "")
    words = {"VolumeId": volume_id, "InstanceId": machine.id, "Device": "/dev/sdf"}
    try:
        machine.call("ec2", "AttachVolume", words)
    except AwsError as error:
        _not_attached(machine, volume_id, error)
        return
    machine.after(_attaching(machine), _mount)


def _not_attached(machine: Machine, volume_id: str, error: AwsError) -> None:
    """Wait where the volume is with another instance; nothing else gets better by waiting."""
    volume = machine.world.ec2(machine.region).volumes.get(volume_id)
    if error.code != "VolumeInUse" or volume is None or volume.attachment is None:
        machine.say("failed", f"{error.code}: {error.message}")
        return
    machine.say("attaching", f"{volume.attachment.instance.id} still holds {volume_id}")
    machine.after(AGAIN, _attach)


def _attaching(machine: Machine) -> timedelta:
    return max(STEP, timedelta(seconds=machine.world.settings.attach_seconds))


def _mount(machine: Machine) -> None:
    if machine.mode == "fails":
        machine.say("failed", "the sandbox was told that machines fail")
        return
    home = machine.instance_file.get("home") or {}
    if home:
        machine.say("mounting")
    if home.get("type") == "ebs":
        machine.world.ec2(machine.region).delete_tags([home["volume_id"]], {FORMAT: None})
    machine.after(STEP, _ready)


def _ready(machine: Machine) -> None:
    machine.say("ready")
    group = machine.world.state(Groups, machine.region).by_name.get(
        machine.instance_file.get("auto_scaling_group", "")
    )
    if group is None:
        return
    since = machine.instance.launch_time.replace(tzinfo=machine.world.now().tzinfo)
    took = max(1, int((machine.world.now() - since).total_seconds()))
    before = group.tags.get(STARTS, {}).get("Value", "").split()
    tag = {
        "ResourceId": group.name,
        "ResourceType": "auto-scaling-group",
        "Key": STARTS,
        "Value": " ".join([*before, str(took)][-KEPT:]),
        "PropagateAtLaunch": False,
    }
    machine.call("autoscaling", "CreateOrUpdateTags", {"Tags": [tag]})


def leave(world: World, region: str, group: str, instance_id: str) -> None:
    """Let the machine of an instance save its work and complete its lifecycle hook."""
    machine = machine_of(world, region, instance_id, world.state(Machines, region).mode)
    if machine is None or machine.mode == "silent" or machine.instance.state != "running":
        return
    machine.say("stopping")

    def done() -> str:
        hooks.complete(
            world, region, group, instance_id, machine.instance_file.get("stop_hook", "")
        )
        return ""

    world.clock.at(world.now() + (LATE if machine.mode == "late" else STEP), done)


def warn(world: World, region: str, instance_id: str) -> None:
    """Tell the machine of an instance that it is interrupted."""
    machine = machine_of(world, region, instance_id, world.state(Machines, region).mode)
    if machine and machine.mode != "silent":
        machine.say("stopping", "Spot takes this machine back")


instances.ON_LAUNCHED.append(boot)
hooks.ON_WAITING.append(leave)
