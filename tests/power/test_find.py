"""Whose workstation is meant, by tags alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.errors import UsageError
from reconciler.power import find
from reconciler.power.connect import (
    Way,
    block,
    forward,
    included,
    keys_of,
    merged,
    no_keys,
    proxied,
)
from tests.power.days import aws
from tests.power.hand import Hand
from tests.power.test_why import WANTED

Make = Callable[..., Hand]


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        ("arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev_0a1b/ann@example.com", "ann@example.com"),
        ("arn:aws:iam::1:user/people/ann", "ann"),
        ("arn:aws:iam::1:root", "root"),
    ],
)
def test_who_an_arn_names(arn: str, who: str) -> None:
    assert find.caller(arn) == who


@pytest.mark.parametrize(
    ("who", "owner", "answer"),
    [
        ("ann@example.com", "ann@example.com", True),
        ("Ann@Example.com", "ann@example.com", True),
        ("ann", "ann@example.com", True),
        ("ann", "ann", True),
        ("an", "ann@example.com", False),
        ("ann@evil.com", "ann@example.com", False),
        ("", "ann@example.com", False),
    ],
)
def test_an_owner_is_meant_whole_or_up_to_the_at(who: str, owner: str, answer: bool) -> None:
    assert find.is_owner(who, owner) is answer


@pytest.mark.parametrize("name", ["Alice", "a", "-x", "a\x1b[31m", "a/b/c", "*", "a" * 33, "../x"])
def test_a_name_is_checked_before_any_call(
    hand: Make, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="cannot be a workstation"):
        find.checked(name)


def test_ones_own_is_found_without_a_name(hand: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    it = hand()
    said = it("status", code=2).err
    assert "you are moto, and none has the owner moto" in said
    tag = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    own = {**tag, "Key": "reconciler:owner", "PropagateAtLaunch": True}
    for owner in ("moto", "moto@example.com"):
        aws("autoscaling").create_or_update_tags(Tags=[{**own, "Value": owner}])
        assert it("status").out.startswith("alice: off")
        assert it("why").out.startswith("alice: ")
    assert "no workstation bob in us-east-1, account 123456789012" in it("stop bob", code=2).err
    assert it("status acme/alice").out.startswith("alice: off")
    assert "no workstation beta/alice" in it("status beta/alice", code=2).err
    assert "did you mean" not in it("stop bob", code=2).err
    assert "did you mean alice?" in it("start alcie", code=2).err


def test_of_several_one_is_to_be_named(hand: Make) -> None:
    it = hand()
    made = it.days.group()
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
    door = it.days.session.region("us-east-1")
    with pytest.raises(UsageError, match="name one of alice, alice-2"):
        find.one(door, "", "alice@example.com")
    assert find.one(door, "alice", "alice@example.com").name == "acme-alice"
    assert [group.workstation for group in find.own(door, "alice")] == ["alice", "alice-2"]


def test_what_tags_say_reaches_no_terminal_as_it_is(hand: Make) -> None:
    it = hand()
    tag = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    evil = "x\x9b31m\u202e\n::error::y"  # ESC itself has no place in XML
    for key, value in (
        ("reconciler:owner", evil),
        ("reconciler:override", f"off until 2027-01-04T00:00:00Z {evil}".replace("\n", " ")),
    ):
        one = {**tag, "Key": key, "Value": value, "PropagateAtLaunch": False}
        aws("autoscaling").create_or_update_tags(Tags=[one])
    for line in ("status alice", "status --all", "why alice", "stop alice"):
        said = it(line)
        assert not {"\x9b", "\u202e"} & set(said.out + said.err)
        assert not any(text.startswith("::") for text in said.out.splitlines())
        assert it(f"{line} -o json").out.isascii()


def test_a_tag_alone_makes_no_workstation(hand: Make) -> None:
    """Promise 6: somebody's group with our tags is not started."""
    it = hand()
    tag = {"ResourceId": "acme-alice", "ResourceType": "auto-scaling-group"}
    tags = [{**tag, "Key": "reconciler:workstation", "Value": "bob", "PropagateAtLaunch": True}]
    aws("autoscaling").create_or_update_tags(Tags=tags)
    it("start bob --no-wait", code=2)
    it("start alice --no-wait", code=2)


WAY = Way(WANTED, "i-0a1b", "", "alice")


PROGRAM = ["/opt/dev % team/workstation"]


def test_the_block_is_ssh_s_own_form_and_names_no_machine() -> None:
    text = block(Way(WANTED, "i-0a1b", "dev", "alice"), PROGRAM)
    assert "Host alice\n    User alice\n    HostKeyAlias acme-alice\n" in text
    assert "UserKnownHostsFile ~/.ssh/workstations/acme-alice.known_hosts\n" in text
    assert (
        "ProxyCommand '/opt/dev %% team/workstation' proxy --region us-east-1 --profile dev "
        "acme/alice %p\n"
    ) in text
    assert "i-0a1b" not in text


def test_ssh_speaks_over_the_document_for_pipes() -> None:
    assert proxied(WAY, "22")[-3:] == ["AWS-StartSSHSession", "--parameters", "portNumber=22"]


@pytest.mark.parametrize("config", ["", "Host *\n    User me\n", "Host *\r\n    User me\r\n"])
def test_other_lines_stay_as_they_are(config: str) -> None:
    once = included(config)
    assert once.endswith(config)
    assert once.count("Include workstations/config\n") == 1
    assert included(once) == once


def test_a_line_that_the_user_wrote_is_enough() -> None:
    mine = "Host *\n  include workstations/config\n"
    assert included(mine) == mine


def test_each_workstation_has_one_block() -> None:
    once = merged("", WAY, PROGRAM)
    assert merged(once, WAY, PROGRAM) == once
    both = merged(
        once, Way(replace(WANTED, name="acme-bob", workstation="bob"), "i-0b", "", "bob"), []
    )
    assert both.startswith(once)
    assert "Host bob\n" in both
    assert merged(both, WAY, PROGRAM) == both
    torn = once.rpartition("# <<<")[0] + "Host precious"
    assert merged(torn, WAY, PROGRAM) == torn + "\n" + once


def test_the_keys_of_another_machine_are_told_apart() -> None:
    assert keys_of(no_keys("i-0a1b") + "acme-alice ssh-ed25519 AAAA\n") == "i-0a1b"
    assert keys_of("") == keys_of("acme-alice ssh-ed25519 AAAA\n") == ""


def test_the_forwarded_port() -> None:
    assert forward(WAY, 9443)[-1] == "portNumber=8443,localPortNumber=9443"
