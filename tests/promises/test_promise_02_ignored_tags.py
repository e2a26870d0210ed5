"""Promise 2 with `ignore_tags`: what is never compared is never written either."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch

import pytest

from tests.kinds.world import rows
from tests.promises.conftest import FleetWorld, MakeWorld, client
from tests.promises.fleets import VISION

NAME = "acme-alice"
TAGS = ("Team", "Name")


@pytest.mark.parametrize("ignored", ["Team", "Name", "[TN]*", "T*"])
def test_an_ignored_tag_that_the_yaml_names_is_not_written_in_every_run(
    make_world: MakeWorld, ignored: str
) -> None:
    """A declared tag, `Name`, and a pattern that both match."""
    world = make_world({**VISION, "defaults": {"tags": {"Team": "vision"}}}, ignore_tags=[ignored])
    world.settle()
    with world.recorder.record() as recorder:
        assert rows(world.run()) == []
    assert recorder.writes == []
    for tag in TAGS:
        write(tag, "theirs")
    assert differing(world) == {f"tags.{tag}" for tag in TAGS if not fnmatch(tag, ignored)}


def write(key: str, value: str) -> None:
    """A tag on the group, by another tool."""
    group = {"ResourceId": NAME, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    client("autoscaling").create_or_update_tags(Tags=[{**group, "Key": key, "Value": value}])


def differing(world: FleetWorld) -> set[str]:
    """The fields of the group that a run would write."""
    return {f.path for c in world.look().plan.changes for f in c.fields if c.key.name == NAME}


def test_a_pattern_never_hides_whose_a_thing_is(make_world: MakeWorld) -> None:
    """The loader refuses such a pattern (tests/declare/test_site.py); a run holds to it too."""
    world = make_world(VISION)
    world.site = replace(world.site, ignore_tags=("*",))
    world.settle()
    write("reconciler:owner", "mallory@example.com")
    assert differing(world) == {"tags.reconciler:owner"}
