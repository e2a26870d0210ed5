"""Promise 10, for the image role: what builds call is what its policy allows, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws import policies
from reconciler.aws.services import iam_prefix
from reconciler.declare.load import load
from reconciler.images.model import BakeFailed
from reconciler.images.recipe import load as load_recipe
from tests.iam.evaluator import Request, Value, allowed, as_list
from tests.images.conftest import ACCOUNT, FLEET, HOME, OTHER, MakeYard, Yard
from tests.support.fake_aws import Call

NOT_CALLED = {
    "ec2:DescribeSpotPriceHistory": "a plan's estimate",
    "ec2:DescribeSubnets": "before a build: where builders run",
    "iam:CreateServiceLinkedRole": "AWS asks for it with the first Spot request of an account",
    "pricing:GetProducts": "a plan's estimate",
}
"""Actions of the policy that a build itself does not call."""


def arn(service: str, resource: str, region: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def operation(call: Call) -> str:
    name = "".join(word.capitalize() for word in call.operation.split("_"))
    return f"{iam_prefix(call.service)}:{name}"


def requested(parameters: Mapping[str, Any], resource_type: str) -> dict[str, Value]:
    """The tags that a request gives to one type of resource."""
    return {
        f"aws:RequestTag/{tag['Key']}": tag["Value"]
        for specification in parameters.get("TagSpecifications", ())
        if specification["ResourceType"] == resource_type
        for tag in specification["Tags"]
    }


class Asked:
    """What IAM is asked for the calls of a yard (Service Authorization Reference, Amazon EC2)."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.requests: list[Request] = []

    def __call__(self, region: str, call: Call) -> None:
        base: dict[str, Value] = {"aws:RequestedRegion": region}
        for request in self._of(operation(call), dict(call.parameters), region):
            self.requests.append(
                Request(request.action, request.resource, {**base, **request.context})
            )

    def _standing(self, resource: str, region: str) -> dict[str, Value]:
        tags = self.yard.sandbox.world.ec2(region).tags.get(resource, {})
        return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}

    def _image(self, image_id: str, region: str) -> Iterator[tuple[str, dict[str, Value]]]:
        """An image and its snapshot, with their tags."""
        image = self.yard.sandbox.world.ec2(region).amis[image_id]
        snapshot = image.ebs_snapshot.id
        yield arn("ec2", f"image/{image_id}", region, ""), self._standing(image_id, region)
        yield arn("ec2", f"snapshot/{snapshot}", region, ""), self._standing(snapshot, region)

    def _of(self, action: str, words: dict[str, Any], region: str) -> Iterator[Request]:
        match action:
            case "ssm:GetParameters":
                for name in words["Names"]:
                    account = "" if name.startswith("/aws/") else ACCOUNT
                    where = arn("ssm", f"parameter/{name.removeprefix('/')}", region, account)
                    yield Request(action, where)
            case "ssm:PutParameter":
                where = arn("ssm", f"parameter/{words['Name'].removeprefix('/')}", region)
                yield Request(action, where)
            case "ec2:RunInstances":
                yield from self._launch(action, words, region)
            case "ssm:SendCommand":
                instance = words["InstanceIds"][0]
                tags = self._standing(instance, region)
                yield Request(action, arn("ec2", f"instance/{instance}", region), tags)
                yield Request(action, arn("ssm", "document/AWS-RunShellScript", region, ""))
            case "ec2:StopInstances" | "ec2:TerminateInstances":
                instance = words["InstanceIds"][0]
                tags = self._standing(instance, region)
                yield Request(action, arn("ec2", f"instance/{instance}", region), tags)
            case "ec2:CreateTags":
                [resource] = words["Resources"]
                account, kind = (
                    ("", "image") if resource.startswith("ami-") else (ACCOUNT, "instance")
                )
                tags = self._standing(resource, region)
                yield Request(action, arn("ec2", f"{kind}/{resource}", region, account), tags)
            case "ec2:CreateImage" | "ec2:CopyImage":
                yield from self._make(action, words, region)
            case "ec2:DeregisterImage":
                (image, of_image), (snapshot, of_snapshot) = self._image(words["ImageId"], region)
                yield Request(action, image, of_image)
                yield Request("ec2:DeleteSnapshot", snapshot, of_snapshot)
            case _:
                yield Request(action)

    def _make(self, action: str, words: dict[str, Any], region: str) -> Iterator[Request]:
        if action.endswith("CreateImage"):
            instance = words["InstanceId"]
            where = arn("ec2", f"instance/{instance}", region)
            yield Request(action, where, self._standing(instance, region))
        else:
            for where, tags in self._image(words["SourceImageId"], words["SourceRegion"]):
                yield Request(action, where, tags)
        for kind in ("image", "snapshot"):
            where, made = arn("ec2", f"{kind}/new", region, ""), requested(words, kind)
            yield Request(action, where, made)
            creates = {"ec2:CreateAction": action.partition(":")[2]}
            yield Request("ec2:CreateTags", where, {**made, **creates})

    def _launch(self, action: str, words: dict[str, Any], region: str) -> Iterator[Request]:
        for kind in ("instance", "volume"):
            where, made = arn("ec2", f"{kind}/new", region), requested(words, kind)
            yield Request(action, where, made)
            yield Request("ec2:CreateTags", where, {**made, "ec2:CreateAction": "RunInstances"})
        yield Request(action, arn("ec2", f"image/{words['ImageId']}", region, ""))
        yield Request(action, arn("ec2", "snapshot/snap-1", region, ""))
        for kind in ("network-interface/new", f"subnet/{words['SubnetId']}", "security-group/sg-1"):
            yield Request(action, arn("ec2", kind, region))
        role = arn("iam", f"role/{words['IamInstanceProfile']['Name']}", "")
        yield Request("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


@pytest.fixture
def policy(tmp_path: Path) -> dict[str, Any]:
    place = tmp_path / "fleets"
    place.mkdir()
    for name, text in FLEET.items():
        (place / name).write_text(text)
    documents = [each.document for each in policies.statements(load([place]), "image")]
    return {"Version": "2012-10-17", "Statement": documents}


@pytest.fixture
def asked(make_yard: MakeYard, folder: Path) -> list[Request]:
    """What is asked for builds in two regions, one that fails, and the removal of an old image."""
    yard = make_yard(HOME, OTHER)
    yard.profile = "acme-image"
    asked = Asked(yard)
    yard.each = asked
    yard.order("validate/smoke.sh", exit=1, times=1)
    with pytest.raises(BakeFailed):
        yard.build()
    for number in range(4):
        yard.recipe = load_recipe(folder, f"1.2.{number}")
        yard.build()
    assert len(yard.images()) == 3
    return asked.requests


def test_what_builds_call_is_in_the_policy_and_nothing_else_is(
    asked: list[Request], policy: dict[str, Any]
) -> None:
    denied = {str(request) for request in asked if not allowed(policy, request)}
    assert denied == set()
    named = {
        action
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
    }
    assert named - {request.action for request in asked} == set(NOT_CALLED)


WORKSTATION = {"aws:ResourceTag/reconciler:site": "acme"}
BUILDER = {**WORKSTATION, "aws:ResourceTag/reconciler:image-step": "bake"}


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:TerminateInstances", arn("ec2", "instance/i-1", HOME), WORKSTATION),
        ("ec2:StopInstances", arn("ec2", "instance/i-1", HOME), WORKSTATION),
        ("ssm:SendCommand", arn("ec2", "instance/i-1", HOME), WORKSTATION),
        ("ec2:CreateImage", arn("ec2", "instance/i-1", HOME), WORKSTATION),
        ("ec2:TerminateInstances", arn("ec2", "instance/i-1", "us-west-2"), BUILDER),
        ("ec2:CreateTags", arn("ec2", "instance/i-1", HOME), WORKSTATION),
        ("ec2:CreateTags", arn("ec2", "volume/vol-1", HOME), WORKSTATION),
        ("ec2:DeleteSnapshot", arn("ec2", "snapshot/snap-1", HOME, ""), WORKSTATION),
        ("ec2:DeregisterImage", arn("ec2", "image/ami-1", HOME, ""), WORKSTATION),
        ("ec2:DeleteVolume", arn("ec2", "volume/vol-1", HOME), BUILDER),
        ("ssm:PutParameter", arn("ssm", "parameter/acme/alice/key", HOME), {}),
        ("ssm:GetParameters", arn("ssm", "parameter/acme/alice/key", HOME), {}),
        (
            "iam:PassRole",
            arn("iam", "role/acme-ws-alice", ""),
            {"iam:PassedToService": "ec2.amazonaws.com"},
        ),
        ("autoscaling:SetDesiredCapacity", "*", {}),
        ("fsx:DeleteFileSystem", "*", {}),
    ],
)
def test_a_builder_of_images_reaches_no_workstation(
    policy: dict[str, Any], action: str, resource: str, context: dict[str, Value]
) -> None:
    region = resource.split(":")[3] if resource != "*" else HOME
    request = Request(action, resource, {"aws:RequestedRegion": region or HOME, **context})
    assert not allowed(policy, request)
