"""An EC2 for each test that boots machines. All skip where no machine can be booted."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.services import hooks
from tests.machine.system.ec2 import Ec2, serve
from tests.machine.system.tree import obstacle

TREE = Path(__file__).parents[3] / ".venv/machine/noble"
FLEETS = {
    "_defaults.yaml": """\
site: acme
account: "123456789012"
defaults:
  region: us-east-1
  network: {subnets: {tags: {Tier: private}}}
  instance_profile: acme-ws-{workstation}
  scheduler_role: workstation-scheduler
""",
    "vision.yaml": """\
fleet: vision
workstations:
  alice:
    owner: alice@example.com
    instance_types: [g6.xlarge, g5.xlarge, g4dn.xlarge]
    spot_policy: spot
    storage: {home: {ebs: {size: 1GiB}}}
    ssh_keys: [PUBLIC]
""",
}
_numbers = itertools.count()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A new key of the owner; the public half is in the YAML of `aws`."""
    return tmp_path / "key"


@pytest.fixture
def aws(tmp_path: Path, worker_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ec2]:
    """A sandbox with alice's workstation applied; no machine of it is booted yet."""
    problem = obstacle() or (
        "" if TREE.exists() else "there is no tree of Ubuntu: `make unit` makes it where it can"
    )
    if problem:
        pytest.skip(problem)
    monkeypatch.setattr(hooks, "ON_WAITING", [])  # the machine itself says that it has left
    make = [
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "alice",
        "-f",
        str(tmp_path / "key"),
    ]
    subprocess.run(make, check=True)
    public = (tmp_path / "key.pub").read_text().strip()
    fleets = tmp_path / "fleets"
    fleets.mkdir()
    for name, content in FLEETS.items():
        (fleets / name).write_text(content.replace("PUBLIC", public))
    with serve(TREE, tmp_path, f"ws{worker_id[-1]}{next(_numbers)}") as running:
        running.command("reconcile", folder=str(tmp_path))
        yield running
