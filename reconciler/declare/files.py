"""Which files declare, and their bytes; nothing outside the folder, nothing that is not a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.declare.tree import Source
from reconciler.errors import Problem

MAX_SIZE = 256 * 1024  # bytes; about 150 fully written workstations
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class File:
    """One file. `folder` ties fleets to the defaults beside them."""

    name: str  # as shown to people, relative as it was given
    folder: str  # resolved
    defaults: bool  # begins with `_`: gives defaults, declares no fleet
    data: bytes | None  # None: it could not be read, and that was reported
    named: bool = True  # False: read only because it lies beside a file that was named


def read(paths: Sequence[Path]) -> tuple[list[File], list[Problem]]:
    """Read every file of the paths, each once, with a problem for each that cannot be read.

    A directory means its *.yaml and *.yml, not those of folders below it. A file brings along
    those beside it, which are the rest of its site. YAML in a directory that would not be read is
    a problem: what is not read would count as removed.
    """
    files: dict[str, File] = {}
    problems: list[Problem] = []
    for path in paths:
        problems += _passed_over(path, paths)
        try:
            candidates = _candidates(path)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            problems.append(_unreadable(path, error))
            continue
        for candidate, named in candidates:
            real = os.path.realpath(candidate)
            if real in files:
                files[real] = replace(files[real], named=files[real].named or named)
                continue
            folder = os.path.realpath(candidate.parent)
            found = _read(candidate, folder, real)
            if isinstance(found, Problem):
                problems.append(found)
            data = found if isinstance(found, bytes) else None
            defaults = candidate.name.startswith("_")
            files[real] = File(label(candidate), folder, defaults, data, named)
    return list(files.values()), problems


def beside(folder: str, name: str) -> bytes | str:
    """Read a file in or below a folder of fleets; a problem where that is not possible.

    `folder` is resolved; a link may lead anywhere within it.
    """
    path = Path(folder, name)
    found = _read(path, folder, os.path.realpath(path))
    return found.message if isinstance(found, Problem) else found


def label(path: Path) -> str:
    """Escape a path for people: what cannot be printed is shown by its code."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))


def _candidates(path: Path) -> list[tuple[Path, bool]]:
    """Every file to read for a path, and whether the path names it."""
    if stat.S_ISDIR(path.stat().st_mode):
        return [(file, True) for file in _declaring(path)]
    beside = [(file, file == path) for file in _declaring(path.parent)]
    return beside if (path, True) in beside else [*beside, (path, True)]


def _passed_over(folder: Path, paths: Sequence[Path]) -> Iterator[Problem]:
    """YAML in a directory that is not read, and is not hidden by a dot either."""
    try:
        entries = sorted(folder.iterdir()) if folder.is_dir() else []
        given = {os.path.realpath(path) for path in paths}
    except (OSError, ValueError):  # reported where it is read
        return
    for entry in entries:
        lower = entry.name.lower()
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            inside = _yaml_below(entry, given)
            if inside:
                hint = "move it up, give its folder with --fleets too, or begin that with a dot"
                yield _problem(inside, f"it is in a folder below {label(folder)}", hint)
        elif lower.endswith(_SUFFIXES) and not entry.name.endswith(_SUFFIXES):
            yield _problem(
                entry, "its name does not end in .yaml", f"rename it to {_renamed(entry)}"
            )


def _renamed(path: Path) -> str:
    return label(Path(path.name).with_suffix(path.suffix.lower()))


def _yaml_below(folder: Path, given: AbstractSet[str]) -> Path | None:
    """The first YAML file in or below a folder that is not itself given."""
    for root, folders, files in os.walk(folder):
        if os.path.realpath(root) in given:
            folders.clear()
            continue
        folders[:] = sorted(entry for entry in folders if not entry.startswith("."))
        found = sorted(file for file in files if file.lower().endswith(_SUFFIXES))
        if found:
            return Path(root, found[0])
    return None


def _declaring(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.endswith(_SUFFIXES) and not path.name.startswith(".")
    )


def _read(path: Path, folder: str, real: str) -> bytes | Problem:
    if os.path.commonpath([folder, real]) != folder:
        return _problem(path, "a link that leads out of its folder", "put the file itself here")
    try:
        # Not blocking, so that a FIFO answers; what it is, is then asked of the open file.
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            mode = os.fstat(handle).st_mode
            if not stat.S_ISREG(mode):
                file_type = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
                return _problem(path, file_type, "a fleet is declared in a file")
            with os.fdopen(handle, "rb", closefd=False) as stream:
                data = stream.read(MAX_SIZE + 1)
        finally:
            os.close(handle)
    except OSError as error:
        return _unreadable(path, error)
    if len(data) > MAX_SIZE:
        return _problem(path, f"larger than {MAX_SIZE // 1024} KiB", "split the fleet in two")
    return data


def _problem(path: Path, message: str, hint: str) -> Problem:
    return Source(label(path)).problem(1, 1, message, hint)


def _unreadable(path: Path, error: OSError | ValueError) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return _problem(path, f"cannot be read: {reason}", "check the path given with --fleets")
