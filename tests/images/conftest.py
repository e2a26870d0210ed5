"""An account with a sandbox, a folder with two trivial stages, and a builder over both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.aws.errors import translated
from reconciler.images.build import build
from reconciler.images.model import Built, Context, Network, Recipe
from reconciler.images.recipe import load
from reconciler.sandbox.services import ssm_commands
from reconciler.sandbox.services.images import Making
from tests.sandbox.helpers import Aws as Clients
from tests.support.fake_aws import Call, Hook, WrappedAws, let_go_on

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

ACCOUNT = "123456789012"
SITE, PARAMETER, PROFILE = "acme", "/golden/gpu-desktop", "workstation"
HOME, OTHER = "us-east-1", "eu-central-1"
PARENT = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
"""A parent image that both regions of the sandbox have."""

IMAGE_YAML = f"""\
version: 1
name: ws-test
os: al2023
arch: x86_64
flavour: open
regions: [{HOME}]
root_gib: 40
parent: {{ssm_parameter: {PARENT}}}
bake: {{instance_types: [m7i.large]}}
smoke: {{instance_types: [g6.xlarge, g5.xlarge]}}
kernel: {{meta: kernel6.12}}
"""


FLEET = {
    "_defaults.yaml": """\
site: acme
account: "123456789012"
defaults:
  region: us-east-1
  image: {ssm_parameter: /golden/gpu-desktop}
  instance_profile: acme-ws-{workstation}
  scheduler_role: workstation-scheduler
  network: {subnets: {tags: {Tier: private}}}
  gpu: {count: 1}
  owner: alice@example.com
""",
    "a.yaml": "fleet: vision\nworkstations: {alice: {}, bob: {region: eu-central-1}}\n",
}


class SandboxAws:
    """One region of the sandbox as `Aws`, without retries."""

    def __init__(self, clients: Clients, region: str) -> None:
        self.clients, self.region = clients, region
        self.account, self.partition = ACCOUNT, "aws"

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        client = self.clients.client(service, self.region)
        with translated(f"{service}:{operation}", self.region):
            return dict(getattr(client, operation)(**parameters))

    def pages(
        self, service: str, operation: str, items: str, page_size: int = 0, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        client = self.clients.client(service, self.region)
        with translated(f"{service}:{operation}", self.region):
            for page in client.get_paginator(operation).paginate(**parameters):
                yield from page[items]


@dataclass
class Yard:
    """Where images are built: the sandbox, its time, and what a build says."""

    clients: Clients
    recipe: Recipe
    regions: tuple[str, ...] = (HOME,)
    lines: list[str] = field(default_factory=list)
    tokens: int = 0
    aws: dict[str, WrappedAws] = field(default_factory=dict)
    hooks: dict[str, Callable[[], object]] = field(default_factory=dict)
    before: Hook = let_go_on
    each: Callable[[str, Call], None] = lambda region, call: None
    profile: str = PROFILE

    @property
    def sandbox(self) -> Sandbox:
        return self.clients.sandbox

    def context(self, region: str) -> Context:
        ec2 = self.clients.client("ec2", region)
        private = {"Name": "tag:Tier", "Values": ["private"]}
        subnets = ec2.describe_subnets(Filters=[private])["Subnets"]
        aws = self.aws.setdefault(
            region, WrappedAws(SandboxAws(self.clients, region), before=partial(self._hear, region))
        )
        return Context(
            aws,
            SITE,
            Network(tuple(sorted(each["SubnetId"] for each in subnets))[:1], self.profile),
            self.sandbox.clock.now,
            lambda seconds: self.forward(seconds=seconds),
            self._token,
            self.lines.append,
            "0" * 40,
        )

    def _hear(self, region: str, call: Call) -> Mapping[str, Any] | None:
        self.each(region, call)
        if call.operation in self.hooks:
            self.hooks[call.operation]()
        return self.before(call)

    def on(self, operation: str, happens: Callable[[], object]) -> None:
        """Let something happen before each call of an operation."""
        self.hooks[operation] = happens

    def forward(self, **time: float) -> None:
        self.sandbox.clock.forward(timedelta(**time))

    def _token(self) -> str:
        self.tokens += 1
        return f"token-{self.tokens}"

    def build(self, **options: Any) -> Built:
        contexts = [self.context(region) for region in self.regions]
        return build(contexts, self.recipe, PARAMETER, (), **options)

    def build_again(self) -> None:
        """Build without any order, and look that nothing is left."""
        self.sandbox.world.state(ssm_commands.Commands, HOME).results.clear()
        self.sandbox.world.state(Making, HOME).failures = 0
        self.build()
        self.tidy()

    def order(self, match: str, **result: Any) -> None:
        """What commands that contain this text end with."""
        wanted = ssm_commands.Result(match, **result)
        ssm_commands.order(self.sandbox.world, HOME, wanted)

    def published(self, region: str = HOME) -> str:
        found = self.clients.client("ssm", region).get_parameter(Name=PARAMETER)
        return str(found["Parameter"]["Value"])

    def images(self, region: str = HOME) -> list[Mapping[str, Any]]:
        """The images that builds have made."""
        tagged = {"Name": "tag-key", "Values": ["reconciler:image"]}
        found = self.clients.client("ec2", region).describe_images(
            Owners=["self"], Filters=[tagged]
        )
        return list(found["Images"])

    def alive(self, region: str = HOME) -> list[str]:
        """The instances that cost money."""
        found = self.clients.client("ec2", region).describe_instances()["Reservations"]
        states = ("pending", "running", "stopping", "stopped")
        return [
            item["InstanceId"]
            for each in found
            for item in each["Instances"]
            if item["State"]["Name"] in states
        ]

    def volumes(self, region: str = HOME) -> list[str]:
        found = self.clients.client("ec2", region).describe_volumes()["Volumes"]
        return [each["VolumeId"] for each in found]

    def snapshots(self, region: str = HOME) -> set[str]:
        """The snapshots of images that builds have made, and have left."""
        tagged = {"Name": "tag-key", "Values": ["reconciler:image"]}
        found = self.clients.client("ec2", region).describe_snapshots(Filters=[tagged])["Snapshots"]
        return {each["SnapshotId"] for each in found}

    def tidy(self, region: str = HOME) -> None:
        """Nothing is left but images and their snapshots, and only tested ones are published."""
        assert self.alive(region) == []
        assert self.volumes(region) == []
        images = self.images(region)
        assert self.snapshots(region) == {
            mapping["Ebs"]["SnapshotId"]
            for image in images
            for mapping in image["BlockDeviceMappings"]
        }
        self.trusted(region)

    def trusted(self, region: str = HOME) -> None:
        """The parameter names the seeded image or one that has passed its test."""
        value = self.published(region)
        passed = {each["ImageId"] for each in self.images(region) if _passed(each)}
        assert value.startswith("ami-0905e0a11de5") or value in passed


def _passed(image: Mapping[str, Any]) -> bool:
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in image.get("Tags", ())}
    return tags.get("reconciler:smoke", "").startswith("passed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`ami/` with two stages."""
    root = tmp_path / "ami"
    files = {
        "image.yaml": IMAGE_YAML,
        "stages/10-first.sh": "echo first\n",
        "stages/90-last.sh": "echo last\n",
        "lib/common.sh": "# nothing\n",
        "validate/bake.sh": "echo 'ok 1 - baked'\necho 1..1\n",
        "validate/smoke.sh": "echo 'ok 1 - tested'\necho 1..1\n",
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


MakeYard = Callable[..., Yard]


@pytest.fixture
def make_yard(sandbox_server: Sandbox, folder: Path) -> MakeYard:
    """A new account for each call."""
    clients = Clients(sandbox_server)

    def make(*regions: str) -> Yard:
        sandbox_server.reset()
        return Yard(clients, load(folder, "1.2.3"), regions or (HOME,))

    return make


@pytest.fixture
def yard(make_yard: MakeYard) -> Yard:
    return make_yard()
