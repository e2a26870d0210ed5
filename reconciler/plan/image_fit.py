"""Whether an image runs on the instance types that a workstation can start on. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.declare.drivers import mismatches
from reconciler.plan.resolve import ImageFacts

MISMATCH = "image-mismatch"
"""The code of a workstation whose image does not run on its instance types."""

_NAMED = 4


def mismatch(image: ImageFacts, types: Iterable[str]) -> str:
    """Say which types an image does not run on, and why; "" where it runs on all of them."""
    found = list(mismatches(types, image.architecture, image.flavour, image.driver))
    if not found:
        return ""
    families: dict[str, list[str]] = {}
    for name, reason in found:
        families.setdefault(reason, []).append(name)
    parts = [f"{_some(names)} ({reason})" for reason, names in families.items()]
    return f"image {image.id} ({image.name}) does not run on {', nor on '.join(parts)}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
