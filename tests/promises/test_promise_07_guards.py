"""Promise 7: guards are always on, and name the option that lets exactly one plan through."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.terminal import exit_codes
from reconciler.plan.model import Finding, Report
from tests.kinds.world import rows
from tests.promises.cli import reconcile
from tests.promises.conftest import MakeWorld, client, group
from tests.promises.fleets import LUSTRE, PLAIN, Tree, plain, write

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

FIVE = ("ann", "ben", "cat", "dan", "eve")


def groups() -> list[str]:
    found = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return sorted(each["AutoScalingGroupName"].removeprefix("acme-") for each in found)


def stopping(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.approval]


def token_in(text: str) -> str:
    return text.split("--approve ")[1][:32]


# -- by exit code ----------------------------------------------------------------------------


@pytest.fixture
def fleets(make_world: MakeWorld, tmp_path: Path) -> Path:
    """Five workstations, declared and standing."""
    make_world(plain(*FIVE)).settle()
    return tmp_path / "fleets"


def test_an_empty_folder_is_refused(fleets: Path) -> None:
    for file in fleets.iterdir():
        file.unlink()
    result = reconcile(fleets)
    assert (result.code, result.out) == (exit_codes.REFUSED, "")
    assert "declares a fleet" in result.err
    assert groups() == list(FIVE)


def test_a_folder_with_nothing_but_defaults_is_refused(fleets: Path) -> None:
    (fleets / "plain.yaml").unlink()
    assert reconcile(fleets).code == exit_codes.REFUSED
    assert groups() == list(FIVE)


@pytest.mark.parametrize("broken", ["yaml", "dangling"])
def test_a_file_that_cannot_be_read_is_no_removal(fleets: Path, broken: str) -> None:
    write(fleets.parent, plain("ann"), {"fleet": "more", "workstations": {"zoe": PLAIN}})
    file = fleets / "plain.yaml"
    if broken == "yaml":
        file.write_text("fleet: plain\nworkstations: [")
    else:
        file.unlink()
        file.symlink_to(fleets / "gone.yaml")
    result = reconcile(fleets)
    assert result.code == exit_codes.USAGE
    assert "plain.yaml" in result.err
    assert groups() == list(FIVE), "nothing was made or removed"


def test_another_account_is_refused(fleets: Path) -> None:
    write(fleets.parent, plain("ann"), account="999999999999")
    result = reconcile(fleets)
    assert result.code == exit_codes.REFUSED
    assert "belong to account 123456789012" in result.err
    assert groups() == list(FIVE)


def test_a_mass_removal_takes_the_token_of_exactly_that_plan(fleets: Path) -> None:
    write(fleets.parent, plain("ann", "ben"))
    refused = reconcile(fleets, "-o", "json")
    assert refused.code == exit_codes.REFUSED
    assert "3 of 5 workstations would be removed" in refused.finding
    token = token_in(refused.finding)
    assert groups() == list(FIVE)

    write(fleets.parent, plain("ann"))  # the YAML moves on: the approval does not
    stale = reconcile(fleets, "-o", "json", "--approve", token)
    assert stale.code == exit_codes.REFUSED
    assert f"(the token {token} belongs to another plan)" in stale.finding
    assert groups() == list(FIVE)

    done = reconcile(fleets, "-o", "json", "--approve", token_in(stale.finding))
    assert (done.code, groups()) == (exit_codes.DONE, ["ann"])


# -- what counts -----------------------------------------------------------------------------


def test_one_may_go_without_asking(make_world: MakeWorld) -> None:
    world = make_world(plain(*FIVE))
    world.settle()
    world.declare(plain(*FIVE[1:]))
    assert stopping(world.run()) == []
    assert groups() == list(FIVE[1:])


def test_removals_that_are_held_back_hold_nothing_else_back(make_world: MakeWorld) -> None:
    """What is made in the same plan is made, and nobody's start schedule is gone meanwhile."""
    world = make_world(plain(*FIVE))
    world.settle()
    world.declare(plain("ann", "new"))
    with world.recorder.record() as recorder:
        report = world.run()
    assert not [name for name in recorder.writes if ":Delete" in name]
    assert len(stopping(report)) == 1
    assert groups() == sorted([*FIVE, "new"])


def test_a_new_tag_or_image_for_everybody_needs_no_ceremony(make_world: MakeWorld) -> None:
    world = make_world(plain(*FIVE))
    world.settle()
    everybody: Tree = {"tags": {"Team": "new"}, "storage": {"root": {"size": "150GiB"}}}
    world.declare({**plain(*FIVE), "defaults": everybody})
    assert stopping(world.run()) == []
    assert rows(world.run()) == []


def test_dropping_the_schedule_of_everybody_is_no_removal_of_anybody(make_world: MakeWorld) -> None:
    hours = {"start": "Mon-Fri 09:00", "stop": "Mon-Fri 19:00", "timezone": "UTC"}
    world = make_world(plain(*FIVE, schedule=hours))
    world.settle()
    world.declare(plain(*FIVE))
    assert stopping(world.run()) == []
    assert rows(world.run()) == []
    assert groups() == list(FIVE)


def test_growing_many_file_systems_at_once_is_disruptive(make_world: MakeWorld) -> None:
    """FSx stalls clients for minutes while it grows."""

    def homes(capacity: str) -> Tree:
        grown = {"fsx_lustre": {**LUSTRE["fsx_lustre"], "storage_capacity": capacity}}
        return plain("ann", "ben", storage={"home": grown})

    world = make_world(homes("1200GiB"))
    world.settle()
    world.declare(homes("2400GiB"))
    (finding,) = stopping(world.run())
    assert finding.code == "many-disruptions"
    capacities = {
        f["StorageCapacity"] for f in client("fsx").describe_file_systems()["FileSystems"]
    }
    assert capacities == {1200}
    assert stopping(world.run(approve=token_in(finding.message))) == []
    world.settle()


def test_data_of_long_gone_workstations_does_not_widen_the_guard(make_world: MakeWorld) -> None:
    """Twenty kept homes are not twenty workstations of which two may go."""
    world = make_world(plain(*FIVE))
    world.settle()
    for number in range(20):
        tags = {
            "reconciler:site": "acme",
            "reconciler:workstation": f"gone-{number}",
            "reconciler:file-system": "home",
        }
        client("ec2").create_volume(
            AvailabilityZone="us-east-1a",
            Size=10,
            VolumeType="gp3",
            TagSpecifications=[
                {
                    "ResourceType": "volume",
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
            ],
        )
    world.declare(plain(*FIVE[2:]))
    (finding,) = stopping(world.run())
    assert "2 of 5 workstations would be removed" in finding.message


def test_only_takes_part_of_a_plan_and_the_guard_counts_that_part(make_world: MakeWorld) -> None:
    world = make_world(plain(*FIVE))
    world.settle()
    world.declare(plain("ann"))
    assert stopping(world.run("eve")) == []
    assert groups() == ["ann", "ben", "cat", "dan"]
    assert len(stopping(world.run("b*", "c*"))) == 1


def test_too_few_pools_block_that_workstation_before_its_data_is_paid_for(
    make_world: MakeWorld, sandbox: Sandbox
) -> None:
    one_pool = {**PLAIN, "instance_types": ["g6.xlarge"], "availability_zones": ["us-east-1a"]}
    world = make_world(
        {
            "fleet": "plain",
            "workstations": {"bad": {**one_pool, "storage": {"home": LUSTRE}}, "zoe": PLAIN},
        }
    )
    report = world.run()
    assert [f.code for f in report.findings if f.level == "error"] == ["too-few-pools"]
    assert client("fsx").describe_file_systems()["FileSystems"] == []
    assert (group("acme-bad"), exit_codes.of_report(report)) == ({}, exit_codes.FAILED)
    assert group("acme-zoe") != {}
