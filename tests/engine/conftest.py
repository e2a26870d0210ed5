"""A site, a region and a pause that listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.declare.fleet import Site
from reconciler.declare.load import load
from tests.cli.fakes import YAML
from tests.engine.listening import (
    FakeRegion,
    ListeningPause,
    group,
    tags,
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "vision.yaml").write_text(YAML)
    return load([tmp_path])


@pytest.fixture
def client() -> FakeRegion:
    return FakeRegion(
        groups={"acme-alice": group()},
        instances={"i-0abc1234": tags(**{"aws_autoscaling:groupName": "acme-alice"})},
    )


@pytest.fixture
def world(site: Site, client: FakeRegion) -> ListeningPause:
    return ListeningPause(site, client)
