"""`homes-are-shared`: what is told of roles that cannot tell homes apart, and of old groups."""

from __future__ import annotations

from typing import Any

from reconciler.doctor.check import Level
from reconciler.doctor.homes import groups, roles
from tests.doctor.views import Answer, denied, door, found, lines_of, only, profiles, view
from tests.plan.declared import lustre, volume


def own(**tags: str) -> dict[str, Answer]:
    """A profile and a role for each name, with the workstation that its tag names; "" for none."""

    def role(RoleName: str) -> Any:  # noqa: N803 - AWS's name
        tag = tags[RoleName]
        listed = [{"Key": "reconciler:workstation", "Value": tag}] if tag else []
        return {"Role": {"RoleName": RoleName, "Tags": listed}}

    return {"list_instance_profiles": profiles(**{n: n for n in tags}), "get_role": role}


def home(profile: str, **more: Any) -> dict[str, Any]:
    return {"home": volume(), "instance_profile": profile, **more}


def test_a_role_for_each_workstation_that_says_whose_it_is_is_fine() -> None:
    seen = view(door(**own(a="alice", b="bob")), alice=home("a"), bob=home("b"))
    assert lines_of(roles, seen) == [
        "ok: homes of alice, bob: the role of each machine says whose it is"
    ]


def test_homes_that_share_a_profile_are_told() -> None:
    seen = view(door(), alice=home("workstation"), bob=home("workstation"), eve={})
    finding = only(roles, seen)
    assert (finding.level, finding.workstations) == (Level.WARNING, ("alice", "bob"))
    assert "share the instance profile workstation" in finding.message
    assert "instance_profile: acme-ws-{workstation}" in finding.fix


def test_a_role_that_does_not_say_whose_machine_it_is_is_told() -> None:
    seen = view(door(**own(a="", b="alice")), alice=home("a"), bob=home("b"))
    own_finding, other = found(roles, seen)
    assert (own_finding.level, own_finding.workstations) == (Level.WARNING, ("alice",))
    assert "tag reconciler:workstation is not there" in own_finding.message
    assert (
        own_finding.fix
        == "aws iam tag-role --role-name a --tags Key=reconciler:workstation,Value=alice"
    )
    assert "says alice" in other.message


def test_one_role_that_cannot_be_read_hides_no_other() -> None:
    answers = own(a="alice", b="")
    right = answers["get_role"]

    def role(RoleName: str) -> Any:  # noqa: N803 - AWS's name
        return denied("iam:GetRole")() if RoleName == "a" else right(RoleName=RoleName)

    seen = view(door(**{**answers, "get_role": role}), alice=home("a"), bob=home("b"))
    assert [finding.level for finding in found(roles, seen)] == [Level.UNKNOWN, Level.WARNING]


def test_nobody_with_a_home_is_nothing_to_tell() -> None:
    aws = door()
    assert found(roles, view(aws, alice={}, bob={})) == []
    assert found(groups, view(aws, alice={}, bob={"home": volume()})) == []
    assert "describe_file_systems" not in aws.operations


def network(**groups_of: str) -> dict[str, Answer]:
    """A Lustre home for each name, with one interface, in one group."""
    systems = [
        {
            "FileSystemId": f"fs-{name}",
            "NetworkInterfaceIds": [f"eni-{name}"],
            "Tags": [
                {"Key": "reconciler:site", "Value": "acme"},
                {"Key": "reconciler:workstation", "Value": name},
                {"Key": "reconciler:file-system", "Value": "home"},
            ],
        }
        for name in groups_of
    ]
    shared = {"FileSystemId": "fs-x", "NetworkInterfaceIds": ["eni-x"], "Tags": []}

    def interfaces(Filters: Any) -> Any:  # noqa: N803 - AWS's name
        [asked] = Filters
        assert asked["Name"] == "network-interface-id"
        assert "eni-x" not in asked["Values"]
        return {
            "NetworkInterfaces": [
                {"NetworkInterfaceId": f"eni-{name}", "Groups": [{"GroupName": group}]}
                for name, group in groups_of.items()
            ]
        }

    return {
        "describe_file_systems": lambda: {"FileSystems": [*systems, shared]},
        "describe_network_interfaces": interfaces,
    }


def test_a_lustre_home_in_the_group_of_all_file_systems_is_told() -> None:
    there = network(alice="acme-lustre", bob="acme-bob/home")
    seen = view(door(**there), alice={"home": lustre()}, bob={"home": lustre(workstation="bob")})
    finding, fine = found(groups, seen)
    assert (finding.level, finding.workstations) == (Level.WARNING, ("alice",))
    assert "the Lustre home of alice is in acme-lustre" in finding.message
    assert "acme-alice/home alone" in finding.fix
    assert fine.message == "Lustre homes of bob: each is in a security group of its own"
