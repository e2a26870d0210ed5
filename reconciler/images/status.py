"""What images there are: how old, made of what, used by whom, and which is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.images import prune, read
from reconciler.images.model import Builder, Context, Image


@dataclass(frozen=True)
class Row:
    """One image in one region."""

    region: str
    image: Image
    published: tuple[str, ...]  # the parameters that name it
    kept: str  # why it is not removed; "" where the next build removes it


@dataclass(frozen=True)
class Status:
    """All images of the site, and the builders that run."""

    rows: tuple[Row, ...]
    builders: tuple[tuple[str, Builder], ...]  # with their region


def status(contexts: Sequence[Context], parameters: Sequence[str], name: str) -> Status:
    """Read the images of one name in each region; it only reads."""
    rows: list[Row] = []
    builders: list[tuple[str, Builder]] = []
    for context in contexts:
        region = context.aws.region
        values = read.parameters(context.aws, parameters)
        for kept in prune.candidates(context, name, parameters):
            names = tuple(key for key, value in sorted(values.items()) if value == kept.image.id)
            rows.append(Row(region, kept.image, names, kept.reason))
        found = read.builders(context.aws, context.site, name=name)
        builders += [(region, each) for each in found]
    return Status(tuple(rows), tuple(builders))
