"""Promise 14: what is new behind an unchanged declaration waits for somebody who approves."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.terminal import exit_codes
from reconciler.engine.run import apply, make_report
from reconciler.plan.codes import NEW_BEHIND
from reconciler.plan.model import Report
from reconciler.plan.selection import Selection
from tests.kinds.world import rows
from tests.promises.cli import reconcile
from tests.promises.conftest import FleetWorld, MakeWorld, client, group
from tests.promises.fleets import PLAIN, plain, write
from tests.promises.images import PARAMETER, image, point_parameter_at


def template(name: str) -> dict[str, Any]:
    """The newest version of a launch template."""
    found = client("ec2").describe_launch_template_versions(
        LaunchTemplateName=name, Versions=["$Latest"]
    )
    return dict(found["LaunchTemplateVersions"][0])


def boots(name: str) -> str:
    """The image of the newest version of a launch template."""
    return str(template(name)["LaunchTemplateData"]["ImageId"])


def repaired(world: FleetWorld) -> Report:
    """A run with `--drift-only`."""
    environment = world.environment()
    report = make_report(world.site, environment, Selection(), drift_only=True)
    return apply(report, world.site, environment, lambda change: None, lambda: False)


def waiting(report: Report) -> list[str]:
    return [finding.message for finding in report.findings if finding.code == NEW_BEHIND]


@pytest.fixture
def world(make_world: MakeWorld) -> FleetWorld:
    made = make_world(plain("ann", "ben"))
    made.settle()
    return made


def test_another_image_waits_and_the_drift_of_others_is_repaired(world: FleetWorld) -> None:
    before, new = boots("acme-ann"), image()
    point_parameter_at(new)
    client("autoscaling").create_or_update_tags(
        Tags=[{"ResourceId": "acme-ben", "ResourceType": "auto-scaling-group", "Key": "Name",
               "Value": "mine", "PropagateAtLaunch": True}]
    )  # fmt: skip
    report = repaired(world)
    assert [(row.key.kind, row.key.name, row.outcome) for row in report.plan.changes] == [
        ("auto_scaling_group", "acme-ben", "done")
    ]
    assert (boots("acme-ann"), boots("acme-ben")) == (before, before)
    assert len(waiting(report)) == 2
    assert f"{PARAMETER} is {new} now, and {before} is in use" in waiting(report)[0]
    assert exit_codes.of_report(report) == exit_codes.REFUSED

    assert waiting(world.run()) == [], "an approved run applies it"
    assert boots("acme-ann") == new
    assert (waiting(repaired(world)), rows(repaired(world))) == ([], [])


def test_a_field_of_a_launch_template_is_repaired_beside_a_new_image(world: FleetWorld) -> None:
    before = boots("acme-ann")
    point_parameter_at(image())
    world.declare(plain("ann", "ben", storage={"root": {"size": "150GiB"}}))
    report = repaired(world)
    assert {row.outcome for row in report.plan.changes} == {"done"}
    data = template("acme-ann")["LaunchTemplateData"]
    assert data["ImageId"] == before
    assert data["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 150, "declared changes pass"
    assert len(waiting(report)) == 2


def test_another_subnet_waits(world: FleetWorld) -> None:
    before = group("acme-ann")["VPCZoneIdentifier"]
    found = client("ec2").describe_subnets(SubnetIds=before.split(",")[:1])["Subnets"][0]
    vpc = client("ec2").describe_vpcs(VpcIds=[found["VpcId"]])["Vpcs"][0]
    network = ip_network(vpc["CidrBlock"])
    client("ec2").create_subnet(
        VpcId=found["VpcId"], CidrBlock=str(list(network.subnets(new_prefix=24))[-1]),
        AvailabilityZone=found["AvailabilityZone"],
        TagSpecifications=[
            {"ResourceType": "subnet", "Tags": [{"Key": "Tier", "Value": "private"}]}
        ],
    )  # fmt: skip
    report = repaired(world)
    assert (rows(report), len(waiting(report))) == ([], 2)
    assert group("acme-ann")["VPCZoneIdentifier"] == before
    world.run()
    assert group("acme-ann")["VPCZoneIdentifier"] != before


def test_an_image_that_is_written_in_the_yaml_is_declared_and_passes(
    world: FleetWorld, tmp_path: Path
) -> None:
    new = image()
    world.declare(plain("ann", "ben", image={"id": new}))
    report = repaired(world)
    assert (boots("acme-ann"), waiting(report)) == (new, [])


def test_what_an_approved_run_began_is_finished(world: FleetWorld) -> None:
    """A workstation that was declared and not made yet gets what the parameter names now."""
    new = image()
    point_parameter_at(new)
    world.declare(plain("ann", "ben", "cat"))
    report = repaired(world)
    assert group("acme-cat")
    assert boots("acme-cat") == new
    assert len(waiting(report)) == 2


@pytest.mark.parametrize("moved", [False, True], ids=["same-parameter", "moved-parameter"])
def test_an_edit_of_a_launch_template_is_repaired_and_never_taken_for_what_was_applied(
    world: FleetWorld, *, moved: bool
) -> None:
    """What was applied is the version that the group starts from."""
    before = boots("acme-ann")
    client("ec2").create_launch_template_version(
        LaunchTemplateName="acme-ann", SourceVersion="1", LaunchTemplateData={"ImageId": image()}
    )
    if moved:
        point_parameter_at(image())
    report = repaired(world)
    assert {row.workstation for row in report.plan.changes} == {"ann"}
    assert {row.outcome for row in report.plan.changes} == {"done"}
    assert (boots("acme-ann"), len(waiting(report))) == (before, 2 if moved else 0)


def test_a_version_that_cannot_be_read_blocks_its_workstation(world: FleetWorld) -> None:
    ec2 = client("ec2")
    ec2.create_launch_template_version(
        LaunchTemplateName="acme-ann", SourceVersion="1", LaunchTemplateData={"ImageId": image()}
    )
    point_parameter_at(image())
    ec2.modify_launch_template(LaunchTemplateName="acme-ann", DefaultVersion="2")
    ec2.delete_launch_template_versions(LaunchTemplateName="acme-ann", Versions=["1"])
    report = repaired(world)
    [row] = report.plan.changes
    assert (row.workstation, row.outcome) == ("ann", "blocked")
    assert "launch template" in row.reason
    assert "is new, and waits for an approved run" in row.reason


def test_an_image_that_is_gone_blocks_its_workstation_alone(world: FleetWorld) -> None:
    old = boots("acme-ann")
    point_parameter_at(image())
    client("ec2").deregister_image(ImageId=old)
    report = repaired(world)
    assert {row.outcome for row in report.plan.changes} == {"blocked"}
    assert "is new, and waits for an approved run" in report.plan.changes[0].reason
    assert boots("acme-ann") == old


def test_the_option_does_it(world: FleetWorld, tmp_path: Path) -> None:
    before = boots("acme-ann")
    point_parameter_at(image())
    write(tmp_path, {"fleet": "plain", "workstations": {"ann": PLAIN, "ben": PLAIN}})
    result = reconcile(tmp_path / "fleets", "--drift-only", "-o", "json")
    assert result.code == exit_codes.REFUSED, result.err
    assert {each["code"] for each in result.json["findings"]} >= {NEW_BEHIND}
    assert boots("acme-ann") == before
