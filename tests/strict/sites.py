"""Declarations of any size, and edits of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.declare.load import load

Item = dict[str, Any]

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "kim")

DEFAULTS: dict[str, Any] = {
    "site": "acme",
    "account": "123456789012",
    "ingress": [{"protocol": "tcp", "port": 8443, "cidr": "10.1.0.0/16"}],
    "defaults": {
        "region": "us-east-1",
        "network": {"subnets": {"tags": {"Tier": "private"}}},
        "image": {"ssm_parameter": "/golden/gpu-desktop"},
        "instance_profile": "workstation",
        "scheduler_role": "workstation-scheduler",
    },
}
TYPES = ["g6.xlarge", "g5.xlarge", "g4dn.xlarge"]
HOURS = {"start": "Mon-Fri 09:00", "stop": "Mon-Fri 19:00", "timezone": "Europe/Berlin"}


@dataclass
class Fleet:
    """A declaration, to be edited and loaded."""

    workstations: dict[str, dict[str, Any]]
    tags: dict[str, str] = field(default_factory=lambda: {"Team": "vision"})
    file_systems: dict[str, Any] = field(default_factory=dict)

    def site(self) -> Site:
        """The frozen site, loaded as the product loads it."""
        fleet = {
            "fleet": "vision",
            "defaults": {"tags": self.tags},
            "file_systems": self.file_systems,
            "workstations": self.workstations,
        }
        return _load(json.dumps(fleet))


@cache
def _load(text: str) -> Site:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "_defaults.yaml").write_text(json.dumps(DEFAULTS))
        (path / "vision.yaml").write_text(text)
        return load([path])


def fleet(count: int) -> Fleet:
    """So many workstations, of four sorts: a Lustre home, an EBS home, a shared file system, and an
    EFS home."""
    declared = {name: workstation(index) for index, name in enumerate(NAMES[:count])}
    shared = {"datasets": {"type": "fsx_lustre", "storage_capacity": "1200GiB"}}
    return Fleet(declared, file_systems=shared if count > 2 else {})


def workstation(index: int) -> Item:
    """Declare the workstation of this number."""
    item: Item = {"owner": f"{NAMES[index]}@example.com", "schedule": dict(HOURS)}
    item["notices"] = {"email": "owner"}
    match index % 4:
        case 0:
            item |= {"gpu": {"memory": "24GB"}, "vcpus": {"min": 4, "max": 16}}
            item["storage"] = {"home": {"fsx_lustre": {"storage_capacity": "1200GiB"}}}
        case 1:
            item["instance_types"] = TYPES
            item["storage"] = {"home": {"ebs": {"size": "200GiB"}}}
        case 3:
            item["instance_types"] = TYPES
            item["storage"] = {"home": {"efs": {}}}
        case _:
            item["instance_types"] = TYPES
            item["storage"] = {"mounts": [{"file_system": "datasets", "at": "/fsx"}]}
            del item["schedule"]
    return item


def edited(name: str, count: int) -> tuple[Fleet | None, Fleet]:
    """What was declared before, if anything, and what is declared now."""
    after = fleet(count)
    EDITS[name](after, after.workstations[NAMES[0]], count)
    return (None if name == "create" else fleet(count)), after


def _create(after: Fleet, first: Item, count: int) -> None:
    """From nothing."""


def _retype(after: Fleet, first: Item, count: int) -> None:
    first["vcpus"] = {"min": 8, "max": 32}


def _resize(after: Fleet, first: Item, count: int) -> None:
    first["storage"]["home"]["fsx_lustre"]["storage_capacity"] = "2400GiB"
    for item in after.workstations.values():
        if "ebs" in item["storage"].get("home", {}):
            item["storage"]["home"]["ebs"]["size"] = "300GiB"


def _reroot(after: Fleet, first: Item, count: int) -> None:
    first["storage"]["root"] = {"size": "150GiB"}


def _retag(after: Fleet, first: Item, count: int) -> None:
    after.tags = {"Team": "perception", "Cost": "4711"}


def _add(after: Fleet, first: Item, count: int) -> None:
    after.workstations[NAMES[count]] = workstation(count)
    after.file_systems = fleet(max(3, count)).file_systems if count > 1 else {}


def _remove(after: Fleet, first: Item, count: int) -> None:
    gone = after.workstations.pop(NAMES[count - 1])
    if not after.workstations:  # a fleet of none is refused: rename instead
        after.workstations["zoe"] = {**gone, "owner": "zoe@example.com"}


def _schedule(after: Fleet, first: Item, count: int) -> None:
    first["schedule"] = {**HOURS, "start": "Mon-Fri 08:00"}


def _unschedule(after: Fleet, first: Item, count: int) -> None:
    del first["schedule"]


EDITS: dict[str, Callable[[Fleet, Item, int], None]] = {
    "create": _create,
    "retype": _retype,
    "resize": _resize,
    "reroot": _reroot,
    "retag": _retag,
    "add": _add,
    "remove": _remove,
    "schedule": _schedule,
    "unschedule": _unschedule,
}
