"""The files in ~/.ssh: one included line of the user's own, and a folder that is ours."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.power.connect import Way
    from reconciler.power.model import Group


def prepare(way: Way) -> None:
    """Make `ssh NAME` work. Raises: UsageError for a file that cannot be read or written."""
    from reconciler.power import connect

    ours, user = _path(connect.CONFIG), _path("config")
    known, text = _read(ours), _read(user)
    _write(ours, connect.merged(known, way, _program()), known)
    _write(user, connect.included(text), text)
    forget_other_keys(way.group, way.instance)


def machine_of(group: Group) -> str:
    """The instance that ssh last knew the keys of; "" for none."""
    from reconciler.power import connect

    return connect.keys_of(_read(_path(connect.keys(group))))


def forget_other_keys(group: Group, instance: str) -> None:
    """Begin anew with the host keys of a machine that ssh has not seen.

    ssh reads them once its peer has answered, which is behind this (OpenSSH, sshconnect2.c).
    """
    from reconciler.power import connect

    path = _path(connect.keys(group))
    known = _read(path)
    if connect.keys_of(known) != instance:
        _write(path, connect.no_keys(instance), known)


def _program() -> list[str]:
    """How this program is called from anywhere."""
    installed = Path(sys.executable).with_name("workstation")
    return [str(installed) if installed.exists() else "workstation"]


def _path(name: str) -> Path:
    return Path.home() / ".ssh" / name


def _read(path: Path) -> str:
    from reconciler.errors import UsageError

    try:
        return path.read_bytes().decode()  # line ends as they are
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}; --no-ssh-config leaves it alone") from error


def _write(path: Path, text: str, before: str) -> None:
    """All at once, for its owner alone; through a link, to where it leads."""
    from reconciler.errors import UsageError

    if text == before:
        return
    target = path.resolve()
    try:
        for folder in (Path.home() / ".ssh", path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error}; --no-ssh-config leaves it alone"
        ) from error
