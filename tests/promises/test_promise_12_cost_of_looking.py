"""Promise 12: looking costs calls by pages, not by workstations; ten calls at once at most.

EFS is the exception: it lists neither the mount targets nor the lifecycle policies of more than one
file system, so each file system costs two calls. A site without EFS asks for the list of file
systems alone: one call a region.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.kinds.world import client
from tests.promises.conftest import Raise, Stage
from tests.promises.fleets import DEFAULTS, EFS, HOURS, LUSTRE, plain

FIXED = 16
PER_HUNDRED = 7
"""The sandbox's pages are as AWS's."""


def names(count: int) -> list[str]:
    return [f"w{number:03}" for number in range(count)]


@pytest.fixture(scope="module")
def hundred(module_stage: Raise) -> Stage:
    world = module_stage(plain(*names(100), schedule=HOURS))
    with world.tap.hearing():
        world.settle()
    return world


def calls_of_a_look(world: Stage) -> Counter[str]:
    with world.tap.hearing() as tap:
        report = world.look()
        sent = Counter(each.name for each in tap.sent)
    assert report.plan.changes == ()
    assert report.plan.unknown == ()
    return sent


def test_no_service_is_asked_more_than_ten_things_at_once(hundred: Stage) -> None:
    most = hundred.tap.most_at_once
    assert max(most.values()) <= 10
    assert most["autoscaling", "us-east-1"] >= 5, "but side by side"


def test_a_steady_look_at_a_hundred_makes_23_calls_or_fewer(hundred: Stage) -> None:
    assert sum(calls_of_a_look(hundred).values()) <= FIXED + PER_HUNDRED


def test_a_site_without_efs_makes_one_call_of_efs(hundred: Stage) -> None:
    asked = {n: m for n, m in calls_of_a_look(hundred).items() if n.startswith("elasticf")}
    assert asked == {"elasticfilesystem:DescribeFileSystems": 1}, "which three kinds share"


def test_twice_as_many_cost_only_more_pages(hundred: Stage) -> None:
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


def test_a_private_home_costs_no_call_of_its_own(stage: Raise) -> None:
    """A role, an instance profile and two security groups of each workstation."""
    few = names(6)
    iam = client("iam")
    for name in few:
        iam.create_instance_profile(InstanceProfileName=f"acme-ws-{name}")
    defaults = {**DEFAULTS["defaults"], "instance_profile": "acme-ws-{workstation}"}
    home = {"schedule": HOURS, "storage": {"home": LUSTRE}}
    world = stage(plain(*few[:3], **home), defaults=defaults)
    world.settle()
    three = calls_of_a_look(world)
    assert sum(three.values()) <= FIXED + PER_HUNDRED
    world.declare(plain(*few, **home), defaults=defaults)
    world.settle()
    assert calls_of_a_look(world) == three


def test_each_efs_home_costs_two_calls(stage: Raise) -> None:
    few = names(4)
    home = {"schedule": HOURS, "storage": {"home": EFS}}
    world = stage(plain(*few[:2], **home))
    world.settle()
    two = calls_of_a_look(world)
    world.declare(plain(*few, **home))
    world.settle()
    assert calls_of_a_look(world) - two == {
        "elasticfilesystem:DescribeLifecycleConfiguration": 2,
        "elasticfilesystem:DescribeMountTargets": 2,
    }
