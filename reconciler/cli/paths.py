"""Find the YAML files, and the names in them without parsing them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "fleets"
_MOST = 256 * 1024  # characters of a file: a larger one is refused when it is read as YAML
_TOP = re.compile(r"(\w+):\s*([\w-]*)")
_ITEM = re.compile(r"(\s+)[\"']?([a-z][a-z0-9-]*)[\"']?\s*:")


def fleet_paths(given: Sequence[str]) -> list[Path]:
    """Return the paths of `-f`; else `fleets/` here or in the nearest folder up to the git root."""
    paths = found(given)
    if not paths:
        from reconciler.errors import NoDeclaration

        raise NoDeclaration(f"no folder {FOLDER}/ here or above: give one with --fleets")
    return paths


def found(given: Sequence[str]) -> list[Path]:
    """Return the same paths, or none if no folder is found."""
    from pathlib import Path

    if given:
        return [Path(path) for path in given]
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FOLDER).is_dir():
            return [Path(FOLDER) if folder == here else folder / FOLDER]
        if (folder / ".git").exists():
            break
    return []


def names(paths: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """List fleet and workstation names for completion: a scan of lines, in some milliseconds.

    It knows block style only; in a file written otherwise nothing is completed.
    """
    for path in paths:
        files = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
        for file in files:
            if not file.is_file():  # a FIFO would keep the shell waiting
                continue
            try:
                with file.open(encoding="utf-8", errors="replace") as stream:
                    text = stream.read(_MOST)
            except OSError:
                continue
            yield from _names(text.splitlines())


def _names(lines: Sequence[str]) -> list[tuple[str, str]]:
    fleet, section, indent = "", "", ""
    items: list[str] = []
    for line in lines:
        top = _TOP.match(line)
        if top:
            section, indent = top[1], ""
            fleet = top[2] if section == "fleet" else fleet
            continue
        item = _ITEM.match(line) if section == "workstations" else None
        if item and indent in ("", item[1]):
            indent = item[1]
            items.append(item[2])
    return [(fleet, item) for item in items]
