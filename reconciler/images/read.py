"""Read images, builders and parameters. A failed read raises: nothing is taken for not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.aws_api import Aws
from reconciler.errors import UsageError
from reconciler.images.model import IMAGE, NAME, STEP, Builder, Image
from reconciler.plan.batches import batches
from reconciler.plan.ownership import SITE, read_tags
from reconciler.workstation import describe

PARAMETERS = 10
"""Systems Manager takes this many names in one call (SSM API, GetParameters)."""


def images(aws: Aws, site: str, **tags: str) -> list[Image]:
    """List the images of the site, the newest first; those with these tags alone."""
    found = aws.pages(
        "ec2",
        "describe_images",
        "Images",
        Owners=["self"],
        Filters=_filters(site, IMAGE, tags),
        IncludeDeprecated=True,
    )
    return sorted(map(_image, found), key=lambda it: (it.created, it.id), reverse=True)


def _image(item: Mapping[str, Any]) -> Image:
    return Image(
        str(item["ImageId"]),
        str(item.get("Name", "")),
        str(item.get("State", "")),
        str(item.get("CreationDate", "")),
        read_tags(item.get("Tags") or ()),
    )


def builders(aws: Aws, site: str, **tags: str) -> list[Builder]:
    """List the living builders of the site, the oldest first; those with these tags alone."""
    found = map(_builder, describe.instances_where(aws, _filters(site, STEP, tags)))
    return sorted((each for each in found if each.alive), key=lambda it: (it.launched, it.id))


def _builder(item: Mapping[str, Any]) -> Builder:
    return Builder(
        str(item["InstanceId"]),
        str(item["State"]["Name"]),
        item["LaunchTime"],
        str(item.get("ImageId", "")),
        str(item.get("InstanceType", "")),
        read_tags(item.get("Tags") or ()),
    )


def _filters(site: str, key: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    keys = {"image": IMAGE, "name": NAME, "step": STEP}
    wanted = [
        {"Name": f"tag:{keys[member]}", "Values": [value]}
        for member, value in tags.items()
        if value
    ]
    return [
        {"Name": f"tag:{SITE}", "Values": [site]},
        {"Name": "tag-key", "Values": [key]},
        *wanted,
    ]


def parameters(aws: Aws, names: Iterable[str]) -> dict[str, str]:
    """Read the values of parameters; one that does not exist is not in the answer."""
    found: dict[str, str] = {}
    for some in batches(sorted(set(names)), PARAMETERS):
        answer = aws.call("ssm", "get_parameters", Names=some)
        found.update({str(each["Name"]): str(each["Value"]) for each in answer["Parameters"]})
    return found


def parent_image(aws: Aws, parameter: str) -> str:
    """Read the id of the parent image. Raises: UsageError where there is none in this region."""
    value = parameters(aws, (parameter,)).get(parameter, "")
    if not value.startswith("ami-"):
        raise UsageError(
            f"the parent image: {parameter} does not name an image in {aws.region}; correct "
            "`parent.ssm_parameter` in image.yaml"
        )
    return value


def in_use(aws: Aws, ids: Iterable[str]) -> dict[str, str]:
    """Find what uses these images: by image, the first user in words.

    Instances that are not terminated; of launch templates the newest and the default version, and
    each version that an Auto Scaling group is pinned to.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    used: dict[str, str] = {}
    for image, user in (*_of_instances(aws, wanted), *_of_templates(aws)):
        if image in wanted:
            used.setdefault(image, user)
    return used


def _of_instances(aws: Aws, ids: set[str]) -> Iterator[tuple[str, str]]:
    states = ["pending", "running", "shutting-down", "stopping", "stopped"]
    for some in batches(sorted(ids)):
        filters = [
            {"Name": "image-id", "Values": some},
            {"Name": "instance-state-name", "Values": states},
        ]
        for item in describe.instances_where(aws, filters):
            yield str(item["ImageId"]), f"instance {item['InstanceId']}"


def _of_templates(aws: Aws) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    versions = aws.pages(
        "ec2",
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        Versions=["$Latest", "$Default"],
    )
    for item in versions:
        seen.add((str(item["LaunchTemplateId"]), str(item["VersionNumber"])))
        yield _of_version(item)
    pinned = {pair for group in describe.groups(aws) for pair in _pinned(group)}
    for template, version in sorted(pinned - seen):
        answer = aws.call(
            "ec2",
            "describe_launch_template_versions",
            LaunchTemplateId=template,
            Versions=[version],
        )
        for item in answer["LaunchTemplateVersions"]:
            yield _of_version(item)


def _of_version(item: Mapping[str, Any]) -> tuple[str, str]:
    name, number = item.get("LaunchTemplateName", ""), item.get("VersionNumber")
    return str(item["LaunchTemplateData"].get("ImageId", "")), f"launch template {name} v{number}"


def _pinned(group: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    overrides = [each.get("LaunchTemplateSpecification") for each in mixed.get("Overrides", ())]
    direct = [group.get("LaunchTemplate"), mixed.get("LaunchTemplateSpecification"), *overrides]
    for specification in direct:
        version = str((specification or {}).get("Version", ""))
        if specification and version.isdecimal():
            yield str(specification["LaunchTemplateId"]), version
