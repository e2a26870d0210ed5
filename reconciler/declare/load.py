"""YAML files → the frozen Site, or every problem of every file at once.

    files → parse (positions) → schema (shape) → layers → checks (sense) → build

Each step goes on after a problem with what is still usable, so that one run shows them all;
only a declaration without any problem is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from reconciler.declare import build, calendars, check_config, files, merge, schema
from reconciler.declare.fleet import FileSystem, Site
from reconciler.declare.source import parse
from reconciler.declare.tree import MAX_PROBLEMS
from reconciler.errors import BadDeclaration, NoDeclaration


def load(paths: Sequence[Path]) -> Site:
    """Load the site that the folders declare; a single file selects its fleets of its folder.

    Raises: BadDeclaration with every problem, or NoDeclaration if no file declares a fleet.
    """
    return _site(checked(paths))


def checked(paths: Sequence[Path]) -> merge.MergedConfig:
    """Read and check the files without building the site: each setting as written, with its
    place. Raises: BadDeclaration or NoDeclaration, like `load`."""
    found, problems = files.read(paths)
    documents = []
    for file in found:
        top = None
        if file.data is not None:
            top, trouble = parse(file.name, file.data)
            problems += trouble
        if top is not None:
            shape_problems = schema.check(top)
            problems += shape_problems
            top = top if len(shape_problems) < MAX_PROBLEMS else None
        documents.append(merge.Document(file, top))
    declared = merge.merge_documents(documents)
    declared.calendars, trouble = calendars.collect(documents)
    problems += [*declared.problems, *trouble]
    problems += check_config.check(declared)
    if problems:
        raise BadDeclaration(tuple(set(problems)), declared.site)
    if not declared.named:
        looked = ", ".join(files.label(path) for path in paths)
        raise NoDeclaration(
            f"no file in {looked} declares a fleet: "
            "check the path given with --fleets, or add a file that begins with `fleet: <name>`"
        )
    return declared


def _site(declared: merge.MergedConfig) -> Site:
    shared = tuple(
        build.file_system(item.fleet, item.name, item.settings, item.span.where)
        for item in declared.file_systems
    )
    by_fleet: dict[str, dict[str, FileSystem]] = {}
    for file_system in shared:
        by_fleet.setdefault(file_system.fleet, {})[file_system.name] = file_system
    workstations = tuple(
        build.workstation(
            item.fleet,
            item.name,
            item.settings,
            item.span.where,
            declared.calendars or {},
            by_fleet.get(item.fleet, {}),
        )
        for item in declared.workstations
    )
    in_use = {resource.region for resource in workstations} | {
        resource.region for resource in shared
    }
    regions = tuple(sorted(in_use | set(declared.regions)))
    if not regions:
        raise NoDeclaration(
            "no workstation is declared, and no region to look for what was: "
            "add `region` under `defaults`, or list `regions`"
        )
    return Site(
        name=declared.site,
        account=declared.account,
        regions=regions,
        ingress=tuple(dict.fromkeys(map(build.ingress, declared.ingress))),
        ignore_tags=tuple(dict.fromkeys(chain.from_iterable(declared.ignore_tags))),
        workstations=workstations,
        file_systems=shared,
        files=declared.files,
        selected_fleets=frozenset(declared.named) if declared.selective else None,
    )
