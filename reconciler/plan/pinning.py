"""Pin lookups for `--drift-only`: keep the live value where the answer is new. Pure.

The YAML names an image by a parameter or a pattern, and subnets by tags: what stands behind the
name can change without a change of the YAML, and so without a review. `--drift-only` keeps what the
live resources have, and reports it. Of a launch template that is the version that its group uses: a
newer one is somebody's edit, and is repaired. It cannot know who made another difference, so a
manual edit of a group's own version or subnets waits for the approved run too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.declare.fleet import Image, Workstation
from reconciler.plan.codes import NEW_BEHIND
from reconciler.plan.kind import Kind, LooksUp
from reconciler.plan.live import Readings
from reconciler.plan.model import Finding, Level, Live, Unknown
from reconciler.plan.resolve import Facts, ImageFacts, Missing, Pin, ResolvedSite, Subnet

Place = tuple[str, str]
"""Region and workstation."""

ReadImages = Callable[[str, Iterable[Image]], Mapping[str, ImageFacts | Missing]]
"""Images of a region, by `str(Image)`."""

ReadEarlier = Callable[[Live, str], str | Missing]
"""What an earlier version of a launch template has as its image."""


@dataclass(frozen=True)
class Pinned:
    """The pinned values of each workstation, and the findings about them."""

    pins: Mapping[Place, Pin]
    findings: tuple[Finding, ...] = ()


def pin(
    resolved: ResolvedSite,
    facts: Mapping[str, Facts],
    readings: Readings,
    kinds: Iterable[Kind],
    images: ReadImages,
    earlier: ReadEarlier,
) -> Pinned:
    """Compare each lookup with what the live resources have; reads more where they differ."""
    applied = _applied(readings, kinds)
    pins: dict[Place, Pin] = {}
    findings: list[Finding] = []
    for each in resolved.workstations:
        declared, place = each.declared, (each.declared.region, each.declared.name)
        _, subnets = applied.get((*place, "subnets"), (None, ()))
        kept = Pin()
        stays = declared.image.id or "image" in each.lacks
        image = "" if stays else _image(applied, place, each.image.id, earlier)
        if image and image != each.image.id:
            found: ImageFacts | Missing
            if isinstance(image, Missing):
                found = image
            else:
                found = images(declared.region, (Image(id=image),))[image]
                name = str(declared.image)
                findings.append(_finding(declared, "image", name, each.image.id, image))
            kept = Pin(image=_usable(found, f"image {each.image.id} ({declared.image})"))
        new = [subnet.id for subnet in each.subnets]
        if subnets and not declared.subnets.ids and sorted(subnets) != sorted(new):
            chosen = _subnets(subnets, facts[declared.region])
            kept = Pin(kept.image, _usable(chosen, f"subnets {', '.join(new)}"))
            now, before = ", ".join(sorted(new)), ", ".join(sorted(subnets))
            findings.append(
                _finding(declared, "network.subnets", str(declared.subnets), now, before)
            )
        if kept != Pin():
            pins[place] = kept
    return Pinned(pins, tuple(findings))


Applied = Mapping[tuple[str, str, str], tuple[Live, Any]]
"""Live resources and what they have, by region, workstation, and which lookup it answers."""


def _applied(readings: Readings, kinds: Iterable[Kind]) -> Applied:
    lookups = {kind.NAME: kind.LOOKUPS for kind in kinds if isinstance(kind, LooksUp)}
    return {
        (live.key.region, live.workstation, lookup): (live, getattr(live.spec, field))
        for (kind, _), reading in readings.items()
        if not isinstance(reading, Unknown)
        for live in reading
        if live.owned and live.spec is not None
        for field, lookup in lookups.get(kind, {}).items()
    }


def _image(applied: Applied, place: Place, now: str, earlier: ReadEarlier) -> str | Missing:
    """The image that was applied, "" for none: where the newest version has another than now."""
    template, image = applied.get((*place, "image"), (None, ""))
    _, used = applied.get((*place, "version"), (None, ""))
    if template is None or image == now or not used or used == template.attrs["version"]:
        return str(image)
    return earlier(template, used)


def _subnets(ids: Iterable[str], facts: Facts) -> tuple[Subnet, ...] | Missing:
    """The subnets that a group has, as AWS describes them."""
    known: dict[str, Subnet] = {}
    if not isinstance(facts.subnets, Missing):
        known = {each.id: each for each in facts.subnets if not each.broken}
    gone = [each for each in ids if each not in known]
    if gone:
        return Missing(f"subnet {', '.join(gone)} is gone")
    return tuple(known[each] for each in ids)


def _usable(found: Any, new: str) -> Any:
    """What is kept; where that is gone, why the workstation waits."""
    if isinstance(found, Missing):
        return Missing(f"{found.reason}; {new} is new, and waits for an approved run")
    return found


def _finding(declared: Workstation, path: str, name: str, new: str, kept: str) -> Finding:
    message = (
        f"{declared.name}: {name} is {new} now, and {kept} is in use: nobody has approved {new}; "
        "a run without --drift-only applies it"
    )
    return Finding(Level.WARNING, NEW_BEHIND, message, declared.places[path])
