"""All documents → one declaration: what holds for the site, and each item with its layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from reconciler.declare.files import File
from reconciler.declare.fleet import Calendar
from reconciler.declare.layers import CHOICES, complete, complete_file_system, merge
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map, Seq, Source, SourceSpan
from reconciler.errors import Problem

INHERITED = ("region", "network", "tags")  # what a shared file system takes from the layers
_OF_A_FLEET = ("fleet", "file_systems", "workstations")
_OF_ALL_FLEETS = ("regions", "ingress", "ignore_tags", "calendars")
"""What adds up over all files and holds for every fleet. `site` and `account` do too, and may stand
anywhere: two that differ are an error, so that no file changes them for another."""


@dataclass(frozen=True)
class Document:
    """One file and its top-level mapping; None if nothing of it is usable."""

    file: File
    top: Map | None


@dataclass(frozen=True)
class Item:
    """A workstation or a shared file system with its effective settings."""

    fleet: str
    name: str
    settings: Map
    span: SourceSpan
    is_complete: bool  # False: a layer could not be read, so what is missing may stand there


@dataclass
class MergedConfig:
    """Everything the files say, merged but not yet checked for sense."""

    files: tuple[str, ...]
    is_complete: bool  # False: a file could not be read, so what is missing may stand there
    selective: bool = False  # single files were named, and others lie beside them
    site: str = ""
    spans: dict[str, SourceSpan] = field(default_factory=dict)  # of `site` and `account`
    account: str = ""
    regions: list[str] = field(default_factory=list)
    ingress: list[Map] = field(default_factory=list)
    ignore_tags: list[Seq] = field(default_factory=list)  # of each file
    fleets: dict[str, SourceSpan] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # fleets of the files that were named
    workstations: list[Item] = field(default_factory=list)
    file_systems: list[Item] = field(default_factory=list)
    shared: dict[str, dict[str, Item] | None] = field(default_factory=dict)
    """A fleet's file systems by name; None when not all of them could be read."""
    calendars: dict[str, Calendar] | None = None
    """By name; None when not all of them could be read."""
    problems: list[Problem] = field(default_factory=list)


def merge_documents(documents: Sequence[Document]) -> MergedConfig:
    """Lay the layers over each other and bring the documents together."""
    usable = [(document.file, document.top) for document in documents if document.top is not None]
    tops = [top for _, top in usable]
    declared = MergedConfig(
        files=tuple(document.file.name for document in documents),
        is_complete=len(tops) == len(documents)
        and not any(top.hides("site") or top.hides("account") for top in tops),
        selective=not all(document.file.named for document in documents),
    )
    declared.site = _one(declared, tops, "site")
    declared.account = _one(declared, tops, "account")
    for top in tops:
        declared.regions += top.get("regions") or ()
        # Whoever left a region last must still be seen there: the defaults name it for longer.
        declared.regions += filter(None, [(top.get("defaults") or {}).get("region")])
        declared.ingress += top.get("ingress") or ()
        declared.ignore_tags += filter(None, [top.get("ignore_tags")])
    for file, top in usable:
        if file.defaults:
            declared.problems += _misplaced(top)
        else:
            declared.problems += _site_wide(top)
            _fleet(declared, documents, file, top)
    declared.problems += _disagreements(usable)
    return declared


def _disagreements(usable: Iterable[tuple[File, Map]]) -> Iterator[Problem]:
    """Defaults that two files beside each other give differently: neither is above the other."""
    beside: dict[str, list[Map]] = {}
    for file, top in usable:
        if file.defaults:
            others = beside.setdefault(file.folder, [])
            for other in others:
                yield from _differing(_map(other, "defaults"), _map(top, "defaults"), ())
            others.append(top)


def _differing(one: Map, other: Map, path: tuple[str, ...]) -> Iterator[Problem]:
    for key in other:
        if key not in one:
            continue
        first, second = one[key], other[key]
        if isinstance(first, Map) and isinstance(second, Map):
            yield from _differing(first, second, (*path, key))
        elif first != second:
            yield other.spans[key].key(
                f"{one.spans[key].where} gives another `{'.'.join((*path, key))}`",
                "files that begin with _ hold alike: keep it in one of them",
            )
    for choice in CHOICES.get(path, ()):
        sides = [{side for side in choice if side & layer.keys()} for layer in (one, other)]
        if all(sides) and not sides[0] & sides[1]:
            first = min(sides[0].pop() & one.keys())
            second = min(sides[1].pop() & other.keys())
            yield other.spans[second].key(
                f"{one.spans[first].where} gives `{first}`, which `{second}` excludes",
                "files that begin with _ hold alike: keep one of them",
            )


def _one(declared: MergedConfig, tops: Iterable[Map], key: str) -> str:
    """A word that holds for the whole site, wherever it stands."""
    found: dict[str, SourceSpan] = {}
    for top in tops:
        if key not in top:
            continue
        span = top.spans[key]
        if found and top[key] not in found:
            first = next(iter(found))
            declared.problems.append(
                span.value(
                    f"another {key}: {found[first].where} says {show(first)}",
                    f"one run has one {key}; keep it in one place",
                )
            )
        found.setdefault(top[key], span)
        declared.spans.setdefault(key, span)
    return next(iter(found), "")


def _misplaced(top: Map) -> Iterator[Problem]:
    for key in _OF_A_FLEET:
        if key in top:
            yield top.spans[key].key(
                f"`{key}` in a file that begins with _",
                "such a file only gives defaults to the files beside it",
            )


def _site_wide(top: Map) -> Iterator[Problem]:
    for key in _OF_ALL_FLEETS:
        if key in top:
            yield top.spans[key].key(
                f"`{key}` holds for every fleet of the site, and this is the file of one",
                "move it to the _defaults.yaml beside this file",
            )


def _fleet(declared: MergedConfig, documents: Sequence[Document], file: File, top: Map) -> None:
    beside = [
        document
        for document in documents
        if document.file.defaults and document.file.folder == file.folder
    ]
    layers = [document.top for document in beside if document.top is not None] + [top]
    is_complete = len(layers) > len(beside) and not any(layer.hides("defaults") for layer in layers)
    defaults = reduce(merge, (_map(layer, "defaults") for layer in layers), Map())
    fleet = _name(declared, file, top)
    for name, span, own in _entries(top, "workstations"):
        settings = complete(merge(defaults, own))
        declared.workstations.append(Item(fleet, name, settings, span, is_complete))
    inherited = Map()
    for key in INHERITED:
        if key in defaults:
            inherited.put(key, defaults[key], defaults.spans[key])
        elif defaults.hides(key):
            inherited.drop_invalid(key)
    shared = [
        Item(fleet, name, complete_file_system(merge(inherited, own)), span, is_complete)
        for name, span, own in _entries(top, "file_systems")
    ]
    declared.file_systems += shared
    doubtful = top.hides("file_systems") or _map(top, "file_systems").broken
    declared.shared[fleet] = None if doubtful else {item.name: item for item in shared}


def _name(declared: MergedConfig, file: File, top: Map) -> str:
    fleet: str = top.get("fleet", "")
    if file.named:
        declared.named.add(fleet)
    if fleet:
        span = top.spans["fleet"]
        first = declared.fleets.setdefault(fleet, span)
        if first is not span:
            declared.problems.append(
                span.value(
                    f"fleet {show(fleet)} is declared in {first.where} too",
                    "one fleet stands in one file",
                )
            )
    elif not top.hides("fleet"):
        declared.problems.append(
            Source(file.name).problem(
                1,
                1,
                "the file declares no fleet",
                "begin with fleet: <name>; a file that only gives defaults is called _<name>.yaml",
            )
        )
    return fleet


def _entries(top: Map, key: str) -> Iterator[tuple[str, SourceSpan, Map]]:
    section = _map(top, key)
    for name, own in section.items():
        yield name, section.spans[name], own


def _map(parent: Map, key: str) -> Map:
    value: Any = parent.get(key)
    return value if isinstance(value, Map) else Map()
