"""All documents → one declaration: what holds for the site, and each item with its layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from reconciler.declare.files import File
from reconciler.declare.layers import complete, complete_lustre, merge
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map, Spot
from reconciler.errors import Problem

INHERITED = ("region", "network", "tags")  # what a shared file system takes from the layers
_OF_A_FLEET = ("fleet", "file_systems", "workstations")


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
    spot: Spot
    whole: bool  # False: a layer could not be read, so what is missing may stand there
    own: Map  # as written, without layers


@dataclass
class Declared:
    """Everything the files say, merged but not yet checked for sense."""

    files: tuple[str, ...]
    site: str = ""
    account: str = ""
    regions: list[str] = field(default_factory=list)
    ingress: list[Map] = field(default_factory=list)
    ignore_tags: list[str] = field(default_factory=list)
    fleets: dict[str, Spot] = field(default_factory=dict)
    workstations: list[Item] = field(default_factory=list)
    file_systems: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def gather(documents: Sequence[Document]) -> Declared:
    """Lay the layers over each other and bring the documents together."""
    declared = Declared(files=tuple(document.file.name for document in documents))
    usable = [(document.file, document.top) for document in documents if document.top is not None]
    tops = [top for _, top in usable]
    declared.site = _one(declared, tops, "site")
    declared.account = _one(declared, tops, "account")
    for top in tops:
        declared.regions += top.get("regions") or ()
        declared.ingress += top.get("ingress") or ()
        declared.ignore_tags += top.get("ignore_tags") or ()
    for file, top in usable:
        if file.defaults:
            declared.problems += _misplaced(top)
        else:
            _fleet(declared, documents, file, top)
    return declared


def _one(declared: Declared, tops: Iterable[Map], key: str) -> str:
    """A word that holds for the whole site, wherever it stands."""
    found: dict[str, Spot] = {}
    for top in tops:
        if key not in top:
            continue
        spot = top.spots[key]
        if found and top[key] not in found:
            first = next(iter(found))
            declared.problems.append(
                spot.value(
                    f"another {key}: {found[first].where} says {show(first)}",
                    f"one run has one {key}; keep it in one place",
                )
            )
        found.setdefault(top[key], spot)
    return next(iter(found), "")


def _misplaced(top: Map) -> Iterator[Problem]:
    for key in _OF_A_FLEET:
        if key in top:
            yield top.spots[key].key(
                f"`{key}` in a file that begins with _",
                "such a file only gives defaults to the files beside it",
            )


def _fleet(declared: Declared, documents: Sequence[Document], file: File, top: Map) -> None:
    layers = [each for each in documents if each.file.defaults and each.file.folder == file.folder]
    whole = all(each.top is not None and "defaults" not in each.top.broken for each in layers)
    whole = whole and "defaults" not in top.broken
    tops = [each.top for each in layers if each.top is not None]
    defaults = reduce(merge, (_map(each, "defaults") for each in (*tops, top)), Map())
    fleet = top.get("fleet", "")
    if fleet:
        spot = top.spots["fleet"]
        first = declared.fleets.setdefault(fleet, spot)
        if first is not spot:
            declared.problems.append(
                spot.value(
                    f"fleet {show(fleet)} is declared in {first.where} too",
                    "one fleet stands in one file",
                )
            )
    for name, own in _map(top, "workstations").items():
        spot = _map(top, "workstations").spots[name]
        settings = complete(merge(defaults, own))
        declared.workstations.append(Item(fleet, name, settings, spot, whole, own))
    shared = Map()
    for key in INHERITED:
        if key in defaults:
            shared.put(key, defaults[key], defaults.spots.get(key))
        elif key in defaults.broken:
            shared.spoil(key)
    for name, own in _map(top, "file_systems").items():
        spot = _map(top, "file_systems").spots[name]
        settings = complete_lustre(merge(shared, own))
        declared.file_systems.append(Item(fleet, name, settings, spot, whole, own))


def _map(parent: Map, key: str) -> Map:
    value: Any = parent.get(key)
    return value if isinstance(value, Map) else Map()
