"""Read what a declaration names but does not define: subnets, images, profiles, roles.

A few calls a region, whatever the number of workstations: all subnets in one sweep, SSM
parameters by ten, images by a filter, which unlike ImageIds does not fail on an unknown id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from ipaddress import ip_network
from typing import Any, TypeVar

from reconciler.aws.pools import pools
from reconciler.aws_api import Aws
from reconciler.declare.fleet import Image, iam_name
from reconciler.errors import AwsError, Denied, NotFound
from reconciler.machine.agent import IMAGE_TAG, version_of_tag
from reconciler.plan.batches import batches
from reconciler.plan.ownership import DRIVER, FLAVOUR, read_tags
from reconciler.plan.projection import ODD, Unreadable, checked, explain, readable, text
from reconciler.plan.resolve import ImageFacts, Missing, Subnet

__all__ = ["images", "instance_profiles", "keys", "pools", "roles", "subnets", "template_image"]

_IMAGE_ID = re.compile(r"ami-[0-9a-f]{8,17}")

PARAMETERS = 10
"""Systems Manager takes this many names in one call (SSM API, GetParameters)."""

UNREADABLE = "unreadable"
"""The error code of an answer that makes no sense."""


def subnets(aws: Aws) -> tuple[Subnet, ...] | Missing:
    """List every subnet of the region that can take instances; one that cannot be read is among
    them."""

    def read() -> tuple[Subnet, ...]:
        return tuple(
            _subnet(item)
            for item in aws.pages("ec2", "describe_subnets", "Subnets", 1000)
            if item.get("State", "available") == "available"
        )

    return _or_missing(read)


def _subnet(item: Mapping[str, Any]) -> Subnet:
    def whole(item: Mapping[str, Any]) -> Subnet:
        return checked(
            Subnet(
                item["SubnetId"],
                item["VpcId"],
                item["AvailabilityZone"],
                read_tags(item.get("Tags", ())),
                public=item.get("MapPublicIpOnLaunch", False),
                blocks=tuple(_blocks(item)),
            )
        )

    found = readable(item, whole)
    if isinstance(found, Subnet):
        return found
    tags = readable(item, lambda it: read_tags(it.get("Tags", ())))
    known = None if isinstance(tags, Unreadable) else tags
    members = (item.get("VpcId"), item.get("AvailabilityZone"))
    vpc, zone = (member if isinstance(member, str) else "" for member in members)
    return Subnet(str(item.get("SubnetId")), vpc, zone, known, broken=str(found))


def _blocks(item: Mapping[str, Any]) -> Iterator[str]:
    """The addresses of a subnet, of both IP versions (EC2 API, Subnet).

    Nothing is placed by them, so an odd one is left out, and the subnet is as good as before.
    """
    more = item.get("Ipv6CidrBlockAssociationSet")
    for record, member in (
        (item, "CidrBlock"),
        *((block, "Ipv6CidrBlock") for block in (more if isinstance(more, list) else ())),
    ):
        found = record.get(member) if isinstance(record, Mapping) else None
        if isinstance(found, str):
            with suppress(ValueError):
                yield str(ip_network(found, strict=False))


def images(aws: Aws, wanted: Iterable[Image]) -> dict[str, ImageFacts | Missing]:
    """Find each wanted image, by `str(image)`."""
    queries = {str(image): image for image in wanted}
    ids: dict[str, str | Missing] = {name: image.id for name, image in queries.items() if image.id}
    parameters = {image.ssm_parameter: n for n, image in queries.items() if image.ssm_parameter}
    for some in batches(sorted(parameters), PARAMETERS):
        ids.update({parameters[p]: value for p, value in _parameters(aws, some).items()})
    facts: dict[str, ImageFacts | Missing] = {}
    by_id = _or_missing(lambda: _images_by_id(aws, {i for i in ids.values() if isinstance(i, str)}))
    for name, image_id in ids.items():
        if isinstance(image_id, Missing):
            facts[name] = image_id
        elif isinstance(by_id, Missing):
            facts[name] = by_id
        else:
            gone = Missing(
                f"image {image_id} does not exist in {aws.region}, is not shared with this "
                "account, or is not among its allowed AMIs"
            )
            facts[name] = by_id.get(image_id) or gone
    for name, image in queries.items():
        if image.name:
            facts[name] = _or_missing(partial(_newest, aws, image))
    return facts


def template_image(aws: Aws, template_id: str, version: str) -> str | Missing:
    """Find the image of one version of a launch template: what a group that is pinned to it
    starts."""

    def image() -> str:
        answer = aws.call(
            "ec2",
            "describe_launch_template_versions",
            LaunchTemplateId=template_id,
            Versions=[version],
        )
        [found] = answer["LaunchTemplateVersions"]
        return text(found["LaunchTemplateData"], "ImageId")

    return _or_missing(image, f"version {version} of launch template {template_id} is gone")


def instance_profiles(aws: Aws, names: Iterable[str]) -> dict[str, str | Missing]:
    """Find the ARN of each instance profile, by name: one list, for every workstation may have
    its own."""
    wanted = sorted(set(names))
    read = _or_missing(lambda: _profiles_by_name(aws) if wanted else {})
    if isinstance(read, Missing):
        return dict.fromkeys(wanted, read)
    absent = "instance profile {} does not exist; create it, or correct `instance_profile`"
    return {n: _whole(read.get(iam_name(n))) or Missing(absent.format(n)) for n in wanted}


def _profiles_by_name(aws: Aws) -> dict[str, str | Unreadable]:
    return {
        str(item.get("InstanceProfileName")): readable(item, _arn)
        for item in aws.pages("iam", "list_instance_profiles", "InstanceProfiles", 1000)
    }


def roles(aws: Aws, names: Iterable[str]) -> dict[str, str | Missing]:
    """Find the ARN of each role, by name."""

    def arn(name: str) -> str:
        return _arn(aws.call("iam", "get_role", RoleName=iam_name(name))["Role"])

    absent = "role {} does not exist; create it, or correct `scheduler_role`"
    return {n: _or_missing(partial(arn, n), absent.format(n)) for n in sorted(set(names))}


def keys(aws: Aws, names: Iterable[str]) -> dict[str, str | Missing]:
    """Find the ARN of each KMS key, by the id, ARN or alias it is declared by.

    AWS tells a volume's key by ARN only, so the two sides compare nothing else.
    """

    def arn(name: str) -> str:
        return _arn(aws.call("kms", "describe_key", KeyId=name)["KeyMetadata"])

    absent = "KMS key {} does not exist in " + aws.region + "; create it, or correct `kms_key_id`"
    return {
        name: name if ":key/" in name else _or_missing(partial(arn, name), absent.format(name))
        for name in sorted(set(names))
    }


def _arn(item: Mapping[str, Any]) -> str:
    found = text(item, "Arn")
    if found.count(":") < 5:
        raise Unreadable(f"Arn in AWS's answer is {found!r:.60}")
    return found


def _parameters(aws: Aws, names: list[str]) -> dict[str, str | Missing]:
    def read() -> Mapping[str, str | Unreadable]:
        answer = aws.call("ssm", "get_parameters", Names=names)
        return {
            str(item.get("Name")): readable(item, lambda it: text(it, "Value"))
            for item in answer["Parameters"]
        }

    found = _or_missing(read)
    if isinstance(found, Missing):
        return dict.fromkeys(names, found)
    gone = "SSM parameter {} does not exist in " + aws.region + "; publish the image there"
    # What it holds is not repeated: it may be a secret (promise 11).
    other = (
        "the parameter {} does not hold an image id; correct `image.ssm_parameter`, or publish the "
        "image there"
    )
    return {
        name: Missing(other.format(name))
        if isinstance(value, str) and not _IMAGE_ID.fullmatch(value)
        else _whole(value) or Missing(gone.format(name))
        for name, value in ((name, found.get(name)) for name in names)
    }


T = TypeVar("T")


def _whole(found: T | Unreadable | None) -> T | Missing | None:
    return Missing(str(found), UNREADABLE) if isinstance(found, Unreadable) else found


def _images_by_id(aws: Aws, ids: set[str]) -> dict[str, ImageFacts | Missing | None]:
    found: dict[str, ImageFacts | Missing | None] = {}
    for some in batches(sorted(ids)):
        answer = aws.call(
            "ec2",
            "describe_images",
            Filters=[{"Name": "image-id", "Values": some}],
            IncludeDeprecated=True,  # EC2 launches them as before, and a filter hides others'
        )
        for item in answer["Images"]:
            found[str(item.get("ImageId"))] = _whole(readable(item, _facts))
    return found


def _newest(aws: Aws, image: Image) -> ImageFacts:
    """One that is deprecated only where there is no other (EC2 user guide, "Deprecate an AMI")."""
    for deprecated in (False, True):
        answer = aws.call(
            "ec2",
            "describe_images",
            Owners=[image.owner],
            Filters=[
                {"Name": "name", "Values": [image.name]},
                {"Name": "state", "Values": ["available"]},
            ],
            IncludeDeprecated=deprecated,
        )
        if answer["Images"]:
            return _facts(
                max(answer["Images"], key=lambda i: (i.get("CreationDate", ""), i["ImageId"]))
            )
    raise NotFound("ec2:DescribeImages", "NotFound", f"no image is named {image}", aws.region)


def _facts(item: Mapping[str, Any]) -> ImageFacts:
    tags = read_tags(item.get("Tags") or ())
    root = text(item, "RootDeviceName", "/dev/sda1") or "/dev/sda1"
    sizes = [
        mapping.get("Ebs", {}).get("VolumeSize", 0)
        for mapping in item.get("BlockDeviceMappings") or ()
        if mapping["DeviceName"] == root
    ]
    return checked(
        ImageFacts(
            id=item["ImageId"],
            name=item.get("Name", ""),
            architecture=item.get("Architecture", "x86_64"),
            root_device=root,
            root_size=max(sizes, default=0),
            owner=item.get("OwnerId", ""),
            owner_alias=item.get("ImageOwnerAlias", ""),
            created=item.get("CreationDate", ""),
            flavour=tags.get(FLAVOUR, ""),
            driver=tags.get(DRIVER, ""),
            # Another account's tags are not shown (EC2 user guide, "Share an AMI"): no agent then.
            agent=version_of_tag(tags.get(IMAGE_TAG, "")),
        )
    )


def _or_missing(read: Callable[[], T], absent: str = "") -> T | Missing:
    try:
        return read()
    except NotFound as error:
        return Missing(absent or error.message, error.code)
    except Denied as error:
        return Missing(f"{error.operation} was denied: allow {error.action}", error.code)
    except AwsError as error:
        return Missing(str(error), error.code)
    except ODD as error:  # one answer of AWS: what needs it is blocked, and nothing else
        return Missing(f"AWS's answer cannot be read: {explain(error)}", UNREADABLE)
