"""Promise 6: no tag of ours, no touch. (Each kind's namesake: tests/kinds/test_contract.py.)"""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.cli.terminal import exit_codes
from reconciler.plan.model import Outcome
from tests.kinds import foreign_resources
from tests.kinds.world import live, rows
from tests.promises.conftest import MakeWorld, client, group
from tests.promises.fleets import HOURS, VISION, Tree, plain

NEIGHBOUR: Tree = {**VISION, "workstations": {"bob": VISION["workstations"]["bob"]}}


def strange_things() -> list[foreign_resources.ReadBack]:
    """Somebody's things without a name of ours: a group that runs, a schedule, a file system."""
    autoscaling, scheduler = client("autoscaling"), client("scheduler")
    subnet = client("ec2").describe_subnets(Filters=[{"Name": "tag:Tier", "Values": ["private"]}])
    client("ec2").create_launch_template(
        LaunchTemplateName="theirs", LaunchTemplateData={"InstanceType": "t3.micro"}
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="theirs",
        LaunchTemplate={"LaunchTemplateName": "theirs", "Version": "1"},
        MinSize=0,
        MaxSize=1,
        VPCZoneIdentifier=subnet["Subnets"][0]["SubnetId"],
        Tags=[{"Key": "reconciler:site", "Value": "another", "PropagateAtLaunch": True}],
    )
    scheduler.create_schedule(
        Name="theirs",
        ScheduleExpression="rate(1 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:sns:us-east-1:123456789012:theirs",
            "RoleArn": "arn:aws:iam::123456789012:role/theirs",
        },
    )

    def schedule() -> Any:
        found = dict(scheduler.get_schedule(Name="theirs"))
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}

    return [
        foreign_resources.file_system(),
        foreign_resources.home_volume(),
        schedule,
        lambda: autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["theirs"])[
            "AutoScalingGroups"
        ],
        lambda: client("ec2").describe_launch_templates(LaunchTemplateNames=["theirs"])[
            "LaunchTemplates"
        ],
    ]


def test_strangers_are_as_before_after_making_changing_and_removing_ours(
    make_world: MakeWorld,
) -> None:
    looks = strange_things()
    before = [look() for look in looks]
    world = make_world(VISION)
    world.settle()
    world.declare({**NEIGHBOUR, "defaults": {"tags": {"Team": "new"}}})
    world.settle()
    assert group("acme-alice") == {}, "ours did go"
    assert [look() for look in looks] == before


def test_a_neighbour_site_whose_name_begins_with_ours_is_not_ours(make_world: MakeWorld) -> None:
    """`acme` and `acme-lab` in one account: prefixes are no ownership."""
    world = make_world(NEIGHBOUR, site="acme-lab")
    world.settle()
    neighbour = live(world)
    world.declare(VISION)
    world.settle()
    world.declare(plain("zoe"))
    token = next((f.approval for f in world.look().findings if f.approval), "")
    for _ in range(2):
        world.run(approve=token)
    assert group("acme-bob") == {}, "ours did go"
    world.declare(NEIGHBOUR, site="acme-lab")
    assert live(world) == neighbour
    assert rows(world.look()) == []


def test_a_name_of_the_neighbour_is_refused_and_not_taken_over(make_world: MakeWorld) -> None:
    """Workstation `lab-bob` of acme would be group `acme-lab-bob`: bob of acme-lab."""
    world = make_world(NEIGHBOUR, site="acme-lab")
    world.settle()
    before = group("acme-lab-bob")
    world.declare(plain("lab-bob", "zoe"))
    report = world.run()
    foreign = [change for change in report.plan.changes if change.error == "foreign"]
    assert {change.key.kind for change in foreign} == {"auto_scaling_group", "launch_template"}
    assert group("acme-lab-bob") == before
    assert group("acme-zoe") != {}, "promise 9"


@pytest.mark.parametrize("stranger", ["auto_scaling_group", "launch_template"])
def test_a_name_taken_by_a_stranger_stops_that_workstation_alone(
    make_world: MakeWorld, stranger: str
) -> None:
    look = getattr(foreign_resources, stranger)()
    before = look()
    world = make_world(plain("alice", "zoe", schedule=HOURS))
    reports = [world.run(), world.run()]
    assert look() == before
    for report in reports:
        changes = [change for change in report.plan.changes if change.workstation == "alice"]
        reasons = {change.reason for change in changes if change.outcome is Outcome.BLOCKED}
        assert any("exists without our tag" in reason for reason in reasons)
        assert exit_codes.of_report(report) == exit_codes.FAILED
    assert group("acme-zoe") != {}
    assert not [c for c in reports[1].plan.changes if c.workstation == "zoe"]


def test_a_thing_that_lost_our_tag_is_let_go(make_world: MakeWorld) -> None:
    """Taking the tag off by hand is how a person takes a thing back."""
    world = make_world(plain("alice", "zoe"))
    world.settle()
    tag = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    client("autoscaling").delete_tags(Tags=[{**tag, "Key": "reconciler:site"}])
    world.declare(plain("zoe"))
    with world.recorder.record() as recorder:
        world.run()
    assert "autoscaling:DeleteAutoScalingGroup" not in recorder.writes
    assert group("acme-alice") != {}
