"""Promise 5: a dry run only reads, whatever there is to do."""

from __future__ import annotations

import pytest

from reconciler.plan.model import Outcome
from tests.kinds.world import live
from tests.promises.cli import reconcile
from tests.promises.conftest import Raise, start
from tests.promises.fleets import ALICE, VISION, Tree, plain, vision

EDITS: dict[str, Tree] = {
    "nothing-to-do": VISION,
    "something-new": vision(carol=ALICE),
    "something-removed": vision(bob=None),
    "shape-changed": {**VISION, "defaults": {"storage": {"root": {"size": "150GiB"}}}},
    "refused": {**VISION, "defaults": {"image": {"id": "ami-00000000000000000"}}},
    "all-removed": plain("dora"),
}


def test_in_an_empty_account(stage: Raise) -> None:
    world = stage(VISION)
    with world.tap.hearing() as tap:
        report = world.look()
    assert {change.outcome for change in report.plan.changes} == {Outcome.PLANNED}
    assert len(tap.sent) > 15
    assert tap.writes == []


@pytest.mark.parametrize("edit", EDITS)
def test_in_an_account_in_use(module_stage: Raise, applied: object, edit: str) -> None:
    world = module_stage(EDITS[edit])
    with world.tap.hearing() as tap:
        report = world.look()
    assert bool(report.plan.changes) is (edit != "nothing-to-do")
    assert tap.writes == []


@pytest.fixture(scope="module")
def applied(module_stage: Raise) -> None:
    world = module_stage(VISION)
    world.settle()
    start("acme-alice")


@pytest.mark.parametrize("options", [("--dry-run",), ("--dry-run", "--exit-code")])
def test_the_command_itself_writes_nothing(stage: Raise, options: tuple[str, ...]) -> None:
    """The fork is in the command line: what is there afterwards is the proof."""
    world = stage(VISION)
    before = live(world)
    said = reconcile(world.folder / "fleets", *options, "-o", "json")
    assert said.code == (3 if "--exit-code" in options else 0), said.err
    assert said.json["summary"]["create"] > 15
    assert live(world) == before == {}
