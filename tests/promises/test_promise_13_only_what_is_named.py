"""Promise 13: a run touches only what it names: a file, a name, a region."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.terminal import exit_codes
from reconciler.declare.load import load
from reconciler.plan.kind import Kind
from reconciler.plan.model import Change
from tests.kinds import cases
from tests.kinds.world import World, live, rows
from tests.promises.cli import reconcile
from tests.promises.conftest import FleetWorld, MakeWorld, client, data, group
from tests.promises.fleets import BOB, HOURS, PLAIN, Tree, plain, vision, write

ROBOTS: Tree = {"fleet": "robots", "workstations": {"emil": {**BOB, "owner": "emil@example.com"}}}


# -- over all kinds --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edited(module_sandbox: object) -> World:
    """A fleet that needs every kind, applied; then a field of each kind reads otherwise in YAML."""
    world = World()
    world.settle()
    there = live(world)
    for (_, field), (find, value) in cases.DECLARED.items():
        world.edits.setdefault((find(there), field), value)
    alice, *others = world.site.workstations  # a subscription has no field that changes
    alice = replace(alice, notices=(*alice.notices, "new@example.com"))
    world.site = replace(world.site, workstations=(alice, *others))
    return world


@pytest.mark.parametrize("kind", cases.DECLARABLE, ids=lambda kind: kind.NAME)
def test_what_is_not_named_is_not_judged(edited: World, kind: Kind) -> None:
    def rows_of(report_rows: tuple[Change, ...]) -> list[Change]:
        return [row for row in report_rows if row.key.kind == kind.NAME]

    assert rows_of(edited.look().plan.changes), "the whole directory does judge it"
    for name in ("alice", "bob"):
        for row in rows_of(edited.look(name).plan.changes):
            assert row.workstation == name, "only its own, and nothing that is shared"


def test_a_file_that_declares_something_else_judges_nothing(edited: World) -> None:
    whole = edited.site
    edited.site = replace(whole, selected_fleets=frozenset({"robots"}))
    report = edited.look()
    edited.site = whole
    assert rows(report) == []
    assert report.plan.retained == ()


# -- as people type it -----------------------------------------------------------------------


@pytest.fixture
def two(make_world: MakeWorld, tmp_path: Path) -> tuple[FleetWorld, Path]:
    """Two files, both applied."""
    made = make_world(vision(), ROBOTS)
    made.settle()
    return made, tmp_path / "fleets"


def test_one_file_takes_nothing_of_the_others_away(two: tuple[FleetWorld, Path]) -> None:
    _, fleets = two
    result = reconcile(fleets / "robots.yaml", "-o", "json")
    assert (result.code, result.json["changes"]) == (exit_codes.DONE, [])
    assert group("acme-alice")
    assert group("acme-bob")


def test_one_file_removes_nothing_even_of_its_own(two: tuple[FleetWorld, Path]) -> None:
    """Removing takes the whole directory: a file may be a part of somebody's edit."""
    _, fleets = two
    write(fleets.parent, vision(bob=None), ROBOTS)
    result = reconcile(fleets / "vision.yaml", "-o", "json")
    assert (result.code, result.json["changes"], result.json["kept"]) == (exit_codes.DONE, [], [])
    assert group("acme-bob")
    whole = reconcile(fleets, "-o", "json")
    assert {row["workstation"] for row in whole.json["changes"]} == {"bob"}
    assert not group("acme-bob")


def test_one_file_is_held_against_the_rest_of_its_directory(tmp_path: Path) -> None:
    """A name that another file has too would flip from fleet to fleet."""
    fleets = write(tmp_path, plain("emil"), ROBOTS)
    result = reconcile(fleets / "robots.yaml", "--dry-run")
    assert result.code == exit_codes.USAGE
    assert "emil" in result.err
    assert "plain.yaml" in result.err + result.out


def test_one_file_brings_the_words_of_the_site_that_stand_in_others(
    two: tuple[FleetWorld, Path],
) -> None:
    """A tag that another file ignores is not taken away, a port that it opens is not closed."""
    world, fleets = two
    (fleets / "_tags.yaml").write_text(json.dumps({"ignore_tags": ["Cost*"]}))
    client("autoscaling").create_or_update_tags(
        Tags=[
            {
                "ResourceId": "acme-alice",
                "ResourceType": "auto-scaling-group",
                "Key": "CostCenter",
                "Value": "1",
                "PropagateAtLaunch": True,
            }
        ]
    )
    world.site = load([fleets / "vision.yaml"])
    assert rows(world.look()) == []


def test_a_shared_file_system_grows_only_when_its_file_or_everything_is_meant(
    two: tuple[FleetWorld, Path],
) -> None:
    """`--only robots/emil` grew another fleet's file system, for ever."""
    world, fleets = two
    grown = vision()
    grown["file_systems"]["datasets"]["storage_capacity"] = "2400GiB"
    write(fleets.parent, grown, ROBOTS)
    world.site = load([fleets])
    assert rows(world.look("robots/emil")) == []
    assert rows(world.look("alice")) == [], "alice mounts it, and needs no larger one"
    world.site = load([fleets / "vision.yaml"])
    assert [row.key.name for row in world.look().plan.changes] == ["acme-vision/datasets"]


def test_what_is_named_gets_the_shared_things_that_it_needs(make_world: MakeWorld) -> None:
    made = make_world(vision(), ROBOTS)
    names = {str(row.key.name) for row in made.look("alice").plan.changes}
    assert {"acme-alice", "acme-alice/home", "acme-vision/datasets", "acme"} <= names
    assert not any("bob" in name or "emil" in name for name in names)
    made.run("alice")
    assert group("acme-alice") or made.look("alice").plan.pending()
    assert not group("acme-emil")
    assert len(data()) == 2, "her home, and what she mounts"


def test_a_region_where_nothing_is_named_is_not_even_read(make_world: MakeWorld) -> None:
    far = {**PLAIN, "region": "eu-central-1", "schedule": HOURS}
    made = make_world(plain("ann"), {"fleet": "far", "workstations": {"zoe": far}})
    made.settle()
    with made.recorder.record() as recorder:
        assert rows(made.look("ann")) == []
    assert {sent.region for sent in recorder.sent} == {"us-east-1"}
