"""Bake an image: instance, stages, validation, image. It goes on wherever AWS's state says it is.

No step keeps anything outside AWS. Each turn of the loop reads the images and the builders of this
key and makes the one step that they need, so that a killed command and a second command at the same
time are no special cases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta

from reconciler.errors import AwsError, NotFound
from reconciler.images import builders, command, read, stage
from reconciler.images.model import (
    COMMIT,
    FACT,
    IMAGE,
    PARENT,
    STEP,
    VALIDATED,
    BakeFailed,
    Builder,
    Context,
    Image,
    Lost,
    Recipe,
    losing,
)
from reconciler.plan.ownership import write_tags

LOSSES = 3
"""Bake instances that may be lost, one after the other, before the build gives up."""

IMAGE_LIMIT = timedelta(hours=2)
POLL = 10.0

FACT_KEY = re.compile(r"[a-z][a-z-]{0,30}")
FACT_VALUE = re.compile(r"[A-Za-z0-9 ._:+~/-]{1,100}")
NO_FACTS = frozenset({"version", "site", "image", "smoke", "validated", "parent", "commit"})
"""The version of the list, and tags of the builder that no fact may replace."""


def bake(context: Context, recipe: Recipe, parent: str) -> Image:
    """Return the image of the recipe, available, and make what is missing of it first.

    Raises: BakeFailed; then nothing of it is left.
    """
    key, losses, limit, begun = recipe.key(parent), 0, None, False
    while True:
        found = read.images(context.aws, context.site, image=key)
        if found:
            image = found[0]
            if image.state == "available":
                builders.end_all(context, key, "bake")
                return image
            limit = limit or context.now() + IMAGE_LIMIT
            if image.state != "pending" or context.now() > limit:
                builders.end_all(context, key, "bake")
                discard(context, image)
                if not begun:  # an earlier build has left it
                    limit = None
                    continue
                raise BakeFailed(f"EC2 could not make the image {image.name}: it is {image.state}")
            begun = True
            context.pause(POLL)
            continue
        try:
            begun = True
            with losing():
                _step(context, recipe, parent)
        except Lost as lost:
            losses += 1
            if losses == LOSSES:
                builders.end_all(context, key, "bake")
                raise BakeFailed(f"the bake lost its instance {losses} times: {lost}") from lost
            context.say(f"begin again: {lost}")
            builders.end_all(context, key, "bake")


def discard(context: Context, image: Image) -> None:
    """Remove an image together with its snapshots."""
    try:
        context.aws.call(
            "ec2", "deregister_image", ImageId=image.id, DeleteAssociatedSnapshots=True
        )
    except (NotFound, AwsError) as error:
        gone = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")
        if not isinstance(error, NotFound) and error.aws_code not in gone:
            raise


def _step(context: Context, recipe: Recipe, parent: str) -> None:
    """Make the one step that the builder of this key needs next."""
    key = recipe.key(parent)
    builder = builders.only_one(context, key, "bake")
    match builder:
        case None:
            _launch(context, recipe, parent)
        case Builder(state="pending" | "running") if VALIDATED in builder.tags:
            _stop(context, builder)
        case Builder(state="pending" | "running"):
            _prepare(context, recipe, builder)
        case Builder(state="stopped") if VALIDATED in builder.tags:
            _create_image(context, recipe.image_name(key), builder)
        case Builder(state="stopped"):
            raise Lost(f"{builder.id} was stopped before its stages had ended")
        case _:
            context.pause(POLL)


def _launch(context: Context, recipe: Recipe, parent: str) -> None:
    tags = {
        **builders.own_tags(context, recipe.name, recipe.key(parent)),
        STEP: "bake",
        PARENT: parent,
        "Name": f"bake {recipe.name}",
    }
    answer = context.aws.call("ec2", "describe_images", ImageIds=[parent])
    device = str(answer["Images"][0].get("RootDeviceName") or "/dev/sda1")
    disk = {"VolumeSize": recipe.root_gib, "VolumeType": "gp3", "DeleteOnTermination": True}
    root = {"DeviceName": device, "Ebs": disk}
    if not builders.launch(context, parent, recipe.bake_types, ("on-demand",), root, tags):
        raise BakeFailed(
            f"AWS has none of {', '.join(recipe.bake_types)} in {context.aws.region}: add types to "
            "`bake.instance_types` in image.yaml, or build later"
        )


def _prepare(context: Context, recipe: Recipe, builder: Builder) -> None:
    """Run the stages and the validation, and note on the instance what they made."""
    context.say(f"wait for {builder.id} to report to Systems Manager")
    command.wait_online(context, builder.id)
    stage.deliver(context, builder.id, recipe)
    variables = recipe.variables()
    paths = [f"stages/{name}" for name in recipe.stages] + ["validate/bake.sh"]
    for number, path in enumerate(paths, 1):
        begun = context.now()
        name = path.rpartition("/")[2].removesuffix(".sh")
        name = "validate" if path.startswith("validate/") else name
        context.say(f"{number}/{len(paths)} {path}")
        place = f"{stage.FOLDER}/{path}"
        output = stage.wait(context, builder.id, name, place, variables)
        if output.code == -1:
            raise Lost(f"{builder.id} gives no results any more: {stage.reason(output)}")
        if output.code:
            builders.end(context, [builder])
            raise BakeFailed(f"{path} failed: {stage.reason(output)}")
        seconds = (context.now() - begun).total_seconds()
        context.say(f"{number}/{len(paths)} {path}: done after {seconds:.0f} s")
    facts = _facts(context, builder)
    tags = {**{FACT + key: value for key, value in facts.items()}, VALIDATED: "yes"}
    if context.commit:
        tags[COMMIT] = context.commit
    context.aws.call("ec2", "create_tags", Resources=[builder.id], Tags=write_tags(tags))


def _facts(context: Context, builder: Builder) -> dict[str, str]:
    output = command.run(context, builder.id, "cat /etc/ws/build.json", "ami: build.json")
    if output.code == -1:
        raise Lost(f"{builder.id} gives no results any more: {stage.reason(output)}")
    try:
        document = json.loads(output.stdout)
        found = {str(key): str(value) for key, value in document.items()}
    except (ValueError, AttributeError, RecursionError):
        builders.end(context, [builder])
        raise BakeFailed("/etc/ws/build.json is missing or no JSON object") from None
    return {
        key: value
        for key, value in found.items()
        if FACT_KEY.fullmatch(key) and FACT_VALUE.fullmatch(value) and key not in NO_FACTS
    }


def _stop(context: Context, builder: Builder) -> None:
    command.run(context, builder.id, stage.CLEANUP, "ami: remove what the builder left")
    context.say(f"stop {builder.id}")
    context.aws.call("ec2", "stop_instances", InstanceIds=[builder.id])


def _create_image(context: Context, name: str, builder: Builder) -> None:
    context.say(f"make the image {name}")
    left_out = {STEP, VALIDATED, "Name"}
    tags = {key: value for key, value in builder.tags.items() if key not in left_out}
    tags = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    _create(context, name, builder, {**tags, "Name": name})
    limit = context.now() + builders.VISIBLE_LIMIT
    while context.now() < limit:
        if read.images(context.aws, context.site, image=builder.tags[IMAGE]):
            return
        context.pause(2)
    raise BakeFailed(
        f"an image named {name} exists in {context.aws.region} that this site does not own: "
        "remove it, or change `name` in image.yaml"
    )


def _create(context: Context, name: str, builder: Builder, tags: Mapping[str, str]) -> None:
    try:
        context.aws.call(
            "ec2",
            "create_image",
            InstanceId=builder.id,
            Name=name,
            Description=f"GPU workstation of {context.site}, built by reconcile ami",
            TagSpecifications=[
                {"ResourceType": resource, "Tags": write_tags(tags)}
                for resource in ("image", "snapshot")
            ],
        )
    except AwsError as error:
        if error.aws_code != "InvalidAMIName.Duplicate":  # another command was quicker
            raise
