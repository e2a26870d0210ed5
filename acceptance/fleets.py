"""The YAML of the site that is tried: small machines, one home of one GiB, one empty EFS home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from acceptance import SITE
from acceptance.stage import OWNER

IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
WALK = "walk"
"""The workstation that is walked through its life: On-Demand, since Spot may have none."""
OTHER = "other"
"""Somebody else's, which the developer role must not touch."""
SPOT = "spot"
"""The one that asks for Spot; nobody starts it. Its home stays empty, so EFS bills nothing."""
_SPOT_STORAGE: dict[str, Any] = {"home": {"efs": {}}}


def write(folder: Path, account: str, region: str, schedule: dict[str, str] | None = None) -> None:
    """The whole site; `schedule` is of the workstation that is walked."""
    home = {"ebs": {"size": "1GiB"}}
    walk: dict[str, Any] = {"spot_policy": "on-demand", "storage": {"home": home}}
    if schedule:
        walk["schedule"] = schedule
    hours = {"start": "Mon-Fri 09:00", "stop": "Mon-Fri 19:00", "timezone": "Europe/Berlin"}
    workstations = {
        WALK: walk,
        OTHER: {"owner": "somebody@example.com", "spot_policy": "on-demand"},
        SPOT: {"schedule": hours, "storage": _SPOT_STORAGE},
    }
    _write(folder, account, region, workstations)


def without_walk(folder: Path, account: str, region: str) -> None:
    """The site after the walked workstation was taken out of the YAML."""
    _write(folder, account, region, {SPOT: {"storage": _SPOT_STORAGE}})


def _write(folder: Path, account: str, region: str, workstations: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    defaults = {
        "site": SITE,
        "account": account,
        "regions": [region],
        "defaults": {
            "region": region,
            "network": {"subnets": {"tags": {SITE: "private"}}},
            "image": {"ssm_parameter": IMAGE},
            "instance_types": ["t3.micro"],
            "instance_profile": f"{SITE}-instance",
            "scheduler_role": f"{SITE}-scheduler",
            "owner": OWNER,
            "storage": {"root": {"size": "16GiB"}},
        },
    }
    (folder / "_defaults.yaml").write_text(json.dumps(defaults, indent=1))
    fleet = {"fleet": "acceptance", "workstations": workstations}
    (folder / "acceptance.yaml").write_text(json.dumps(fleet, indent=1))
