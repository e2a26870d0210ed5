"""Promise 5: a dry run only reads, whatever there is to do."""

from __future__ import annotations

import pytest

from reconciler.plan.model import Outcome
from tests.kinds.world import live
from tests.promises.cli import reconcile
from tests.promises.conftest import MakeWorld, start
from tests.promises.fleets import ALICE, VISION, Tree, plain, vision

EDITS: dict[str, Tree] = {
    "nothing-to-do": VISION,
    "something-new": vision(carol=ALICE),
    "something-removed": vision(bob=None),
    "shape-changed": {**VISION, "defaults": {"storage": {"root": {"size": "150GiB"}}}},
    "refused": {**VISION, "defaults": {"image": {"id": "ami-00000000000000000"}}},
    "all-removed": plain("dora"),
}


def test_in_an_empty_account(make_world: MakeWorld) -> None:
    world = make_world(VISION)
    with world.recorder.record() as recorder:
        report = world.look()
    assert {change.outcome for change in report.plan.changes} == {Outcome.PLANNED}
    assert len(recorder.sent) > 15
    assert recorder.writes == []


@pytest.mark.parametrize("edit", EDITS)
def test_in_an_account_in_use(make_module_world: MakeWorld, applied: object, edit: str) -> None:
    world = make_module_world(EDITS[edit])
    with world.recorder.record() as recorder:
        report = world.look()
    assert bool(report.plan.changes) is (edit != "nothing-to-do")
    assert recorder.writes == []


@pytest.fixture(scope="module")
def applied(make_module_world: MakeWorld) -> None:
    world = make_module_world(VISION)
    world.settle()
    start("acme-alice")


@pytest.mark.parametrize("options", [("--dry-run",), ("--dry-run", "--exit-code")])
def test_the_command_itself_writes_nothing(make_world: MakeWorld, options: tuple[str, ...]) -> None:
    """The fork is in the command line: what is there afterwards is the proof."""
    world = make_world(VISION)
    before = live(world)
    result = reconcile(world.folder / "fleets", *options, "-o", "json")
    assert result.code == (3 if "--exit-code" in options else 0), result.err
    assert result.json["summary"]["create"] > 15
    assert live(world) == before == {}
