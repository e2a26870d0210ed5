"""Read the folder `ami/`: image.yaml, the stages, and everything that is copied to a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.declare.image_file import FILE, ImageFile, read
from reconciler.errors import UsageError
from reconciler.images.model import Recipe

STAGE = re.compile(r"stages/([0-9]{2}-[a-z0-9-]+\.sh)")
LEFT_OUT = frozenset({"__pycache__"})
LARGEST = 4 * 2**20  # bytes of all files: they travel in commands of 30,000 characters
VALIDATION = ("validate/bake.sh", "validate/smoke.sh")


def load(folder: Path, agent: str) -> Recipe:
    """Read a folder. `agent` is the version of the product, whose agent is in it.

    Raises: UsageError for a folder that is none, BadDeclaration for image.yaml.
    """
    found_files = list(_files(folder))
    files = {path: body for path, body, _ in found_files}
    programs = frozenset(path for path, _, program in found_files if program)
    if FILE not in files:
        raise UsageError(f"there is no {FILE} in {folder}: give the folder with --image")
    found = read(str(folder / FILE), files[FILE])
    stages = sorted(match[1] for path in files if (match := STAGE.fullmatch(path)))
    absent = [path for path in VALIDATION if path not in files]
    if not stages:
        raise UsageError(f"there are no stages in {folder}/stages: a stage is called 10-NAME.sh")
    if absent:
        raise UsageError(f"{folder} has no {' and no '.join(absent)}: nothing would be tested")
    return replace(_recipe(found, tuple(stages), agent), files=files, programs=programs)


def _recipe(found: ImageFile, stages: tuple[str, ...], agent: str) -> Recipe:
    values: Any = found.values
    return Recipe(
        name=values["name"],
        os=values["os"],
        arch=values["arch"],
        flavour=values["flavour"],
        parent=values["parent"]["ssm_parameter"],
        regions=tuple(values["regions"]),
        root_gib=values["root_gib"],
        bake_types=tuple(values["bake"]["instance_types"]),
        smoke_types=tuple(values["smoke"]["instance_types"]),
        stages=stages,
        environment={
            variable(path): text(value) for path, value in found.leaves() if value is not None
        },
        missing=tuple(path for path, value in found.leaves() if value is None),
        files={},
        programs=frozenset(),
        agent=agent,
    )


def variable(path: str) -> str:
    """Name the variable of a value: `nvidia.branch` is `WS_NVIDIA_BRANCH`."""
    return "WS_" + path.replace(".", "_").upper()


def text(value: Any) -> str:
    """Write a value as the stages read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _files(folder: Path) -> Iterator[tuple[str, bytes, bool]]:
    """Yield each file: its path, its bytes, whether it can be executed.

    Left out are links, caches of Python, and hidden files that are not below rootfs/.
    """
    total = 0
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_symlink() or not path.is_file():
            continue
        hidden = parts[0] != "rootfs" and any(part.startswith(".") for part in parts)
        if hidden or LEFT_OUT & set(parts):
            continue
        state = path.stat()
        total += state.st_size
        if total > LARGEST:
            raise UsageError(
                f"{folder} has more than {LARGEST // 2**20} MiB: it is no image folder"
            )
        yield "/".join(parts), path.read_bytes(), bool(state.st_mode & 0o100)
