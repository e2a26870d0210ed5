"""What the images room works with: a recipe, live images and builders, and the context. Values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from reconciler.aws_api import Aws
from reconciler.errors import AwsError, ReconcilerError

IMAGE = "reconciler:image"
"""On images, snapshots and builders: the key of the image, a hash of what it is made of."""

NAME = "reconciler:image-name"
"""On the same: `name` of image.yaml. Images of one name replace each other."""

STEP = "reconciler:image-step"
"""On builders: what the instance is for, `bake` or `smoke`."""

VALIDATED = "reconciler:validated"
"""On the bake instance: all stages and validate/bake.sh have passed."""

SMOKE = "reconciler:smoke"
"""On images: `passed on g6.xlarge at 2026-11-20T09:30:00Z`. No other image is ever published."""

PARENT = "reconciler:parent"
"""On the same: the id of the parent image."""

COMMIT = "reconciler:commit"
"""On the same: the commit of the checkout that the image was built from."""

FACT = "reconciler:"
"""Before each fact of /etc/ws/build.json, as tags: `reconciler:kernel`."""

PASSED = "passed"


class BakeFailed(ReconcilerError):
    """An image could not be built, and nothing of it is left; says in which step and why."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "bake-failed"


class NoCapacity(ReconcilerError):
    """AWS has no instance for the smoke test; the image waits, unpublished, for the next build."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "no-capacity"


class Lost(Exception):
    """A builder has gone while it was in use: somebody else ended it, or AWS did."""


LOST_CODES = frozenset({"IncorrectInstanceState", "InvalidInstanceID.NotFound"})
"""EC2's codes for a builder that has gone (EC2 API, "Error codes")."""


@contextmanager
def losing() -> Iterator[None]:
    """Raise Lost where a call fails because the builder has gone."""
    try:
        yield
    except AwsError as error:
        if error.aws_code not in LOST_CODES:
            raise
        raise Lost(error.message) from error


@dataclass(frozen=True)
class Recipe:
    """What an image is made of: image.yaml, the stages, and a hash of it all."""

    name: str
    os: str
    arch: str
    flavour: str
    parent: str  # SSM parameter
    regions: tuple[str, ...]
    root_gib: int
    bake_types: tuple[str, ...]
    smoke_types: tuple[str, ...]
    stages: tuple[str, ...]  # file names, in their order
    environment: Mapping[str, str]  # WS_…, without the two that the builder adds
    missing: tuple[str, ...]  # dotted paths of values that are null
    files: Mapping[str, bytes]  # by path in the folder
    programs: frozenset[str]  # paths of those that can be executed
    agent: str  # version of the product

    @property
    def content(self) -> str:
        """The hash of the folder and of the version of the agent in it."""
        digest = hashlib.sha256(self.agent.encode())
        for path in sorted(self.files):
            body = self.files[path]
            program = "x" if path in self.programs else ""
            digest.update(f"\0{path}\0{program}\0{len(body)}\0".encode() + body)
        return digest.hexdigest()[:16]

    def key(self, parent_id: str) -> str:
        """The key of the image: another parent image makes another image."""
        return hashlib.sha256(f"{self.content} {parent_id}".encode()).hexdigest()[:16]

    def image_name(self, key: str) -> str:
        """The name of the image in EC2, where it is unique."""
        return f"{self.name}-{key}"

    def variables(self) -> dict[str, str]:
        """The environment of the stages (ami/README.md, "Environment")."""
        added = {"WS_AGENT_VERSION": self.agent, "WS_CONTENT_HASH": self.content}
        return {**self.environment, **added}


@dataclass(frozen=True)
class Image:
    """A live image of ours, in one region."""

    id: str
    name: str
    state: str  # pending, available, failed, …
    created: str  # as EC2 writes it
    tags: Mapping[str, str]

    @property
    def key(self) -> str:
        """What it is made of."""
        return self.tags.get(IMAGE, "")

    @property
    def passed(self) -> bool:
        """Whether it may be published."""
        return self.state == "available" and self.tags.get(SMOKE, "").startswith(PASSED)


@dataclass(frozen=True)
class Builder:
    """A live instance of ours that bakes or tests an image."""

    id: str
    state: str
    launched: datetime
    image_id: str
    instance_type: str
    tags: Mapping[str, str]

    @property
    def alive(self) -> bool:
        """Whether it costs money."""
        return self.state not in ("shutting-down", "terminated")


@dataclass(frozen=True)
class Network:
    """Where builders run: subnets to choose from, and the profile that lets Systems Manager in."""

    subnets: tuple[str, ...]
    instance_profile: str


@dataclass(frozen=True)
class Context:
    """One region to work in, and what comes from outside: time, tokens, progress."""

    aws: Aws
    site: str
    network: Network
    now: Callable[[], datetime]
    pause: Callable[[float], None]
    token: Callable[[], str]
    say: Callable[[str], None]
    commit: str = ""


@dataclass(frozen=True)
class Built:
    """What a build has made: the image by region, and what it changed."""

    images: Mapping[str, Image]
    published: tuple[str, ...]  # regions whose parameter was moved
    removed: tuple[Image, ...]
