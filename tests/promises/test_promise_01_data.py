"""Promise 1: a run deletes no data, whatever the YAML says, and lists what it keeps."""

from __future__ import annotations

import pytest

from reconciler.plan.model import Outcome
from tests.kinds.world import row, rows
from tests.promises.conftest import (
    FleetWorld,
    MakeWorld,
    client,
    data,
    group,
    schedules,
    snapshots,
    start,
    stop,
)
from tests.promises.fleets import (
    ALICE,
    BOB,
    DATASETS,
    EBS,
    EFS,
    LUSTRE,
    VISION,
    Tree,
    plain,
    vision,
)

HOME, VOLUME, SHARED = "acme-alice/home", "acme-bob/home", "acme-vision/datasets"
ABROAD: Tree = {
    **ALICE,
    "region": "eu-central-1",
    "storage": {"home": LUSTRE},
}

EDITS: dict[str, tuple[list[Tree], list[str]]] = {
    "removed": ([vision(alice=None)], [HOME]),
    "renamed": ([vision(alice=None, alicia=ALICE)], [HOME]),
    "moved-to-another-region": ([vision(alice=ABROAD)], [HOME]),
    "lustre-home-becomes-a-volume": (
        [vision(alice={**ALICE, "storage": {"home": EBS}})],
        [HOME],
    ),
    "volume-home-becomes-lustre": ([vision(bob={**BOB, "storage": {"home": LUSTRE}})], [VOLUME]),
    "volume-home-becomes-efs": ([vision(bob={**BOB, "storage": {"home": EFS}})], [VOLUME]),
    "home-taken-out": ([vision(bob={**BOB, "storage": {}})], [VOLUME]),
    "shared-file-system-taken-out": (
        [{**vision(alice={**ALICE, "storage": {"home": LUSTRE}}), "file_systems": {}}],
        [SHARED],
    ),
    "fleet-renamed": ([{**VISION, "fleet": "imaging"}], [SHARED]),
    "moved-to-another-fleet": (
        [
            vision(bob=None),
            {"fleet": "robots", "workstations": {"bob": BOB}},
        ],
        [],
    ),
    "everything-removed-but-one": ([plain("carol")], [HOME, VOLUME, SHARED]),
}


def retained(world: FleetWorld) -> dict[str, str]:
    """What the plan lists as retained: name → cost."""
    return {each.key.name: each.monthly_cost for each in world.look().plan.retained}


@pytest.mark.parametrize("edit", EDITS)
def test_no_edit_deletes_data_and_every_plan_lists_what_is_kept(
    make_world: MakeWorld, edit: str
) -> None:
    fleets, expected = EDITS[edit]
    world = make_world(VISION)
    world.settle()
    before, backups = data(), snapshots()
    assert len(before) == 3, "two file systems and a volume"
    world.declare(*fleets)
    token = next((f.approval for f in world.look().findings if f.approval), "")
    with world.recorder.record():
        for _ in range(3):
            world.run(approve=token)
        deletes = [name for name in world.recorder.writes if "Delete" in name]
    assert data() >= before, "nothing is gone"
    assert snapshots() >= backups
    data_calls = ("FileSystem", "Volume", "Snapshot", "Backup")
    assert not [name for name in deletes if name.endswith(data_calls)]
    assert sorted(retained(world)) == sorted(expected)
    assert all("$" in cost and "/month" in cost for cost in retained(world).values())
    messages = [f.message for f in world.look().findings if f.code == "data-kept"]
    assert len(messages) == len(expected)
    assert not world.look().plan.changes, "and that is all there is left to do"


def test_putting_it_back_finds_the_old_data(make_world: MakeWorld) -> None:
    world = make_world(VISION)
    world.settle()
    before = data()
    world.declare(vision(alice=None))
    world.settle()
    world.declare(VISION)
    world.settle()
    assert data() == before, "the home of before, and no second one"
    assert retained(world) == {}


def test_a_removed_workstation_is_not_started_again_and_goes_once_nothing_runs(
    make_world: MakeWorld,
) -> None:
    world = make_world(VISION)
    world.settle()
    start("acme-alice")
    running = group("acme-alice")["Instances"]
    assert len(running) == 1
    world.declare(vision(alice=None))
    report = world.run()
    assert schedules() == ["alice-stop", "bob-start", "bob-stop"], rows(report)
    assert group("acme-alice")["Instances"] == running, "nobody is cut off"
    waiting = [c for c in report.plan.changes if c.outcome is Outcome.WAITING]
    assert {c.key.kind for c in waiting} == {"auto_scaling_group", "launch_template", "schedule"}
    assert all("is running; a run removes it when nothing runs" in c.reason for c in waiting)
    stop("acme-alice")
    world.run()
    assert group("acme-alice") == {}
    assert schedules() == ["bob-start", "bob-stop"]
    assert not world.look().plan.changes


def test_a_home_that_vanished_is_not_replaced_by_an_empty_one_in_silence(
    make_world: MakeWorld,
) -> None:
    """Somebody deleted it by hand: a new one takes an approval of exactly this loss."""
    world = make_world(VISION)
    world.settle()
    fsx = client("fsx")
    (lost,) = [
        each["FileSystemId"]
        for each in fsx.describe_file_systems()["FileSystems"]
        if {"Key": "Name", "Value": HOME} in each["Tags"]
    ]
    fsx.delete_file_system(FileSystemId=lost)
    before = data()
    report = world.run()
    (blocked,) = [c for c in report.plan.changes if c.error == "data-missing"]
    assert (blocked.key.name, blocked.outcome) == (HOME, Outcome.BLOCKED)
    assert data() == before
    world.run(approve=blocked.reason.split("--approve ")[1][:32])
    assert len(data() - before) == 1
    world.settle()


def test_a_zone_edited_under_a_file_system_is_refused_with_advice(make_world: MakeWorld) -> None:
    world = make_world(VISION)
    world.settle()
    before = data()
    elsewhere = {"datasets": {**DATASETS["datasets"], "availability_zone": "us-east-1b"}}
    world.declare({**VISION, "file_systems": elsewhere})
    report = world.run()
    (refused,) = report.plan.changes
    assert row(report, refused.key).outcome is Outcome.BLOCKED
    assert "copy the data" in refused.reason
    assert data() == before
