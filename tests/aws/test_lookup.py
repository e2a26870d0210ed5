"""What a declaration names: found, or a reason a person can act on; never an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.aws import lookup
from reconciler.declare.fleet import Image
from reconciler.errors import AwsError, Denied, NotFound, Throttled, UsageError
from reconciler.plan.resolve import ImageFacts, Missing, Subnet
from tests.support.fake_aws import FakeAws

REGION = "us-east-1"
DENIED = Denied("iam:GetRole", "AccessDenied", "no", REGION, "iam:GetRole", "*")
THROTTLED = Throttled("ec2:DescribeX", "RequestLimitExceeded", "slow down", REGION)
GONE = NotFound("iam:GetRole", "NoSuchEntity", "cannot be found", REGION)

# -- images ----------------------------------------------------------------------------------


def image(image_id: str, name: str = "golden", **more: Any) -> dict[str, Any]:
    return {
        "ImageId": image_id,
        "Name": name,
        "Architecture": "x86_64",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30}},
        ],
        **more,
    }


def describing(*there: dict[str, Any]) -> Callable[..., Any]:
    """DescribeImages with filters: unlike ImageIds, an unknown id is no error."""

    def answer(
        Filters: list[dict[str, Any]],  # noqa: N803 - AWS's name
        IncludeDeprecated: bool = False,  # noqa: N803
        Owners: Any = None,  # noqa: N803
    ) -> dict[str, Any]:
        by_id = {f["Name"]: f["Values"] for f in Filters}.get("image-id")
        shown = [i for i in there if IncludeDeprecated or "DeprecationTime" not in i]
        return {"Images": [i for i in shown if by_id is None or i["ImageId"] in by_id]}

    return answer


def publishing(**values: str) -> Callable[..., Any]:
    def answer(Names: list[str]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        known = [name for name in Names if name in values]
        return {"Parameters": [{"Name": name, "Value": values[name]} for name in known]}

    return answer


def test_an_image_by_id() -> None:
    aws = FakeAws(describe_images=describing(image("ami-00000001"), image("ami-00000002")))
    assert lookup.images(aws, [Image(id="ami-00000001")]) == {
        "ami-00000001": ImageFacts("ami-00000001", "golden", "x86_64", "/dev/xvda", 30)
    }


def test_an_unknown_id_is_missing_and_the_others_are_found() -> None:
    aws = FakeAws(describe_images=describing(image("ami-00000001")))
    found = lookup.images(aws, [Image(id="ami-00000001"), Image(id="ami-00000009")])
    assert isinstance(found["ami-00000001"], ImageFacts)
    assert found["ami-00000009"] == Missing(
        "image ami-00000009 does not exist in us-east-1, is not shared with this account, or is "
        "not among its allowed AMIs",
        "not-found",
    )


OLD = {"DeprecationTime": "2026-01-01T00:00:00.000Z", "CreationDate": "2026-09-01"}


def test_a_deprecated_image_is_found_by_its_id_and_by_a_parameter() -> None:
    aws = FakeAws(
        get_parameters=publishing(**{"/p": "ami-00000001"}),
        describe_images=describing(image("ami-00000001", **OLD)),
    )
    found = lookup.images(aws, [Image(id="ami-00000001"), Image(ssm_parameter="/p")])
    assert [facts.id for facts in found.values() if isinstance(facts, ImageFacts)] == [
        "ami-00000001"
    ] * 2


def test_the_newest_by_name_is_a_deprecated_one_only_where_there_is_no_other() -> None:
    named = Image(name="golden", owner="123456789012")
    only = FakeAws(describe_images=describing(image("ami-00000001", **OLD)))
    assert lookup.images(only, [named])[str(named)] == ImageFacts(
        "ami-00000001", "golden", "x86_64", "/dev/xvda", 30, created="2026-09-01"
    )
    both = FakeAws(
        describe_images=describing(
            image("ami-00000001", **OLD), image("ami-00000002", CreationDate="2026-02-01")
        )
    )
    found = lookup.images(both, [named])[str(named)]
    assert isinstance(found, ImageFacts)
    assert found.id == "ami-00000002"


@pytest.mark.parametrize(
    "value",
    [
        "hunter2-S3cret",
        "",
        "*",
        "ami-",
        "ami-0123456",
        "ami-0123456789abcdef01",
        "AMI-00000001",
        "ami-00000001\n",
        "x ami-00000001",
        "::error::ami-00000001",
    ],
)
def test_what_a_parameter_holds_is_repeated_only_when_it_is_an_image_id(value: str) -> None:
    """Promise 11: `image: {ssm_parameter: /prod/db-password}` must not print it in a comment."""
    aws = FakeAws(get_parameters=publishing(**{"/p": value}), describe_images=describing())
    assert lookup.images(aws, [Image(ssm_parameter="/p")]) == {
        "/p": Missing(
            "the parameter /p does not hold an image id; correct `image.ssm_parameter`, or publish "
            "the image there"
        )
    }


def test_the_owner_of_an_image_is_read() -> None:
    foreign = image("ami-00000001", OwnerId="137112412989", ImageOwnerAlias="amazon")
    found = lookup.images(FakeAws(describe_images=describing(foreign)), [Image(id="ami-00000001")])
    facts = found["ami-00000001"]
    assert isinstance(facts, ImageFacts)
    assert (facts.owner, facts.owner_alias) == ("137112412989", "amazon")


def test_images_by_parameter_are_read_by_ten() -> None:
    values = {f"/p{i}": f"ami-{i:08}" for i in range(11)}
    aws = FakeAws(
        get_parameters=publishing(**values),
        describe_images=describing(*(image(i) for i in values.values())),
    )
    found = lookup.images(aws, [Image(ssm_parameter=name) for name in values])
    assert {name: facts.id for name, facts in found.items() if isinstance(facts, ImageFacts)} == (
        values
    )
    assert aws.operations == [
        "get_parameters",
        "get_parameters",
        "describe_images",
    ]


def test_a_missing_parameter_says_what_to_do_and_spares_the_others() -> None:
    aws = FakeAws(
        get_parameters=publishing(**{"/there": "ami-00000001"}),
        describe_images=describing(image("ami-00000001")),
    )
    found = lookup.images(aws, [Image(ssm_parameter="/there"), Image(ssm_parameter="/gone")])
    assert isinstance(found["/there"], ImageFacts)
    assert found["/gone"] == Missing(
        "SSM parameter /gone does not exist in us-east-1; publish the image there", "not-found"
    )


def test_a_parameter_that_names_no_image_is_missing_too() -> None:
    aws = FakeAws(get_parameters=publishing(**{"/p": "ami-00000009"}), describe_images=describing())
    found = lookup.images(aws, [Image(ssm_parameter="/p")])["/p"]
    assert isinstance(found, Missing)
    assert "image ami-00000009 does not exist" in found.reason


def test_parameters_that_cannot_be_read_are_no_missing_images() -> None:
    """Promise 4: the reason is the read, not the image."""
    aws = FakeAws(get_parameters=THROTTLED, describe_images=describing(image("ami-00000001")))
    found = lookup.images(aws, [Image(ssm_parameter="/p"), Image(id="ami-00000001")])
    assert found["/p"] == Missing(str(THROTTLED), "throttled")
    assert isinstance(found["ami-00000001"], ImageFacts)


def test_the_newest_of_a_name_is_taken_whatever_the_order() -> None:
    dated = [
        image("ami-00000002", CreationDate="2026-11-02T00:00:00.000Z"),
        image("ami-00000003", CreationDate="2026-11-03T00:00:00.000Z"),
        image("ami-00000001", CreationDate="2026-11-01T00:00:00.000Z"),
    ]
    wanted = Image(name="golden-*", owner="self")
    for there in (dated, dated[::-1]):
        aws = FakeAws(describe_images=describing(*there))
        found = lookup.images(aws, [wanted])[str(wanted)]
        assert isinstance(found, ImageFacts)
        assert found.id == "ami-00000003"
    asked = aws.calls[0].parameters
    assert asked["Owners"] == ["self"], "a name alone could be anybody's image"
    assert {"Name": "state", "Values": ["available"]} in asked["Filters"]


def test_no_image_of_a_name_is_missing() -> None:
    aws = FakeAws(describe_images=describing())
    found = lookup.images(aws, [Image(name="golden-*", owner="self")])
    assert found == {
        "golden-* (owner self)": Missing("no image is named golden-* (owner self)", "not-found")
    }


def test_no_images_wanted_makes_no_call() -> None:
    aws = FakeAws()
    assert lookup.images(aws, []) == {}
    assert aws.calls == []


# -- profiles and roles ----------------------------------------------------------------------


def role(RoleName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
    return {"Role": {"Arn": f"arn:aws:iam::1:role/{RoleName}"}}


def profile(name: str) -> dict[str, Any]:
    return {"InstanceProfileName": name, "Arn": f"arn:aws:iam::1:instance-profile/{name}"}


def test_roles_are_asked_for_once_each_and_profiles_all_at_once() -> None:
    """Promise 12: a profile of each workstation's own costs no call of each."""
    there = {"InstanceProfiles": [profile("a"), profile("b"), {"Arn": "of nobody"}]}
    aws = FakeAws(get_role=role, list_instance_profiles=there)
    assert lookup.roles(aws, ["a", "b", "a"]) == {
        "a": "arn:aws:iam::1:role/a",
        "b": "arn:aws:iam::1:role/b",
    }
    assert lookup.instance_profiles(aws, ["a", "/x/b", "c", "a"]) == {
        "a": "arn:aws:iam::1:instance-profile/a",
        "/x/b": "arn:aws:iam::1:instance-profile/b",
        "c": Missing("instance profile c does not exist; create it, or correct `instance_profile`"),
    }
    assert len(aws.calls) == 3
    assert lookup.instance_profiles(aws, []) == {}
    assert len(aws.calls) == 3


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        (GONE, "role x does not exist; create it, or correct `scheduler_role`", "not-found"),
        (DENIED, "iam:GetRole was denied: allow iam:GetRole", "denied"),
        (THROTTLED, str(THROTTLED), "throttled"),
    ],
    ids=["gone", "denied", "throttled"],
)
def test_a_role_without_an_answer_says_why(error: AwsError, reason: str, code: str) -> None:
    assert lookup.roles(FakeAws(get_role=error), ["x"]) == {"x": Missing(reason, code)}


def test_one_odd_profile_breaks_those_who_name_it() -> None:
    """Promise 16."""
    there = {"InstanceProfiles": [profile("a"), {"InstanceProfileName": "b", "Arn": 7}]}
    found = lookup.instance_profiles(FakeAws(list_instance_profiles=there), ["a", "b"])
    assert found["a"] == "arn:aws:iam::1:instance-profile/a"
    assert isinstance(found["b"], Missing)
    assert found["b"].error == "unreadable"


def test_profiles_that_cannot_be_read_say_why() -> None:
    found = lookup.instance_profiles(FakeAws(list_instance_profiles=DENIED), ["x", "y"])
    assert {facts.error for facts in found.values() if isinstance(facts, Missing)} == {"denied"}
    assert len(found) == 2


def test_credentials_that_end_meanwhile_end_the_run() -> None:
    """They are not a missing role."""
    with pytest.raises(UsageError):
        lookup.roles(FakeAws(get_role=UsageError("expired")), ["x"])


# -- subnets ---------------------------------------------------------------------------------


def subnet(name: str, state: str = "available", **more: Any) -> dict[str, Any]:
    return {
        "SubnetId": name,
        "VpcId": "vpc-1",
        "AvailabilityZone": "us-east-1a",
        "State": state,
        "Tags": [{"Key": "Tier", "Value": "private"}],
        **more,
    }


def test_every_subnet_that_can_take_instances() -> None:
    there = [subnet("subnet-1"), subnet("subnet-2", "pending"), subnet("subnet-3", Tags=[])]
    assert lookup.subnets(FakeAws(describe_subnets=lambda: {"Subnets": there})) == (
        Subnet("subnet-1", "vpc-1", "us-east-1a", {"Tier": "private"}),
        Subnet("subnet-3", "vpc-1", "us-east-1a", {}),
    )


@pytest.mark.parametrize(
    ("more", "blocks"),
    [
        ({}, ()),
        ({"CidrBlock": "10.20.0.0/20"}, ("10.20.0.0/20",)),
        (
            {
                "CidrBlock": "10.20.0.0/20",
                "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2600:1f18::/64"}],
            },
            ("10.20.0.0/20", "2600:1f18::/64"),
        ),
        ({"CidrBlock": "banana"}, ()),
        ({"CidrBlock": 7, "Ipv6CidrBlockAssociationSet": "x"}, ()),
        ({"Ipv6CidrBlockAssociationSet": [None, {}, {"Ipv6CidrBlock": ""}]}, ()),
    ],
)
def test_an_odd_address_of_a_subnet_is_left_out(
    more: dict[str, Any], blocks: tuple[str, ...]
) -> None:
    """Promise 16: it is not what the subnet is used for."""
    there = {"Subnets": [subnet("subnet-1", **more)]}
    found = lookup.subnets(FakeAws(describe_subnets=there))
    assert found == (Subnet("subnet-1", "vpc-1", "us-east-1a", {"Tier": "private"}, blocks=blocks),)


@pytest.mark.parametrize("error", [DENIED, THROTTLED], ids=["denied", "throttled"])
def test_subnets_that_cannot_be_read_are_missing_and_not_none(error: AwsError) -> None:
    found = lookup.subnets(FakeAws(describe_subnets=error))
    assert isinstance(found, Missing)
    assert found.error == error.code
