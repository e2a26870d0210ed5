"""Test an image on an instance with a GPU, before anybody starts from it."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.images import builders, command, read, stage
from reconciler.images.bake import discard
from reconciler.images.model import (
    PASSED,
    SMOKE,
    STEP,
    BakeFailed,
    Builder,
    Context,
    Image,
    Lost,
    NoCapacity,
    Recipe,
    losing,
)
from reconciler.plan.ownership import write_tags

MARKETS = ("spot", "on-demand")
CAPACITY_WAIT = 120.0  # seconds between two rounds over all types
LOSSES = 3
"""Test instances that may be lost, to Spot interruptions for example."""


def smoke(context: Context, recipe: Recipe, image: Image, patience: timedelta) -> Image:
    """Test the image unless it has passed; returns it with the tag that says so.

    Raises: BakeFailed for an image that fails, which is then removed; NoCapacity after `patience`:
    the image stays, unpublished, and the next build goes on here.
    """
    losses, limit = 0, context.now() + patience
    while True:
        now = read.images(context.aws, context.site, image=image.key)
        image = next((each for each in now if each.id == image.id), image)
        if image.passed:
            builders.end_all(context, image.key, "smoke")
            return image
        if not now:
            builders.end_all(context, image.key, "smoke")
            raise BakeFailed(f"{image.id} was removed during its test; build again")
        builder = builders.only_one(context, image.key, "smoke")
        try:
            with losing():
                if builder is None:
                    _launch(context, recipe, image, limit)
                else:
                    _test(context, image, builder)
        except Lost as lost:
            losses += 1
            builders.end_all(context, image.key, "smoke")
            if losses == LOSSES:
                raise NoCapacity(
                    f"the smoke test lost its instance {losses} times: {lost}; {image.id} is kept "
                    "and not published: build again"
                ) from lost
            context.say(f"test again: {lost}")


def _launch(context: Context, recipe: Recipe, image: Image, limit: datetime) -> None:
    tags = {
        **builders.own_tags(context, recipe.name, image.key),
        STEP: "smoke",
        "Name": f"test {image.name}",
    }
    if builders.launch(context, image.id, recipe.smoke_types, MARKETS, None, tags):
        return
    if context.now() >= limit:
        raise NoCapacity(
            f"AWS has none of {', '.join(recipe.smoke_types)} in {context.aws.region}, neither "
            f"Spot nor On-Demand: {image.id} is kept and not published. Build later, or add types "
            "to `smoke.instance_types` in image.yaml"
        )
    context.say(f"wait {CAPACITY_WAIT:.0f} s for capacity")
    context.pause(CAPACITY_WAIT)


def _test(context: Context, image: Image, builder: Builder) -> None:
    if builder.image_id != image.id or builder.state in ("stopping", "stopped"):
        raise Lost(f"{builder.id} is {builder.state}, and runs {builder.image_id}")
    command.wait_online(context, builder.id)
    context.say(f"validate/smoke.sh on {builder.instance_type}")
    output = stage.wait(context, builder.id, "smoke", f"{stage.FOLDER}/validate/smoke.sh", {})
    if output.code == -1:
        raise Lost(f"{builder.id} gives no results any more: {stage.reason(output)}")
    if output.code:
        builders.end(context, [builder])  # first: a build that goes on here tests again
        discard(context, image)
        raise BakeFailed(
            f"the image {image.id} failed its smoke test on {builder.instance_type} and was "
            f"removed: {stage.reason(output)}"
        )
    when = context.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    passed = {SMOKE: f"{PASSED} on {builder.instance_type} at {when}"}
    context.aws.call("ec2", "create_tags", Resources=[image.id], Tags=write_tags(passed))
