"""The files in ~/.ssh: one included line in the user's file, and a folder of ours."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.commands.connect import Way
    from reconciler.errors import UsageError
    from reconciler.workstation.model import Group


Pause = Callable[[float], object]
"""Let so many seconds pass."""


def prepare(way: Way, pause: Pause) -> None:
    """Make `ssh NAME` work. Raises: UsageError for a file that cannot be read or written."""
    from reconciler.commands import connect

    own_path, user_path = _path(connect.CONFIG), _path("config")
    with _alone(pause):
        known, text = _read(own_path), _read(user_path)
        _write(own_path, connect.merged(known, way, _program()), known)
        _write(user_path, connect.included(text), text)
        _forget(way)


def machine_of(group: Group) -> str:
    """Read the instance whose host keys ssh knows; "" for none."""
    from reconciler.commands import connect

    return connect.keys_of(_read(_path(connect.keys(group))))


def forget_other_keys(way: Way, pause: Pause) -> None:
    """Delete the host keys of an earlier instance.

    ssh reads them once its peer has answered, which is behind this (OpenSSH, sshconnect2.c).
    """
    with _alone(pause):
        _forget(way)


def _forget(way: Way) -> None:
    from reconciler.commands import connect

    path = _path(connect.keys(way.group))
    known = _read(path)
    if connect.keys_of(known) != way.instance:
        _write(path, connect.no_keys(way.instance), known)


@contextmanager
def _alone(pause: Pause) -> Iterator[None]:
    """Keep other commands from these files meanwhile: what they write between a read and a write
    would be lost. The system gives the lock back when a process ends, however it ends.

    Raises: UsageError when another command holds it for too long, or where nothing can be locked.
    """
    from reconciler.aws.retries import LOCK_PAUSE_SECONDS, LOCK_SECONDS
    from reconciler.commands import connect
    from reconciler.errors import UsageError

    path = _path(connect.LOCK)
    try:
        _folders(path)
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        for _ in range(round(LOCK_SECONDS / LOCK_PAUSE_SECONDS)):
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pause(LOCK_PAUSE_SECONDS)
            except OSError as error:
                raise _unwritable(path, error) from error
        else:
            raise UsageError(
                f"another `workstation` command has held {path} for {LOCK_SECONDS:.0f} seconds: "
                "try again when it has ended, or leave ssh's files alone (--no-ssh-config)"
            )
        yield
    finally:
        os.close(held)


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
    if text == before:
        return
    target = path.resolve()
    try:
        _folders(path)
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
        raise _unwritable(path, error) from error


def _folders(path: Path) -> None:
    for folder in (Path.home() / ".ssh", path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)


def _unwritable(path: Path, error: OSError) -> UsageError:
    from reconciler.errors import UsageError

    return UsageError(f"cannot write {path}: {error}; --no-ssh-config leaves it alone")
