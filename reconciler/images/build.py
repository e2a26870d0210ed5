"""Build a golden image: bake, test, copy, publish, prune; and what a build would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from reconciler.images import bake, prune, publish, read, smoke
from reconciler.images.model import Built, Context, Recipe

PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class Step:
    """One thing that a build would do: what, where, and about how long it takes."""

    text: str
    region: str
    minutes: int
    billed: str = ""  # the instance type whose hours it costs
    market: Literal["spot", "on-demand"] = "on-demand"


def build(
    contexts: Sequence[Context],
    recipe: Recipe,
    parameter: str,
    protected: Sequence[str],
    patience: timedelta = PATIENCE,
) -> Built:
    """Build the image in the first region and bring it to the others.

    `protected` are further parameters whose images are not removed. A build of what is there
    already writes nothing. Raises: BakeFailed, NoCapacity, Refused.
    """
    home = contexts[0]
    before = {each.aws.region: read.parameters(each.aws, (parameter,)) for each in contexts}
    parent = read.parent_image(home.aws, recipe.parent)
    image = bake.bake(home, recipe, parent)
    image = smoke.smoke(home, recipe, image, patience)
    images = {home.aws.region: image}
    for context in contexts[1:]:
        images[context.aws.region] = publish.copy(context, image, home.aws.region)
    moved = [
        context.aws.region
        for context in contexts
        if publish.publish(
            context, images[context.aws.region], parameter, before[context.aws.region]
        )
    ]
    removed = [
        each
        for context in contexts
        for each in prune.prune(context, recipe.name, (parameter, *protected))
    ]
    return Built(images, tuple(moved), tuple(removed))


def steps(
    contexts: Sequence[Context], recipe: Recipe, parameter: str, protected: Sequence[str]
) -> list[Step]:
    """List what a build would do now; it only reads."""
    home = contexts[0]
    parent = read.parent_image(home.aws, recipe.parent)
    key = recipe.key(parent)
    found: list[Step] = []
    here = read.images(home.aws, home.site, image=key)
    if not here:
        begun = read.builders(home.aws, home.site, image=key, step="bake")
        verb = f"go on with the bake on {begun[0].id}" if begun else "bake"
        text = f"{verb}: {recipe.image_name(key)} from {parent}, {len(recipe.stages)} stages"
        found.append(Step(text, home.aws.region, 25, recipe.bake_types[0]))
    if not here or not here[0].passed:
        text = f"test it on one of {', '.join(recipe.smoke_types)}"
        found.append(Step(text, home.aws.region, 8, recipe.smoke_types[0], "spot"))
    for context in contexts:
        region = context.aws.region
        there = here if context is home else read.images(context.aws, context.site, image=key)
        if not there and context is not home:
            found.append(Step(f"copy it from {home.aws.region}", region, 15))
        value = read.parameters(context.aws, (parameter,)).get(parameter, "")
        if not there or there[0].id != value:
            found.append(Step(f"move {parameter} from {value or 'nothing'} to it", region, 0))
        for kept in prune.candidates(context, recipe.name, (parameter, *protected)):
            if not kept.reason:
                text = f"remove {kept.image.id} ({kept.image.name}) and its snapshot"
                found.append(Step(text, region, 0))
    return found
