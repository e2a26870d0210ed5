"""Copy a tested image to other regions, and move the SSM parameters that name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from reconciler.errors import AwsError, Refused, UsageError
from reconciler.images import read
from reconciler.images.bake import discard
from reconciler.images.builders import VISIBLE_LIMIT
from reconciler.images.model import BakeFailed, Built, Context, Image
from reconciler.plan.ownership import write_tags

COPY_LIMIT = timedelta(hours=3)
POLL = 15.0


def copy(context: Context, image: Image, source_region: str) -> Image:
    """Return the copy of a tested image in the region of the context, and make it if it is missing.

    Raises: BakeFailed.
    """
    limit = context.now() + COPY_LIMIT
    asked = False
    while context.now() < limit:
        found = read.images(context.aws, context.site, image=image.key)
        if found and found[0].state == "available":
            return found[0]
        if found and found[0].state != "pending":
            discard(context, found[0])
            raise BakeFailed(
                f"EC2 could not copy {image.id} to {context.aws.region}: the copy is "
                f"{found[0].state}; build again"
            )
        if not found and not asked:
            context.say(f"copy {image.id} from {source_region} to {context.aws.region}")
            _ask(context, image, source_region)
            asked, limit = True, context.now() + VISIBLE_LIMIT
        elif found:
            limit = max(limit, context.now() + timedelta(minutes=1))
            asked = True
        context.pause(POLL)
    raise BakeFailed(
        f"the copy of {image.id} does not appear in {context.aws.region}: an image named "
        f"{image.name} that this site does not own may be there"
    )


def _ask(context: Context, image: Image, source_region: str) -> None:
    tags = {key: value for key, value in image.tags.items() if not key.startswith("aws:")}
    try:
        context.aws.call(
            "ec2",
            "copy_image",
            SourceImageId=image.id,
            SourceRegion=source_region,
            Name=image.name,
            ClientToken=context.token(),
            TagSpecifications=[
                {"ResourceType": resource, "Tags": write_tags(tags)}
                for resource in ("image", "snapshot")
            ],
        )
    except AwsError as error:
        if error.aws_code != "InvalidAMIName.Duplicate":  # another command was quicker
            raise


def publish(context: Context, image: Image, parameter: str, before: Mapping[str, str]) -> bool:
    """Point the parameter to the image; tells whether that was a change.

    `before` has the values that the parameters had when this build began.
    Raises: Refused when somebody has moved the parameter since, or it names no image.
    """
    assert image.passed, "only a tested image is published"
    value = read.parameters(context.aws, (parameter,)).get(parameter, "")
    if value == image.id:
        return False
    if value and not value.startswith("ami-"):
        raise Refused(
            f"{parameter} in {context.aws.region} does not name an image: it belongs to something "
            "else; choose another with --parameter"
        )
    if value != before.get(parameter, ""):
        raise Refused(
            f"somebody has moved {parameter} in {context.aws.region} to {value} during this build: "
            f"it was not moved to {image.id}; build again to do that"
        )
    context.say(f"{parameter} in {context.aws.region}: {value or 'new'} → {image.id}")
    context.aws.call(
        "ssm",
        "put_parameter",
        Name=parameter,
        Value=image.id,
        Type="String",
        Overwrite=bool(value),
        Description="The golden image of GPU workstations",
    )
    return True


def copy_published(home: Context, others: Sequence[Context], parameter: str) -> Built:
    """Copy the image that a region has published to others, and publish it there.

    Raises: UsageError where it has published none of ours; as `copy` and `publish`.
    """
    value = read.parameters(home.aws, (parameter,)).get(parameter, "")
    found = [each for each in read.images(home.aws, home.site) if each.id == value]
    if not found or not found[0].passed:
        raise UsageError(
            f"{parameter} in {home.aws.region} names no tested image of this site: build one"
        )
    before = {each.aws.region: read.parameters(each.aws, (parameter,)) for each in others}
    images = {each.aws.region: copy(each, found[0], home.aws.region) for each in others}
    moved = [
        each.aws.region
        for each in others
        if publish(each, images[each.aws.region], parameter, before[each.aws.region])
    ]
    return Built(images, tuple(moved), ())
