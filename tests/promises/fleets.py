"""Fleets to keep promises about, loaded as a user's are: written as JSON, which is YAML too."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from reconciler.declare.fleet import Site
from reconciler.declare.load import load

Tree = dict[str, Any]

HOURS = {"start": "Mon-Fri 09:00", "stop": "Mon-Fri 19:00", "timezone": "Europe/Berlin"}
LUSTRE = {"fsx_lustre": {"storage_capacity": "1200GiB"}}
EFS: Tree = {"efs": {}}
EBS = {"ebs": {"size": "200GiB"}}
TYPES = ["g6.xlarge", "g5.xlarge", "g4dn.xlarge"]

DEFAULTS: Tree = {
    "site": "acme",
    "account": "123456789012",
    "regions": ["us-east-1"],
    "defaults": {
        "region": "us-east-1",
        "network": {"subnets": {"tags": {"Tier": "private"}}},
        "image": {"ssm_parameter": "/golden/gpu-desktop"},
        "instance_profile": "workstation",
        "scheduler_role": "workstation-scheduler",
        "owner": "ops@example.com",
    },
}
ALICE: Tree = {
    "gpu": {"memory": "24GB"},
    "storage": {"home": LUSTRE, "mounts": [{"file_system": "datasets", "at": "/fsx"}]},
    "schedule": HOURS,
    "notices": {"email": "owner"},
}
BOB: Tree = {"instance_types": TYPES, "storage": {"home": EBS}, "schedule": HOURS}
PLAIN: Tree = {"instance_types": TYPES}
DATASETS: Tree = {
    "datasets": {
        "type": "fsx_lustre",
        "storage_capacity": "1200GiB",
        "availability_zone": "us-east-1a",
    }
}
VISION: Tree = {
    "fleet": "vision",
    "file_systems": DATASETS,
    "workstations": {"alice": ALICE, "bob": BOB},
}


def vision(**workstations: Tree | None) -> Tree:
    """The fleet with these workstations put in; None takes one out."""
    fleet = copy.deepcopy(VISION)
    for name, settings in workstations.items():
        fleet["workstations"][name] = copy.deepcopy(settings)
        if settings is None:
            del fleet["workstations"][name]
    return fleet


def plain(*names: str, **settings: Any) -> Tree:
    """A fleet of workstations without data, all with these settings."""
    return {"fleet": "plain", "workstations": {name: {**PLAIN, **settings} for name in names}}


def write(folder: Path, *fleets: Tree, **top: Any) -> Path:
    """fleets/ with these files; `top` goes into _defaults.yaml."""
    place = folder / "fleets"
    place.mkdir(exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    (place / "_defaults.yaml").write_text(json.dumps({**DEFAULTS, **top}, indent=1))
    for fleet in fleets:
        (place / f"{fleet['fleet']}.yaml").write_text(json.dumps(fleet, indent=1))
    return place


def site(folder: Path, *fleets: Tree, **top: Any) -> Site:
    """The same, loaded."""
    return load([write(folder, *fleets, **top)])
