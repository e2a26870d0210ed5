"""Promise 12: looking costs calls by pages, not by workstations; ten calls at once at most.

EFS is the exception: it lists neither the mount targets nor the lifecycle policies of more than one
file system, so each file system costs two calls. A site without EFS asks for the list of file
systems alone: one call a region.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.kinds.world import client
from tests.promises.conftest import FleetWorld, MakeWorld
from tests.promises.fleets import DEFAULTS, EFS, HOURS, LUSTRE, plain

FIXED = 16
PER_HUNDRED = 7
"""The sandbox's pages are as AWS's."""


def names(count: int) -> list[str]:
    return [f"w{number:03}" for number in range(count)]


@pytest.fixture(scope="module")
def hundred(make_module_world: MakeWorld) -> FleetWorld:
    world = make_module_world(plain(*names(100), schedule=HOURS))
    with world.recorder.record():
        world.settle()
    return world


def calls_of_a_look(world: FleetWorld) -> Counter[str]:
    with world.recorder.record() as recorder:
        report = world.look()
        sent = Counter(each.name for each in recorder.sent)
    assert report.plan.changes == ()
    assert report.plan.unknown == ()
    return sent


def test_no_service_is_asked_more_than_ten_things_at_once(hundred: FleetWorld) -> None:
    most = hundred.recorder.most_at_once
    assert max(most.values()) <= 10
    assert most["autoscaling", "us-east-1"] >= 5, "but side by side"


def test_a_steady_look_at_a_hundred_makes_23_calls_or_fewer(hundred: FleetWorld) -> None:
    assert sum(calls_of_a_look(hundred).values()) <= FIXED + PER_HUNDRED


def test_a_site_without_efs_makes_one_call_of_efs(hundred: FleetWorld) -> None:
    asked = {n: m for n, m in calls_of_a_look(hundred).items() if n.startswith("elasticf")}
    assert asked == {"elasticfilesystem:DescribeFileSystems": 1}, "which three kinds share"


def test_twice_as_many_cost_only_more_pages(hundred: FleetWorld) -> None:
    one = calls_of_a_look(hundred)
    hundred.declare(plain(*names(200), schedule=HOURS))
    hundred.settle()
    two = calls_of_a_look(hundred)
    assert sum(two.values()) <= FIXED + 2 * PER_HUNDRED
    more = two - one
    assert sum(more.values()) <= PER_HUNDRED
    assert set(more) <= {
        "autoscaling:DescribeAutoScalingGroups",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeLaunchTemplateVersions",
        "scheduler:ListSchedules",
    }, "what is listed by pages"


def test_a_private_home_costs_no_call_of_its_own(make_world: MakeWorld) -> None:
    """A role, an instance profile and two security groups of each workstation."""
    few = names(6)
    iam = client("iam")
    for name in few:
        iam.create_instance_profile(InstanceProfileName=f"acme-ws-{name}")
    defaults = {**DEFAULTS["defaults"], "instance_profile": "acme-ws-{workstation}"}
    home = {"schedule": HOURS, "storage": {"home": LUSTRE}}
    world = make_world(plain(*few[:3], **home), defaults=defaults)
    world.settle()
    three = calls_of_a_look(world)
    assert sum(three.values()) <= FIXED + PER_HUNDRED
    world.declare(plain(*few, **home), defaults=defaults)
    world.settle()
    assert calls_of_a_look(world) == three


def test_each_efs_home_costs_two_calls(make_world: MakeWorld) -> None:
    few = names(4)
    home = {"schedule": HOURS, "storage": {"home": EFS}}
    world = make_world(plain(*few[:2], **home))
    world.settle()
    two = calls_of_a_look(world)
    world.declare(plain(*few, **home))
    world.settle()
    assert calls_of_a_look(world) - two == {
        "elasticfilesystem:DescribeLifecycleConfiguration": 2,
        "elasticfilesystem:DescribeMountTargets": 2,
    }
