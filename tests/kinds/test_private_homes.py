"""Homes that nobody else reaches, on the sandbox: what stands, what a hand opens, what stays."""

from __future__ import annotations

from dataclasses import replace

from reconciler.plan.model import Key, Live
from tests.kinds.cases import GROUP, SHARED, TEMPLATE, one
from tests.kinds.world import World, client, live, row, rows

HOME_GROUP, OWN_GROUP = (
    one("security_group", "alice/home (vpc"),
    one("security_group", "alice/instance"),
)
HOME = one("file_system", "alice/home")


def _id(found: dict[Key, Live], key: Key) -> str:
    return found[key].attrs["id"]


def _groups_of(file_system: str) -> set[str]:
    """Of the interfaces of a file system: FSx does not tell."""
    asked = [{"Name": "description", "Values": [f"*{file_system}*"]}]
    found = client("ec2").describe_network_interfaces(Filters=asked)["NetworkInterfaces"]
    assert found
    return {group["GroupId"] for each in found for group in each["Groups"]}


def test_a_home_stands_in_a_group_that_admits_its_own_workstation_alone(sandbox: object) -> None:
    world = World()
    world.settle()
    found = live(world)
    own, home = _id(found, OWN_GROUP(found)), _id(found, HOME_GROUP(found))
    assert _groups_of(_id(found, HOME(found))) == {home}
    assert _groups_of(_id(found, SHARED(found))) != {home}
    rules = found[replace(HOME_GROUP(found), kind="security_group_rules")].spec.ingress
    assert {rule.source for rule in rules} == {home, own}
    everybody = _id(found, GROUP(found))
    template = found[TEMPLATE(found)].spec
    assert template.security_group_ids == (everybody, own)
    for key, thing in found.items():
        if key.kind == "launch_template" and key != TEMPLATE(found):
            assert own not in thing.spec.security_group_ids


def test_what_a_hand_lets_into_a_home_is_shut_out_again(sandbox: object) -> None:
    world = World()
    world.settle()
    found = live(world)
    everybody = [{"GroupId": _id(found, GROUP(found))}]
    client("ec2").authorize_security_group_ingress(
        GroupId=_id(found, HOME_GROUP(found)),
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 988, "ToPort": 988, "UserIdGroupPairs": everybody}
        ],
    )
    key = replace(HOME_GROUP(found), kind="security_group_rules")
    assert row(world.look(), key).workstation == "alice"
    world.settle()
    assert live(world)[key].spec == found[key].spec


def test_a_client_that_a_hand_makes_root_is_nobody_again(sandbox: object) -> None:
    world = World()
    world.settle()
    found = live(world)
    squash = {"RootSquash": "65534:65534", "NoSquashNids": ["10.0.1.6@tcp"]}
    client("fsx").update_file_system(
        FileSystemId=_id(found, SHARED(found)),
        LustreConfiguration={"RootSquashConfiguration": squash},
    )
    (change,) = row(world.look(), SHARED(found)).fields
    assert (change.old, change.new) == ("65534:65534 except 10.0.1.6@tcp", "65534:65534")
    world.settle()
    assert live(world)[SHARED(found)].spec.root_squash == "65534:65534"


def test_the_groups_of_a_home_outlive_its_workstation(sandbox: object) -> None:
    """Promise 1: data stays, and stays closed; who declares it again reaches it again."""
    world = World()
    world.settle()
    found = live(world)
    groups = {key: found[key] for key in (OWN_GROUP(found), HOME_GROUP(found), HOME(found))}
    whole = world.site
    left = tuple(each for each in whole.workstations if each.name != "alice")
    world.site = replace(whole, workstations=left)
    world.run()
    report = world.run()
    assert not [c for c in report.plan.changes if c.key.kind.startswith("security")], rows(report)
    after = live(world)
    assert TEMPLATE(found) not in after
    assert {key: after[key].spec for key in groups} == {k: v.spec for k, v in groups.items()}
    assert not world.look().plan.changes
    world.site = whole
    world.settle()
    again = live(world)
    assert again[TEMPLATE(found)].spec.security_group_ids == (
        found[TEMPLATE(found)].spec.security_group_ids
    )
