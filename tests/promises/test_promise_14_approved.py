"""Promise 14: what was approved is what is applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.terminal import exit_codes
from tests.promises.cli import reconcile
from tests.promises.conftest import MakeWorld, client, start
from tests.promises.fleets import plain, vision, write
from tests.promises.images import image, point_parameter_at


def versions() -> dict[str, int]:
    """The newest version of each launch template."""
    found = client("ec2").describe_launch_templates()["LaunchTemplates"]
    return {each["LaunchTemplateName"]: each["LatestVersionNumber"] for each in found}


@pytest.fixture
def fleets(make_world: MakeWorld, tmp_path: Path) -> Path:
    """Two workstations that stand, and a change to one that is to be approved."""
    make_world(plain("ann", "ben")).settle()
    workstations = plain("ann", "ben")
    workstations["workstations"]["ann"]["tags"] = {"Team": "new"}
    write(tmp_path, workstations)
    return tmp_path / "fleets"


def planned(fleets: Path, *arguments: str) -> tuple[Path, dict[str, Any]]:
    """The file of the JSON plan, and what it says."""
    result = reconcile(fleets, "--dry-run", "-o", "json", *arguments)
    file = fleets.parent / "plan.json"
    file.write_text(result.out)
    return file, dict(json.loads(result.out))


def test_the_approved_plan_is_applied(fleets: Path) -> None:
    file, plan = planned(fleets)
    assert planned(fleets)[1]["digest"] == plan["digest"], "nothing changed: the same digest"
    for output in ("text", "markdown"):
        assert plan["digest"] in reconcile(fleets, "--dry-run", "-o", output).out
    result = reconcile(fleets, "--expect", str(file), "-o", "json")
    assert (result.code, result.json["digest"]) == (exit_codes.DONE, plan["digest"])
    assert {row["outcome"] for row in result.json["changes"]} == {"done"}


@pytest.mark.parametrize("by", ["digest", "file"])
def test_another_image_behind_the_parameter_is_another_plan(fleets: Path, by: str) -> None:
    file, plan = planned(fleets)
    before = versions()
    another = image()
    point_parameter_at(another)
    result = reconcile(fleets, "--expect", plan["digest"] if by == "digest" else str(file))
    assert (result.code, result.out) == (exit_codes.REFUSED, "")
    assert "nothing was written" in result.err
    if by == "file":
        assert "now " in result.err
        assert another in result.err
        assert "new: us-east-1 launch_template acme-ben: update image_id" in result.err
    assert versions() == before


def test_each_row_that_differs_is_a_line(fleets: Path) -> None:
    file, _ = planned(fleets)
    point_parameter_at(image())
    result = reconcile(fleets, "--expect", str(file))
    lines = [line for line in result.err.splitlines() if line.startswith("  ")]
    assert [line.split(":")[:2] for line in lines] == [
        ["  new", " us-east-1 auto_scaling_group acme-ben"],
        ["  other", " us-east-1 launch_template acme-ann"],
        ["  new", " us-east-1 launch_template acme-ben"],
    ]


def test_a_plan_that_was_applied_already_is_empty_now(fleets: Path) -> None:
    file, _ = planned(fleets)
    assert reconcile(fleets, "--expect", str(file)).code == exit_codes.DONE
    result = reconcile(fleets, "--expect", str(file))
    assert result.code == exit_codes.REFUSED
    assert "the approved plan was applied already, or somebody took back" in result.err


@pytest.mark.parametrize("output", ["json", "markdown"])
def test_the_refusal_is_told_in_every_form(fleets: Path, output: str) -> None:
    file, _ = planned(fleets)
    point_parameter_at(image())
    result = reconcile(fleets, "--expect", str(file), "-o", output)
    assert result.code == exit_codes.REFUSED
    assert "acme-ben" in result.out
    if output == "json":
        assert result.json["error"]["code"] == "other-plan"
    else:
        assert "No plan" in result.out
        assert "not the plan that was approved" in result.out


def test_a_machine_that_starts_between_plan_and_apply_changes_nothing(fleets: Path) -> None:
    """Promise 15: an approval is never of what is on or off."""
    file, plan = planned(fleets)
    start("acme-ann", "acme-ben")
    assert planned(fleets)[1]["digest"] == plan["digest"]
    result = reconcile(fleets, "--expect", str(file))
    assert result.code == exit_codes.DONE, result.err


def test_an_approval_of_a_hold_is_of_the_same_plan(make_world: MakeWorld, tmp_path: Path) -> None:
    """The digest is of the plan with its holds; the token says which of them is lifted."""
    world = make_world(vision(alice=None))
    world.settle()
    write(tmp_path, vision(alice=None, bob={**vision()["workstations"]["bob"], "owner": "m@x.org"}))
    fleets = tmp_path / "fleets"
    _, held = planned(fleets)
    (token,) = {f["approval"] for f in held["findings"] if f["approval"]}
    file, lifted = planned(fleets, "--approve", token)
    assert held["digest"] == lifted["digest"]
    assert {row["outcome"] for row in held["changes"]} == {"blocked"}
    result = reconcile(fleets, "--expect", str(file), "--approve", token, "-o", "json")
    assert result.code == exit_codes.DONE, result.out
    assert "done" in {row["outcome"] for row in result.json["changes"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "neither a digest (64 hex digits) nor a file"),
        ("[]", "holds no plan"),
        ("{", "holds no plan"),
        ('{"digest": "1"}', "holds no plan"),
    ],
    ids=["missing", "list", "no-json", "no-rows"],
)
def test_a_file_that_is_no_plan_is_wrong_usage(
    fleets: Path, text: str | None, message: str
) -> None:
    file = fleets.parent / "plan.json"
    if text is not None:
        file.write_text(text)
    result = reconcile(fleets, "--expect", str(file))
    assert result.code == exit_codes.USAGE
    assert message in result.err


def test_a_file_that_was_edited_is_wrong_usage(fleets: Path) -> None:
    """Who edits the rows of an artifact does not get them applied, nor a wrong diff shown."""
    file, plan = planned(fleets)
    plan["changes"] = []
    file.write_text(json.dumps(plan))
    result = reconcile(fleets, "--expect", str(file))
    assert result.code == exit_codes.USAGE
    assert "it was edited" in result.err


@pytest.mark.parametrize("other", [["--every", "5m"], ["--wait"]], ids=["every", "wait"])
def test_what_makes_many_plans_takes_no_expected_one(fleets: Path, other: list[str]) -> None:
    result = reconcile(fleets, "--expect", "0" * 64, *other)
    assert result.code == exit_codes.USAGE
    assert "--expect is for one plan" in result.err
