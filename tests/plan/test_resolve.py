"""What AWS had to add to the declaration, and what is blocked without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.declare.fleet import Image, RootVolume, Subnets
from reconciler.plan.model import Ref
from reconciler.plan.resolve import Facts, Missing, Subnet, keys_of
from reconciler.plan.resolving import resolve
from tests.plan.declared import (
    FILE,
    IMAGE,
    NOW,
    ROLE,
    THREE,
    facts,
    lustre,
    site,
    subnet,
    volume,
    workstation,
)

EAST = "us-east-1"
DENIED = Missing("ec2:DescribeSubnets was denied: allow ec2:DescribeSubnets", "denied")


def zones_of(found: Facts | None = None, **declared: Any) -> list[str]:
    """The subnets' zones of one workstation, in their order."""
    resolved = resolve(site(workstation(**declared)), {EAST: found or facts()}, NOW, {})
    assert resolved.blocked == ()
    return [each.availability_zone[-1] for each in resolved.workstations[0].subnets]


def test_a_public_address_is_for_who_asks_for_it() -> None:
    public = replace(subnet("a"), public=True)
    there = {EAST: facts(subnets=(public, subnet("b")))}
    asked = workstation("bob", public_addresses=True, subnets=Subnets(ids=("subnet-a",)))
    found = resolve(site(workstation("alice"), asked), there, NOW, {})
    [blocked] = found.blocked
    assert (blocked.workstation, blocked.error) == ("alice", "public-subnet")
    assert blocked.reason == (
        "subnet-a would give it a public address: choose private subnets, or set "
        "network.public_addresses: true"
    )
    assert [each.declared.name for each in found.workstations] == ["bob"]


def test_a_workstation_gets_what_it_names() -> None:
    resolved = resolve(site(workstation()), {EAST: facts()}, NOW, {})
    (alice,) = resolved.workstations
    assert (alice.image, alice.scheduler_role_arn) == (IMAGE, ROLE)
    assert (alice.vpc_id, resolved.file_systems, resolved.blocked) == ("vpc-1", (), ())


@pytest.mark.parametrize(
    ("declared", "zones"),
    [
        ({}, ["a", "b", "c"]),
        ({"zones": (f"{EAST}b", f"{EAST}a")}, ["b", "a"]),
        ({"subnets": Subnets(ids=("subnet-c", "subnet-a"))}, ["a", "c"]),
        ({"subnets": Subnets(ids=("subnet-c", "subnet-a")), "zones": (f"{EAST}c",)}, ["c"]),
        ({"home": volume()}, ["a"]),
        ({"home": volume(), "zones": (f"{EAST}c", f"{EAST}a")}, ["c"]),
        ({"home": volume(availability_zone=f"{EAST}b")}, ["b"]),
        (
            {"home": volume(availability_zone=f"{EAST}b"), "zones": (f"{EAST}a", f"{EAST}b")},
            ["b"],
        ),
    ],
    ids=[
        "by-tags",
        "zones-in-their-order",
        "by-ids",
        "ids-and-zone",
        "a-volume-ties-to-one-zone",
        "to-the-first-declared",
        "to-its-own",
        "its-own-beats-the-list",
    ],
)
def test_where_a_workstation_may_be(declared: dict[str, Any], zones: list[str]) -> None:
    assert zones_of(**declared) == zones


def test_every_subnet_of_the_zone_of_a_volume_may_be_used() -> None:
    two_in_a = facts(subnets=(*THREE, subnet("a2")))
    assert zones_of(two_in_a, home=volume()) == ["a", "a"]


def test_the_order_of_aws_answer_does_not_matter() -> None:
    turned = facts(subnets=tuple(reversed(THREE)))
    same = [
        resolve(site(workstation()), {EAST: f}, NOW, {}).workstations for f in (facts(), turned)
    ]
    assert same[0] == same[1]


@pytest.mark.parametrize(
    ("declared", "found", "reason", "error", "line"),
    [
        (
            {},
            facts(images={"/golden": Missing("SSM parameter /golden does not exist")}),
            "SSM parameter /golden does not exist",
            "not-found",
            10,
        ),
        (
            {"root": RootVolume(20, 3000, 125, None)},
            facts(),
            "the root volume (20 GiB) is smaller than the snapshot of ami-0123456789abcdef0 "
            "(30 GiB): set storage.root.size to at least 30GiB",
            "root-too-small",
            3,
        ),
        ({}, facts(subnets=DENIED), DENIED.reason, "denied", 11),
        (
            {"subnets": Subnets(tags=(("Tier", "none"),))},
            facts(),
            "no subnet is tagged Tier=none in this region; tag some, or list ids: the tags of a "
            "subnet that another account shares are not shown to this one",
            "not-found",
            11,
        ),
        (
            {"subnets": Subnets(ids=("subnet-a", "subnet-y", "subnet-x"))},
            facts(),
            "no subnet subnet-x, subnet-y in this region",
            "not-found",
            11,
        ),
        (
            {"zones": (f"{EAST}a", f"{EAST}e", f"{EAST}d")},
            facts(),
            f"no subnet (Tier=private) in {EAST}d, {EAST}e; add one, or take the zone out",
            "not-found",
            11,
        ),
        (
            {"home": volume(availability_zone=f"{EAST}e")},
            facts(),
            f"no subnet (Tier=private) in {EAST}e; add one, or take the zone out",
            "not-found",
            11,
        ),
        (
            {},
            facts(subnets=(*THREE, subnet("a", "vpc-2"))),
            "subnets (Tier=private) are in 2 VPCs (vpc-1, vpc-2); name one in network: {vpc: ...}",
            "not-found",
            11,
        ),
        (
            {},
            facts(instance_profiles={"workstation": Missing("no such profile")}),
            "no such profile",
            "not-found",
            12,
        ),
        (
            {},
            facts(roles={"scheduler": Missing("iam:GetRole: slow down", "throttled")}),
            "iam:GetRole: slow down",
            "throttled",
            13,
        ),
    ],
    ids=[
        "no-image",
        "root-too-small",
        "subnets-denied",
        "no-subnet-with-the-tag",
        "no-such-ids",
        "zone-without-subnet",
        "volume-in-a-zone-without-subnet",
        "two-vpcs",
        "no-profile",
        "role-unread",
    ],
)
def test_what_lacks_something_is_blocked_with_the_place_to_edit(
    declared: dict[str, Any], found: Facts, reason: str, error: str, line: int
) -> None:
    """And the one beside it goes on (promise 9)."""
    settled = workstation("bob", region="eu-central-1")
    bad = site(workstation(**declared), settled)
    there = facts(subnets=tuple(subnet(letter, region="eu-central-1") for letter in "abc"))
    resolved = resolve(bad, {EAST: found, "eu-central-1": there}, NOW, {})
    (blocked,) = resolved.blocked
    assert (blocked.reason, blocked.error) == (reason, error)
    assert (blocked.workstation, blocked.name, blocked.region) == ("alice", "acme-alice", EAST)
    assert blocked.where is not None
    assert (blocked.where.file, blocked.where.line) == (FILE, line)
    assert [each.declared.name for each in resolved.workstations] == ["bob"]


def test_a_second_vpc_is_no_trouble_in_a_zone_nobody_wants() -> None:
    found = facts(subnets=(*THREE, subnet("d", "vpc-2")))
    assert zones_of(found, zones=(f"{EAST}a", f"{EAST}b")) == ["a", "b"]


def test_two_images_are_looked_up_by_what_they_are() -> None:
    by_id = Image(id="ami-2")
    other = replace(IMAGE, id="ami-2")
    resolved = resolve(
        site(workstation(), workstation("bob", image=by_id)),
        {EAST: facts(images={"/golden": IMAGE, "ami-2": other})},
        NOW,
        {},
    )
    assert [each.image.id for each in resolved.workstations] == ["ami-0123456789abcdef0", "ami-2"]


# -- file systems ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "zones", "placed"),
    [
        (None, (), "a"),
        (None, (f"{EAST}b", f"{EAST}a"), "b"),
        (f"{EAST}c", (), "c"),
        (f"{EAST}a", (f"{EAST}b", f"{EAST}a"), "a"),
    ],
    ids=["the-first", "the-first-declared", "the-one-asked-for", "asked-for-among-others"],
)
def test_a_lustre_home_is_placed_where_its_workstation_may_be(
    zone: str | None, zones: tuple[str, ...], placed: str
) -> None:
    home = lustre(availability_zone=zone)
    resolved = resolve(site(workstation(home=home, zones=zones)), {EAST: facts()}, NOW, {})
    (found,) = resolved.file_systems
    assert found.subnet.availability_zone == f"{EAST}{placed}"
    assert len(resolved.workstations[0].subnets) == (len(zones) or 3), "Lustre ties nobody"


def test_a_blocked_workstation_takes_its_home_along() -> None:
    resolved = resolve(site(workstation(home=lustre())), {EAST: facts(subnets=DENIED)}, NOW, {})
    assert (len(resolved.blocked), resolved.file_systems) == (1, ())


def test_a_shared_file_system_is_placed_or_blocked_by_itself() -> None:
    here = lustre("datasets", "", availability_zone=f"{EAST}b")
    nowhere = lustre("scratch", "", availability_zone=f"{EAST}e")
    resolved = resolve(site(workstation(), shared=(here, nowhere)), {EAST: facts()}, NOW, {})
    assert [f.subnet.id for f in resolved.file_systems] == ["subnet-b"]
    (blocked,) = resolved.blocked
    assert (blocked.workstation, blocked.name) == ("", "acme-vision/scratch")
    assert f"no subnet (Tier=private) in {EAST}e" in blocked.reason
    assert [each.declared.name for each in resolved.workstations] == ["alice"]


KEY = "alias/nope"
ENCRYPTED: dict[str, dict[str, Any]] = {
    "root": {"root": RootVolume(100, 3000, 125, KEY)},
    "home": {"home": volume(kms_key_id=KEY)},
    "lustre home": {"home": lustre(kms_key_id=KEY)},
}


@pytest.mark.parametrize("disk", ENCRYPTED)
def test_a_disk_whose_key_is_missing_is_blocked(disk: str) -> None:
    declared = site(workstation(**ENCRYPTED[disk]))
    assert keys_of(declared, EAST) == {KEY}
    gone = Missing(f"KMS key {KEY} does not exist in {EAST}")
    resolved = resolve(declared, {EAST: facts(keys={KEY: gone})}, NOW, {})
    [blocked] = resolved.blocked
    assert (blocked.reason, resolved.workstations) == (gone.reason, ())


def test_a_disk_whose_key_is_there_is_not() -> None:
    for disk in ENCRYPTED.values():
        found = {EAST: facts(keys={KEY: "arn:aws:kms:us-east-1:123456789012:key/1"})}
        assert resolve(site(workstation(**disk)), found, NOW, {}).blocked == ()


def test_keys_of_another_region_are_not_asked_for() -> None:
    there = workstation(region="eu-west-1", root=RootVolume(100, 3000, 125, KEY))
    assert keys_of(site(there), EAST) == set()


STANDS = {(EAST, "alice"): ("subnet-a", "subnet-b")}
OTHER = tuple(replace(subnet(zone, "vpc-2"), id=f"subnet-{zone}2") for zone in "abc")


def test_what_stands_keeps_the_field_that_a_lookup_does_not_give() -> None:
    """Promise 16: an image parameter of any text holds up no hours, tags or security."""
    gone = Missing("the parameter /golden does not hold an image id", "not-found")
    found = facts(images={str(workstation().image): gone}, instance_profiles={"workstation": gone})
    resolved = resolve(site(workstation()), {EAST: found}, NOW, {}, lambda: STANDS)
    [alice], [row] = resolved.workstations, resolved.blocked
    assert alice.lacks == {"image", "instance_profile"}
    assert (row.reason, row.spares) == (gone.reason, False)
    assert isinstance(alice.unless("image", alice.image.id, "acme"), Ref)
    assert alice.unless("network.subnets", 7, "acme") == 7
    new = resolve(site(workstation()), {EAST: found}, NOW, {}, dict)
    assert new.workstations == (), "nothing is created without an image"


def test_without_a_role_no_schedule_of_what_stands_is_removed() -> None:
    found = facts(roles={"scheduler": Missing("gone")})
    resolved = resolve(site(workstation()), {EAST: found}, NOW, {}, lambda: STANDS)
    [alice], [row] = resolved.workstations, resolved.blocked
    assert (set(alice.lacks), row.spares) == ({"scheduler_role"}, True)


def test_what_stands_stays_in_its_vpc_though_another_has_subnets_that_are_tagged_alike() -> None:
    there = {EAST: facts(subnets=(*THREE, *OTHER))}
    two = site(workstation("alice"), workstation("bob"))
    resolved = resolve(two, there, NOW, {}, lambda: STANDS)
    [alice], [row] = resolved.workstations, resolved.blocked
    assert (alice.declared.name, alice.vpc_id, len(alice.subnets)) == ("alice", "vpc-1", 3)
    assert (row.workstation, "are in 2 VPCs" in row.reason) == ("bob", True)
    [(_, finding)] = resolved.findings
    assert finding.code == "several-vpcs"
    assert "network: {vpc: vpc-1}" in finding.message


def test_a_vpc_narrows_the_subnets() -> None:
    there = {EAST: facts(subnets=(*THREE, *OTHER))}
    wanted = replace(workstation().subnets, vpc="vpc-2")
    [bob] = resolve(site(workstation("bob", subnets=wanted)), there, NOW, {}).workstations
    assert {each.id for each in bob.subnets} == {"subnet-a2", "subnet-b2", "subnet-c2"}
    absent = replace(workstation().subnets, vpc="vpc-3")
    [row] = resolve(site(workstation("bob", subnets=absent)), there, NOW, {}).blocked
    assert "in vpc-3" in row.reason


def test_subnets_that_cannot_be_chosen_leave_what_stands_where_it_is() -> None:
    odd = Subnet("subnet-odd", "", "", None, broken="subnet-odd cannot be read")
    there = {EAST: facts(subnets=(*THREE, odd))}
    resolved = resolve(site(workstation()), there, NOW, {}, lambda: STANDS)
    [alice] = resolved.workstations
    assert alice.lacks == {"network.subnets"}
    assert [each.id for each in alice.subnets] == ["subnet-a", "subnet-b"]
    nowhere = resolve(site(workstation()), there, NOW, {}, lambda: {(EAST, "alice"): ("x",)})
    assert nowhere.workstations == (), "nobody can tell its VPC"
