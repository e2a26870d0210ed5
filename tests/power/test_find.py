"""Whose workstation is meant, by tags alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.commands import find
from reconciler.errors import UsageError
from tests.power.days import aws
from tests.power.hand import Hand

Make = Callable[..., Hand]


@pytest.mark.parametrize(
    ("arn", "login"),
    [
        ("arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev_0a1b/ann@example.com", "ann@example.com"),
        ("arn:aws:iam::1:user/people/ann", "ann"),
        ("arn:aws:iam::1:root", "root"),
    ],
)
def test_who_an_arn_names(arn: str, login: str) -> None:
    assert find.caller(arn) == login


@pytest.mark.parametrize(
    ("login", "owner", "answer"),
    [
        ("ann@example.com", "ann@example.com", True),
        ("Ann@Example.com", "ann@example.com", False),  # as IAM compares
        ("ann", "ann@example.com", True),
        ("ann", "ann", True),
        ("an", "ann@example.com", False),
        ("ann@evil.com", "ann@example.com", False),
        ("", "ann@example.com", False),
    ],
)
def test_an_owner_is_meant_whole_or_up_to_the_at(login: str, owner: str, answer: bool) -> None:
    assert find.is_owner(login, owner) is answer


@pytest.mark.parametrize("name", ["Alice", "a", "-x", "a\x1b[31m", "a/b/c", "*", "a" * 33, "../x"])
def test_a_name_is_checked_before_any_call(
    hand: Make, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="cannot be a workstation"):
        find.checked(name)


def test_ones_own_is_found_without_a_name(hand: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = hand()
    printed = cli("status", code=2).err
    assert "you are moto, and none has the owner moto" in printed
    tag = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    own = {**tag, "Key": "reconciler:owner", "PropagateAtLaunch": True}
    for owner in ("moto", "moto@example.com"):
        aws("autoscaling").create_or_update_tags(Tags=[{**own, "Value": owner}])
        assert cli("status").out.startswith("alice: off")
        assert cli("why").out.startswith("alice: ")
    assert "no workstation bob in us-east-1, account 123456789012" in cli("stop bob", code=2).err
    assert cli("status acme/alice").out.startswith("alice: off")
    assert "no workstation beta/alice" in cli("status beta/alice", code=2).err
    assert "did you mean" not in cli("stop bob", code=2).err
    assert "did you mean alice?" in cli("start alcie", code=2).err


def test_of_several_one_is_to_be_named(hand: Make) -> None:
    cli = hand()
    made = cli.days.group()
    del made["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"][
        "LaunchTemplateName"
    ]
    tags = [
        {"Key": "reconciler:site", "Value": "acme", "PropagateAtLaunch": True},
        {"Key": "reconciler:workstation", "Value": "alice-2", "PropagateAtLaunch": True},
        {"Key": "reconciler:owner", "Value": "alice@example.com", "PropagateAtLaunch": True},
    ]
    aws("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="acme-alice-2",
        MinSize=0,
        MaxSize=1,
        VPCZoneIdentifier=made["VPCZoneIdentifier"],
        MixedInstancesPolicy=made["MixedInstancesPolicy"],
        Tags=tags,
    )
    client = cli.days.session.region("us-east-1")
    with pytest.raises(UsageError, match="name one of alice, alice-2"):
        find.one(client, "", "alice@example.com")
    assert find.one(client, "alice", "alice@example.com").name == "acme-alice"
    assert [group.workstation for group in find.own(client, "alice")] == ["alice", "alice-2"]


def test_what_tags_say_reaches_no_terminal_as_it_is(hand: Make) -> None:
    cli = hand()
    tag = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    evil = "x\x9b31m\u202e\n::error::y"  # ESC itself has no place in XML
    for key, value in (
        ("reconciler:owner", evil),
        ("reconciler:override", f"off until 2027-01-04T00:00:00Z {evil}".replace("\n", " ")),
    ):
        one = {**tag, "Key": key, "Value": value, "PropagateAtLaunch": False}
        aws("autoscaling").create_or_update_tags(Tags=[one])
    for line in ("status alice", "status --all", "why alice", "stop alice"):
        result = cli(line)
        assert not {"\x9b", "\u202e"} & set(result.out + result.err)
        assert not any(text.startswith("::") for text in result.out.splitlines())
        assert cli(f"{line} -o json").out.isascii()


def test_a_tag_alone_makes_no_workstation(hand: Make) -> None:
    """Promise 6: somebody's group with our tags is not started."""
    cli = hand()
    tag = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    tags = [{**tag, "Key": "reconciler:workstation", "Value": "bob", "PropagateAtLaunch": True}]
    aws("autoscaling").create_or_update_tags(Tags=tags)
    cli("start bob --no-wait", code=2)
    cli("start alice --no-wait", code=2)
