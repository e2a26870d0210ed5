"""Images, the steps of a build, and what a build has made: text and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from reconciler.images.build import Step
from reconciler.images.model import FACT, SMOKE, Built, Image
from reconciler.images.status import Row, Status
from reconciler.render.as_json import VERSION
from reconciler.render.escape import terminal
from reconciler.render.style import Style

FACTS = ("os", "flavour", "driver", "kernel", "dcv", "lustre", "agent")
"""The versions that a table shows, in this order."""


def status_text(status: Status, now: datetime, style: Style) -> str:
    """Write each region with its images, the newest first."""
    lines: list[str] = []
    for region, rows in groupby(status.rows, key=lambda it: it.region):
        lines += [style.paint("strong", terminal(region))]
        for row in rows:
            lines += _row(row, now, style)
    if not status.rows:
        lines.append("No image has been built yet: reconcile ami build")
    for region, builder in status.builders:
        text = (
            f"{builder.id} ({builder.instance_type}, {region}) is {builder.state}: a build runs, "
            "or was interrupted; `reconcile ami build` goes on with it"
        )
        lines += style.wrap(terminal(text))
    return style.finish(lines)


def _row(row: Row, now: datetime, style: Style) -> list[str]:
    image = row.image
    words = [image.name, _age(image, now), image.state if image.state != "available" else ""]
    state = "published" if row.published else (row.kept or "goes with the next build")
    head = f"{image.id}  {', '.join(filter(None, words))}: {state}"
    facts = [f"{key} {value}" for key, value in _facts(image).items()]
    more = [", ".join(facts), image.tags.get(SMOKE, "not tested"), *row.published]
    return [
        *style.wrap(terminal(head), "  ", "    "),
        *(line for text in more if text for line in style.wrap(terminal(text), "    ", "      ")),
    ]


def _age(image: Image, now: datetime) -> str:
    try:
        days = (now - datetime.fromisoformat(image.created)).days
    except (TypeError, ValueError):
        return ""
    return f"{days} day{'' if days == 1 else 's'} old" if days > 0 else "new today"


def _facts(image: Image) -> dict[str, str]:
    return {key: value for key in FACTS if (value := image.tags.get(FACT + key, ""))}


def status_document(status: Status) -> dict[str, Any]:
    """Build the JSON document of the images."""
    return {
        "version": VERSION,
        "images": [
            {
                **_image(row.region, row.image),
                "parameters": list(row.published),
                "kept": row.kept or None,
            }
            for row in status.rows
        ],
        "builders": [
            {"region": region, "id": each.id, "state": each.state, "type": each.instance_type}
            for region, each in status.builders
        ],
    }


def _image(region: str, image: Image) -> dict[str, Any]:
    return {
        "region": region,
        "id": image.id,
        "name": image.name,
        "state": image.state,
        "created": image.created,
        "tested": image.tags.get(SMOKE),
        "facts": _facts(image),
    }


def plan_text(
    steps: Sequence[Step], notes: Sequence[str], cost: Decimal | None, style: Style
) -> str:
    """Write what a build would do, with its time and what it costs."""
    lines = [line for note in notes for line in style.wrap(terminal(note))]
    for step in steps:
        minutes = f" (about {step.minutes} min)" if step.minutes else ""
        text = f"{step.region}: {step.text}{minutes}"
        lines += style.wrap(terminal(text), "  ", "    ")
    if not steps:
        lines.append("The image is up to date: a build would write nothing.")
    elif total := sum(step.minutes for step in steps):
        price = f"about ${cost:.2f} of instances" if cost is not None else "instances of no price"
        lines.append(f"About {total} min in all, {price}; snapshots cost extra while they stay.")
    return style.finish(lines)


def plan_document(
    steps: Sequence[Step], notes: Sequence[str], cost: Decimal | None
) -> dict[str, Any]:
    """Build the JSON document of a plan."""
    return {
        "version": VERSION,
        "steps": [
            {"text": step.text, "region": step.region, "minutes": step.minutes} for step in steps
        ],
        "notes": list(notes),
        "minutes": sum(step.minutes for step in steps),
        "dollars": str(round(cost, 2)) if cost is not None else None,
    }


def built_text(built: Built, style: Style) -> str:
    """Write what a build has made."""
    lines = []
    for region, image in built.images.items():
        state = "published now" if region in built.published else "published before"
        lines += style.wrap(terminal(f"{region}: {image.id} ({image.name}), {state}"))
    lines += _removed(built.removed, style)
    return style.finish(lines)


def removed_text(removed: Sequence[Image], style: Style) -> str:
    """Write which images are gone."""
    return style.finish(_removed(removed, style) or ["Nothing is old enough to be removed."])


def _removed(removed: Sequence[Image], style: Style) -> list[str]:
    return [
        line
        for image in removed
        for line in style.wrap(terminal(f"removed {image.id} ({image.name}) and its snapshots"))
    ]


def built_document(built: Built) -> dict[str, Any]:
    """Build the JSON document of a build."""
    return {
        "version": VERSION,
        "images": [_image(region, image) for region, image in built.images.items()],
        "published": list(built.published),
        "removed": [image.id for image in built.removed],
    }


def removed_document(removed: Sequence[Image]) -> Mapping[str, Any]:
    """Build the JSON document of a prune."""
    return {"version": VERSION, "removed": [image.id for image in removed]}
