"""Do instance types exist, here, with what was asked for. The plan asks AWS of those that may be
newer than the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from reconciler.declare import instance_types as table
from reconciler.declare.instance_types import InstanceType
from reconciler.declare.merge import Item
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map, Seq, SourceSpan
from reconciler.errors import Problem

_PATTERNS = ("allowed_instance_types", "excluded_instance_types")


def check(item: Item) -> Iterator[Problem]:
    """Check every instance type and every pattern that one workstation names."""
    settings = item.settings
    types = settings.get("instance_types", Seq())
    found: list[tuple[InstanceType, SourceSpan]] = []
    for name, span in zip(types, types.spans, strict=True):
        problem = _name(name, span) or _region(name, settings.get("region", ""), span)
        if problem:
            yield problem
        elif facts := table.find(name):
            found.append((facts, span))
    yield from _gpus(settings, found)
    yield from _architectures(found)
    required = settings.get("instance_requirements", Map())
    for key in _PATTERNS:
        patterns = required.get(key, Seq())
        for pattern, span in zip(patterns, patterns.spans, strict=True):
            yield from _pattern(pattern, span)


def _name(name: str, span: SourceSpan) -> Problem | None:
    family = name.partition(".")[0]
    if table.offered_nowhere(family):
        return span.value(f"no AWS region offers {show(name)}", "name a type of another family")
    if table.find(name) or table.plausible(name):
        return None
    near = table.suggestion(name)
    hint = f"did you mean `{near}`?" if near else "a type has a family and a size: g6.xlarge"
    return span.value(f"AWS has no instance type {show(name)}", hint)


def _region(name: str, region: str, span: SourceSpan) -> Problem | None:
    facts = table.find(name)
    if facts is None or region not in table.regions() or region in facts.regions:
        return None
    here = ", ".join(table.gpu_families(region)) if facts.gpu else ""
    return span.value(
        f"{region} does not offer {show(name)}",
        f"families with a GPU there: {here}" if here else "name another type, or another region",
    )


def _gpus(settings: Map, found: list[tuple[InstanceType, SourceSpan]]) -> Iterator[Problem]:
    """A GPU on every type, or on none that asked for one."""
    having = next((facts.name for facts, _ in found if facts.gpu), "")
    asked = settings.replaced.get("gpu")
    for facts, span in found:
        if facts.gpu:
            continue
        if having:
            yield span.value(
                f"{show(facts.name)} has no GPU, and {show(having)} beside it has one",
                "a workstation would have a GPU on some days only: take one of them out",
            )
        elif asked:
            yield span.value(
                f"{show(facts.name)} has no GPU, and {asked.where} asks for one",
                "name types with a GPU, or write `gpu: null` here if none is meant",
            )


def _architectures(found: list[tuple[InstanceType, SourceSpan]]) -> Iterator[Problem]:
    for facts, span in found[1:]:
        first = found[0][0]
        if set(first.architectures).isdisjoint(facts.architectures):
            yield span.value(
                f"{show(facts.name)} is {_joined(facts.architectures)}, "
                f"{show(first.name)} is {_joined(first.architectures)}",
                "an image runs on one of them: take the other types out",
            )


def _joined(words: Iterable[str]) -> str:
    return " and ".join(words)


def _pattern(pattern: str, span: SourceSpan) -> Iterator[Problem]:
    """A pattern that nothing matches is a misspelt one, unless its family may be new."""
    if any(fnmatchcase(name, pattern) for name in table.names()):
        return
    family, dot, size = pattern.partition(".")
    if table.offered_nowhere(family) or "*" in family:
        return  # of no use, and no harm
    like = f"{family}.{'xlarge' if '*' in size or not dot else size}"
    if table.plausible(like):
        return
    near = table.suggestion(like)
    better = near.partition(".")[0] + f".{size}" if near and "*" in size else near
    yield span.value(
        f"no instance type fits {show(pattern)}",
        f"did you mean `{better}`?" if better else "for example g5.*",
    )
