"""Generated declarations, as large as wanted: what the Terraform module beside it declares too."""

from __future__ import annotations

from pathlib import Path

SITE = "bench"
ACCOUNT = "123456789012"
PER_FLEET = 10
REGION, ANOTHER_REGION = "us-east-1", "eu-central-1"
"""The sandbox has a network in both."""

DEFAULTS = f"""\
site: {SITE}
account: "{ACCOUNT}"
defaults:
  region: {REGION}
  network: {{subnets: {{tags: {{Tier: private}}}}}}
  image: {{ssm_parameter: /golden/gpu-desktop}}
  instance_profile: workstation
  scheduler_role: workstation-scheduler
"""

WORKSTATION = """\
  {name}:
    owner: {name}@example.com
    gpu: {{memory: 24GB, count: 1}}
    vcpus: {{min: 4, max: 16}}
    memory: {{min: 16GiB}}
    availability_zones: [us-east-1a, us-east-1b]
    storage:
      root: {{size: {root}GiB}}
      home: {{fsx_lustre: {{storage_capacity: 1200GiB, per_unit_storage_throughput: 125}}}}
    schedule: {{start: "Mon-Fri 09:00", stop: "Mon-Fri 19:00", timezone: Europe/Berlin}}
    spot_policy: spot
"""

ROOT_GIB = 100
CHANGED_ROOT_GIB = 120


def workstation(number: int) -> str:
    """The name of the n-th; as long for every n, so that one text replaces another."""
    return f"w{number:05}"


def fleet(number: int) -> str:
    """The name of the fleet that the n-th workstation is of."""
    return f"team-{number // PER_FLEET:04}"


def write(folder: Path, size: int, *, changed: bool = False, region: str = REGION) -> Path:
    """So many workstations, ten to a file; if `changed`, the first has another root volume."""
    folder.mkdir(parents=True)
    (folder / "_defaults.yaml").write_text(DEFAULTS.replace(REGION, region))
    for first in range(0, size, PER_FLEET):
        items = [
            WORKSTATION.format(
                name=workstation(number),
                root=CHANGED_ROOT_GIB if changed and number == 0 else ROOT_GIB,
            )
            for number in range(first, min(first + PER_FLEET, size))
        ]
        text = "".join([f"fleet: {fleet(first)}\nworkstations:\n", *items])
        (folder / f"{fleet(first)}.yaml").write_text(text.replace(REGION, region))
    return folder
