"""Which images are old enough to go, and their removal together with their snapshots.

Promise 1 forbids a *run* to delete snapshots. This is no run: `reconcile ami` has a role of its
own, and removes only images that it has made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.images import builders, read
from reconciler.images.bake import discard
from reconciler.images.model import Context, Image

KEPT = 3
"""Images of one name that stay, whether or not anything uses them."""

UNFINISHED = timedelta(days=1)
"""After this nobody goes on with an image that has not passed its test."""

ABANDONED = timedelta(hours=6)
"""After this a builder should have ended itself long ago."""


@dataclass(frozen=True)
class Kept:
    """An image, and why it stays; "" for one that is to go."""

    image: Image
    reason: str


def judge(
    images: Iterable[Image], used: dict[str, str], published: set[str], now: datetime
) -> list[Kept]:
    """Decide which images of one name stay, from the newest to the oldest. Pure."""
    found: list[Kept] = []
    finished = 0
    for each in images:
        finished += each.passed
        if each.id in published:
            reason = "published"
        elif each.id in used:
            reason = f"used by {used[each.id]}"
        elif each.passed and finished <= KEPT:
            reason = f"one of the last {KEPT}"
        elif not each.passed and now - _created(each, now) < UNFINISHED:
            reason = "not tested yet"
        else:
            reason = ""
        found.append(Kept(each, reason))
    return found


def _created(image: Image, now: datetime) -> datetime:
    """When it was made; now where EC2's time makes no sense, so that it stays."""
    try:
        found = datetime.fromisoformat(image.created)
    except ValueError:
        return now
    return found if found.tzinfo else now


def candidates(context: Context, name: str, parameters: Iterable[str]) -> list[Kept]:
    """Read the images of one name, and decide which stay."""
    images = read.images(context.aws, context.site, name=name)
    if not images:
        return []
    published = set(read.parameters(context.aws, parameters).values())
    used = read.in_use(context.aws, (each.id for each in images))
    return judge(images, used, published, context.now())


def prune(context: Context, name: str, parameters: Iterable[str]) -> list[Image]:
    """Remove the images that nothing keeps, and builders that were left; returns the images."""
    abandoned = [
        each
        for each in read.builders(context.aws, context.site, name=name)
        if context.now() - each.launched > ABANDONED
    ]
    builders.end(context, abandoned)
    going = [each.image for each in candidates(context, name, parameters) if not each.reason]
    for image in going:
        context.say(f"remove {image.id} ({image.name}) from {context.aws.region}")
        discard(context, image)
    return going
