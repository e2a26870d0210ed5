"""Where workstations can start: each check's ok, warning, error and unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.doctor.check import Level
from reconciler.doctor.placing import addresses, architectures, declared, images, offerings
from reconciler.plan import model as plan
from reconciler.plan.model import Finding
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import Blocked, Missing
from tests.doctor.views import A, B, denied, door, found, image, only, subnet, unmatched, view
from tests.plan.declared import HERE

NONE: dict[str, Any] = {}


def test_types_in_every_zone_are_ok_and_told_once_for_all_alike() -> None:
    finding = only(offerings, view(alice={}, bob={}))
    assert finding.level is Level.OK
    assert finding.message == f"alice, bob: 4 pools (g5.xlarge, g5.4xlarge in {A}, {B})"


@pytest.mark.parametrize(
    ("by_zone", "policy", "level"),
    [
        ({A: ("g5.xlarge", "g6.xlarge"), B: ()}, "spot", Level.WARNING),
        ({A: ("g5.xlarge",), B: ()}, "spot", Level.ERROR),  # a run refuses fewer than two pools
        ({A: ("g5.xlarge",), B: ()}, "on-demand", Level.WARNING),
        ({A: (), B: ()}, "on-demand", Level.ERROR),
    ],
)
def test_zones_without_an_offer(
    by_zone: dict[str, tuple[str, ...]], policy: str, level: Level
) -> None:
    finding = only(
        offerings, replace(view(alice={"spot_policy": policy}), pools={"alice": Pools(by_zone)})
    )
    assert finding.level is level
    assert f"none in {B}" in finding.message
    assert finding.fix
    assert finding.workstations == ("alice",)


def test_a_named_type_that_the_region_lacks_is_an_error_at_its_line() -> None:
    lacking = Pools({A: ("g5.xlarge", "g6.xlarge")}, ("g7e.3xlarge",))
    finding = only(offerings, replace(view(alice={}), pools={"alice": lacking}))
    assert (finding.level, finding.workstations) == (Level.ERROR, ("alice",))
    assert "AWS offers no g7e.3xlarge in us-east-1" in finding.message
    assert finding.where == HERE


def test_offers_that_cannot_be_read_are_unknown() -> None:
    findings = found(offerings, unmatched(view(alice={}, bob={}), "bob"))
    assert [(finding.level, finding.workstations) for finding in findings] == [
        (Level.UNKNOWN, ("bob",)),
        (Level.OK, ()),
    ]


@pytest.mark.parametrize(
    ("free", "levels"),
    [
        ({"a": 2, "b": 2}, [Level.OK, Level.OK]),
        ({"a": 1, "b": 2}, [Level.WARNING, Level.OK]),
        ({"a": 0, "b": 2}, [Level.WARNING, Level.OK]),
        ({"a": 0, "b": 0}, [Level.ERROR, Level.ERROR]),
    ],
)
def test_addresses(free: dict[str, int], levels: list[Level]) -> None:
    rows = [subnet(letter, left) for letter, left in free.items()]
    aws = door(describe_subnets=lambda: {"Subnets": rows})
    findings = found(addresses, view(aws, alice={}, bob={}))
    assert [finding.level for finding in findings] == levels
    assert findings[0].message.startswith(
        f"subnet-a ({A}): {free['a']} free addresses, 2 may start"
    )
    assert [bool(finding.fix) for finding in findings] == [
        level is not Level.OK for level in levels
    ]


def test_unread_subnets_are_unknown() -> None:
    finding = only(addresses, view(door(describe_subnets=denied("ec2:DescribeSubnets"))))
    assert (finding.level, finding.fix.split(":")[:2]) == (
        Level.UNKNOWN,
        ["allow ec2", "DescribeSubnets on *"],
    )


@pytest.mark.parametrize(
    ("how", "level", "says"),
    [
        ({}, Level.OK, "ami-0123456789abcdef0 (/golden), 19 days old"),
        (
            {"CreationDate": "2026-11-19T00:00:00.000Z"},
            Level.OK,
            "ami-0123456789abcdef0 (/golden), 1 day old",
        ),
        ({"CreationDate": "2026-05-01T00:00:00.000Z"}, Level.WARNING, "203 days old"),
        ({"DeprecationTime": "2026-11-19T00:00:00Z"}, Level.WARNING, "deprecated since 2026-11-19"),
        ({"DeprecationTime": "2027-11-19T00:00:00Z"}, Level.OK, "19 days old"),
        ({"State": "pending"}, Level.ERROR, "is pending"),
        ({"State": "disabled"}, Level.ERROR, "is disabled"),
        ({"CreationDate": ""}, Level.OK, "ami-0123456789abcdef0 (/golden)"),
    ],
)
def test_images(how: dict[str, Any], level: Level, says: str) -> None:
    finding = only(images, view(door(describe_images=lambda **_: {"Images": [image(**how)]})))
    assert finding.level is level
    assert says in finding.message
    assert bool(finding.fix) == (level is not Level.OK)


def test_an_image_that_is_gone_is_an_error_at_its_line() -> None:
    finding = only(images, view(door(describe_images=lambda **_: {"Images": []})))
    assert (finding.level, finding.workstations) == (Level.ERROR, ("alice",))
    assert "ami-0123456789abcdef0 does not exist in us-east-1" in finding.message
    assert str(finding.where) == "fleets/vision.yaml:10:5"


def test_an_unread_image_is_unknown_with_the_right_to_ask_for() -> None:
    finding = only(images, view(door(get_parameters=denied("ssm:GetParameters"))))
    assert finding.level is Level.UNKNOWN
    assert "allow ssm:GetParameters" in finding.message


@pytest.mark.parametrize(
    ("types", "level"),
    [
        (("g5.xlarge", "p4d.24xlarge"), Level.OK),
        (("g5.xlarge", "g5g.xlarge"), Level.WARNING),
        (("g5g.xlarge",), Level.ERROR),
    ],
)
def test_architectures(types: tuple[str, ...], level: Level) -> None:
    finding = only(architectures, view(pools={"alice": types}))
    assert finding.level is level
    assert (
        "alice: ami-0123456789abcdef0 is x86_64, which g5g.xlarge cannot run" in finding.message
        or level is Level.OK
    )


def test_unread_types_are_unknown() -> None:
    gone = replace(view(), types=Missing("ec2:DescribeInstanceTypes was denied", "denied"))
    assert only(architectures, gone).level is Level.UNKNOWN


def blocked(reason: str, error: str, name: str = "alice") -> Blocked:
    return Blocked("vision", name, f"acme-{name}", "us-east-1", reason, HERE, error)


def test_what_blocks_a_workstation_is_told_once_for_all() -> None:
    assert only(declared, view()).level is Level.OK
    rows = tuple(blocked("no subnet is tagged so; tag some", "not-found", n) for n in ("a", "b"))
    finding = only(declared, replace(view(), blocked=rows))
    assert (finding.level, finding.message, finding.fix) == (
        Level.ERROR,
        "no subnet is tagged so",
        "tag some",
    )
    assert finding.workstations == ("a", "b")
    assert finding.where == HERE
    unread = replace(view(), blocked=(blocked("ec2:DescribeSubnets was denied", "denied"),))
    assert only(declared, unread).level is Level.UNKNOWN


def test_subnets_of_several_vpcs_are_a_warning_for_what_stands() -> None:
    finding = Finding(plan.Level.WARNING, "several-vpcs", "alice: it stays in vpc-1", HERE)
    warning = only(declared, replace(view(), findings=(finding,)))
    assert (warning.level, warning.message, warning.where) == (Level.WARNING, finding.message, HERE)


def test_what_has_a_check_of_its_own_is_not_told_twice() -> None:
    gone = (
        "image ami-0123456789abcdef0 does not exist in us-east-1, is not shared with this "
        "account, or is not among its allowed AMIs"
    )
    aws = door(describe_images=lambda **_: {"Images": []})
    seen = replace(view(aws), blocked=(blocked(gone, "not-found"),))
    assert found(declared, seen) == []
    assert only(images, seen).message == gone
