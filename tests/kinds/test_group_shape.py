"""What decides over what a group launches, and who may use what runs: put back, nobody cut off.

The rest of a group's fields: tests/kinds/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from reconciler.kinds import auto_scaling_group, group_settings, mixed_instances
from reconciler.plan.model import Change, Key, Outcome, Update
from tests.kinds import cases
from tests.kinds.world import World, client, live, row, rows, writes
from tests.support.call_recorder import Killed
from tests.support.fake_aws import WrappedAws

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

NAME = {"AutoScalingGroupName": "acme-alice"}
SPEC = SimpleNamespace(**dict.fromkeys(mixed_instances.FIELDS, ()))
"""As much of a group as its policy is written from."""


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    made = World()
    made.settle()
    return made


def group() -> dict[str, Any]:
    described = client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=["acme-alice"]
    )
    return dict(described["AutoScalingGroups"][0])


def instances() -> list[str]:
    return [each["InstanceId"] for each in group()["Instances"]]


def switch(capacity: int) -> None:
    client("autoscaling").set_desired_capacity(**NAME, DesiredCapacity=capacity)


def update(**settings: Any) -> None:
    client("autoscaling").update_auto_scaling_group(**NAME, **settings)


def a_launch_configuration() -> None:
    """It has an instance profile, an image and user data of its own."""
    autoscaling = client("autoscaling")
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="strong", ImageId="ami-0123456789abcdef0", InstanceType="t3.micro"
    )
    update(LaunchConfigurationName="strong")


def bobs_template() -> dict[str, str]:
    templates = client("ec2").describe_launch_templates(LaunchTemplateNames=["acme-bob"])
    return {
        "LaunchTemplateId": templates["LaunchTemplates"][0]["LaunchTemplateId"],
        "Version": "1",
    }


def a_template_alone() -> None:
    update(LaunchTemplate=bobs_template())


def policy(change: Callable[[dict[str, Any]], None]) -> None:
    found = group()["MixedInstancesPolicy"]
    found["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
    change(found)
    update(MixedInstancesPolicy=found)


def a_template_of_one_override() -> None:
    def change(found: dict[str, Any]) -> None:
        own = {"LaunchTemplateSpecification": bobs_template()}
        found["LaunchTemplate"]["Overrides"][0] |= own

    policy(change)


SHAPES: Mapping[str, tuple[Callable[[], None], str]] = {
    "a launch configuration": (a_launch_configuration, "other.LaunchConfigurationName"),
    "a template without a policy": (a_template_alone, "other.LaunchTemplate"),
    "a template of one override": (a_template_of_one_override, "other.Overrides"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_else_is_launched_is_shown_and_put_back(world: World, shape: str) -> None:
    edit, path = SHAPES[shape]
    before = group()["MixedInstancesPolicy"]
    edit()
    change = row(world.look(), cases.FLEET(live(world)))
    assert any(field.path.startswith(path) for field in change.fields), change.fields
    world.run()
    after = group()
    assert after["MixedInstancesPolicy"] == before
    assert "LaunchConfigurationName" not in after
    assert "LaunchTemplate" not in after
    assert not world.look().plan.changes


def test_a_group_without_a_policy_is_not_given_one_under_somebodys_hands(world: World) -> None:
    """Promise 8: AWS may replace what runs when a group gets its first policy."""
    switch(1)
    working = instances()
    a_launch_configuration()
    before = world.session.calls()
    key = cases.FLEET(live(world))
    waiting = [change for change in world.run().plan.changes if change.key == key]
    assert {change.outcome for change in waiting} == {Outcome.WAITING}, waiting
    assert writes(before, world.session.calls()) == {}
    assert instances() == working
    switch(0)
    world.run()
    assert not world.look().plan.changes
    assert "MixedInstancesPolicy" in group()


def test_every_member_of_a_policy_is_written_or_put_back() -> None:
    """A new one has to be thought about."""
    model = botocore.session.get_session().get_service_model("autoscaling")

    def members(shape: str) -> set[str]:
        found: Any = model.shape_for(shape)
        return set(found.members)

    written = {"InstanceType", "InstanceRequirements"}
    assert members("LaunchTemplateOverrides") == written | set(mixed_instances.NOT_OURS)
    spread = mixed_instances.write(SPEC)["InstancesDistribution"]
    # Pools are of one strategy, which is compared; segments go when the share is written.
    more = {"SpotInstancePools", "DistributionSegments"}
    assert members("InstancesDistribution") == set(spread) | more


def test_no_reservation_reads_as_aws_shows_it_or_leaves_it_out() -> None:
    default = group_settings.NO_RESERVATION
    empty: dict[str, Any] = {"CapacityReservationTarget": {"CapacityReservationIds": []}}
    for shown in ({}, default, {**default, **empty}):
        assert group_settings.reservation({"CapacityReservationSpecification": shown}) == default
    assert group_settings.reservation({}) == default


# -- an owner who changes ----------------------------------------------------------------------


def given_to(world: World, owner: str) -> None:
    """The YAML names another owner of alice's workstation."""
    first, *others = world.site.workstations
    assert first.name == "alice"
    world.site = replace(world.site, workstations=(replace(first, owner=owner), *others))


def owners() -> set[str]:
    """What the instances' tags say; Session Manager lets in whom they name."""
    tags = client("ec2").describe_tags(
        Filters=[
            {"Name": "resource-id", "Values": instances()},
            {"Name": "key", "Values": ["reconciler:owner"]},
        ]
    )["Tags"]
    return {tag["Value"] for tag in tags}


def of_group(world: World) -> Change:
    """The row of the group in a run that is approved: another owner gets a home, too."""
    approve = " ".join(finding.approval for finding in world.look().findings)
    return row(world.run(approve=approve), cases.FLEET(live(world)))


def test_another_owner_gets_the_machine_that_runs_at_once(world: World) -> None:
    switch(1)
    working = instances()
    assert owners() == {"alice@example.com"}
    given_to(world, "mallory@example.com")
    change = of_group(world)
    assert change.outcome is Outcome.DONE, change.reason
    assert ("tags.reconciler:owner", "mallory@example.com") in {
        (field.path, field.new) for field in change.fields
    }
    assert owners() == {"mallory@example.com"}
    assert instances() == working, "promise 8"
    assert not world.look().plan.changes
    assert "Launch" not in {each["ProcessName"] for each in group()["SuspendedProcesses"]}


def at_write(world: World, number: int, action: Callable[[], None]) -> WrappedAws:
    """The region, where something happens before the write of this number."""
    return WrappedAws(
        world.session.region("us-east-1"),
        before=lambda call: action() if call.write == number else None,
    )


def after_write(world: World, number: int, action: Callable[[], None]) -> WrappedAws:
    """The region, where something happens after the write of this number."""
    return WrappedAws(
        world.session.region("us-east-1"),
        after=lambda call: action() if call.write == number else None,
    )


def die() -> None:
    raise Killed


OWNER_WRITES = 4
"""Launches are suspended, the instance tagged, the group tagged, launches resumed."""


def given_by_hand() -> None:
    """Group and machine are mallory's, as a run would leave them."""
    tag = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    owner = {**tag, "Key": "reconciler:owner", "Value": "mallory", "PropagateAtLaunch": True}
    client("autoscaling").create_or_update_tags(Tags=[owner])
    if instances():
        tags = [{"Key": "reconciler:owner", "Value": "mallory"}]
        client("ec2").create_tags(Resources=instances(), Tags=tags)


def planned_update(world: World, key: Key) -> Update:
    """What a run would write to the group now."""
    action = row(world.look(), key).action
    assert isinstance(action, Update)
    return action


def test_a_run_killed_in_between_leaves_the_old_owner_nothing(world: World) -> None:
    """Promise 3: before and after each write; the next run finds the group's tag, and does all."""
    switch(1)
    key = cases.FLEET(live(world))
    for at in range(1, OWNER_WRITES + 1):
        for when in (at_write, after_write):
            given_by_hand()
            with pytest.raises(Killed):
                auto_scaling_group.update(when(world, at, die), planned_update(world, key))
            world.run()
            assert owners() == {"alice@example.com"}, (at, when)
            assert "Launch" not in {each["ProcessName"] for each in group()["SuspendedProcesses"]}
    assert not world.look().plan.changes


def test_who_starts_it_meanwhile_starts_it_for_the_new_owner(world: World) -> None:
    """It is off, so no instance is tagged: three writes."""
    key = cases.FLEET(live(world))
    for at in range(1, OWNER_WRITES):
        switch(0)
        given_by_hand()
        aws = at_write(world, at, lambda: switch(1))
        auto_scaling_group.update(aws, planned_update(world, key))
        assert owners() == {"alice@example.com"}, at


def test_another_tag_touches_no_instance(world: World) -> None:
    switch(1)
    key = cases.FLEET(live(world))
    world.edits[key, "tags"] = {**live(world)[key].spec.tags, "Team": "other"}
    before = world.session.calls()
    assert row(world.run(), key).outcome is Outcome.DONE, rows(world.look())
    assert writes(before, world.session.calls()) == {"autoscaling:CreateOrUpdateTags": 1}


def test_a_steady_run_asks_nothing_of_owners(world: World) -> None:
    """Promise 12: an owner is compared by the group's tag, which is read anyway."""
    switch(1)
    before = world.session.calls()
    world.look()
    assert "ec2:DescribeInstances" not in {
        name for name, count in world.session.calls().items() if count != before.get(name, 0)
    }
