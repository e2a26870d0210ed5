"""What the promises are kept against: a sandbox, fleets in it, and a recorder of every call."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from reconciler.aws.client import connect
from reconciler.declare.fleet import Site
from reconciler.declare.load import load
from reconciler.engine.environment import no_price
from tests.conftest import point_at
from tests.kinds.conftest import module_sandbox as module_sandbox  # noqa: PLC0414 - a fixture
from tests.kinds.world import FLEETS, World
from tests.promises.fleets import Tree, site
from tests.support.call_recorder import CallRecorder

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox


REGIONS = ("us-east-1", "eu-central-1")


class FleetWorld(World):
    """A World whose fleets a test rewrites, with a recorder of its calls."""

    def __init__(self, folder: Path, declared: Site, recorder: CallRecorder) -> None:
        self.site = declared
        self.session = recorder.session
        self.session.sign_in(REGIONS[0])  # by its clock: an earlier test may have moved it
        self.edits = {}
        self.cost = no_price
        self.folder = folder
        self.recorder = recorder

    def declare(self, *fleets: Tree, **top: Any) -> None:
        """From now on the folder says this."""
        self.site = site(self.folder, *fleets, **top)


MakeWorld = Callable[..., FleetWorld]


@pytest.fixture(scope="session")
def recorder(sandbox_server: Sandbox) -> CallRecorder:
    """One session for all: making its clients costs more than most tests. One try a call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconciler.aws.client.MAX_ATTEMPTS", 1)
        point_at(sandbox_server, patch)
        return CallRecorder(connect(load([FLEETS])), *REGIONS)  # all its clients; then as it was


@pytest.fixture
def make_world(sandbox: Sandbox, recorder: CallRecorder, tmp_path: Path) -> MakeWorld:
    """`make_world(fleet, …)`: an empty account, and the fleets declared for it."""

    def make(*fleets: Tree, **top: Any) -> FleetWorld:
        return FleetWorld(tmp_path, site(tmp_path, *fleets, **top), recorder)

    return make


@pytest.fixture(scope="module")
def make_module_world(
    module_sandbox: Sandbox, recorder: CallRecorder, tmp_path_factory: pytest.TempPathFactory
) -> MakeWorld:
    """The same, for a whole module to share."""

    def make(*fleets: Tree, **top: Any) -> FleetWorld:
        folder = tmp_path_factory.mktemp("stage")
        return FleetWorld(folder, site(folder, *fleets, **top), recorder)

    return make


@functools.cache
def client(service: str, region: str = "us-east-1") -> Any:
    """A stranger's client."""
    make: Any = boto3.client  # typed by service name; ours is a variable
    return make(service, region_name=region, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def data() -> set[str]:
    """Every file system and home volume there is, by id."""
    homes = [{"Name": "tag:reconciler:file-system", "Values": ["*"]}]
    volumes = client("ec2").describe_volumes(Filters=homes)["Volumes"]
    file_systems = [
        each
        for service in ("fsx", "efs")
        for each in client(service).describe_file_systems()["FileSystems"]
    ]
    return {*(f["FileSystemId"] for f in file_systems), *(v["VolumeId"] for v in volumes)}


def snapshots() -> set[str]:
    """Every snapshot of the account, by id."""
    found = client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]
    return {each["SnapshotId"] for each in found}


def group(name: str) -> dict[str, Any]:
    """The live Auto Scaling group of a workstation; {} when there is none."""
    answer = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    found: list[dict[str, Any]] = answer["AutoScalingGroups"]
    return found[0] if found else {}


def start(*names: str) -> None:
    for name in names:
        client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)


def stop(*names: str) -> None:
    for name in names:
        client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)


def schedules() -> list[str]:
    """Names of live schedules, without their hashes."""
    found = client("scheduler").list_schedules(GroupName="acme")["Schedules"]
    return sorted(each["Name"].rpartition("-")[0] for each in found)
