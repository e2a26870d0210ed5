"""The host keys of ssh, kept on the home: the next machine answers as this one, so ssh is content.

The person owns the folder around the kept keys. So root opens each step without following links,
and trusts only what is root's.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat

from ws.account import put, reload_ssh
from ws.host import Host

KEPT = ".ws-host-keys"
KEY = re.compile(r"ssh_host_[a-z0-9]+_key(\.pub)?")
FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK


def keep(host: Host, home: str, owner: int = 0) -> None:
    """Install the keys that the home keeps, or keep those of this machine there.

    `owner` is root. A home that cannot hold files of root, such as one on EFS, keeps no keys.
    """
    top = os.open(host.path(home), os.O_RDONLY | os.O_DIRECTORY)
    try:
        kept = _kept(top, owner)
        if not kept:
            _save(host, top, owner)
            return
        changed = [put(host, f"/etc/ssh/{name}", kept[name], _mode(name)) for name in kept]
        if any(changed):
            reload_ssh(host)
    except (OSError, ValueError) as error:
        host.log(f"the host keys of ssh are not kept: {error}")
    finally:
        os.close(top)


def _mode(name: str) -> int:
    return 0o644 if name.endswith(".pub") else 0o600


def _kept(top: int, owner: int) -> dict[str, str]:
    try:
        folder = os.open(KEPT, os.O_DIRECTORY | FLAGS, dir_fd=top)
    except OSError:
        return {}
    try:
        found = os.fstat(folder)
        if found.st_uid != owner or found.st_mode & 0o077:
            return {}
        names = sorted(each.name for each in os.scandir(folder))
        return {n: text for n in names if KEY.fullmatch(n) and (text := _text(folder, n, owner))}
    finally:
        os.close(folder)


def _text(folder: int, name: str, owner: int) -> str:
    with os.fdopen(os.open(name, FLAGS, dir_fd=folder)) as file:
        found = os.fstat(file.fileno())
        own = stat.S_ISREG(found.st_mode) and found.st_uid == owner
        return file.read(65536) if own else ""


def _save(host: Host, top: int, owner: int) -> None:
    """Write all keys into a new folder, then give it its name: all of them, or none."""
    keys = [path for path in host.path("/etc/ssh").glob("ssh_host_*") if KEY.fullmatch(path.name)]
    if not keys:
        return
    name = f"{KEPT}-{host.now():.0f}"
    os.mkdir(name, 0o700, dir_fd=top)
    folder = os.open(name, os.O_DIRECTORY | FLAGS, dir_fd=top)
    try:
        if os.fstat(folder).st_uid != owner:
            os.rmdir(name, dir_fd=top)
            raise ValueError("this file system has no files of root")
        for path in keys:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | FLAGS
            handle = os.open(path.name, flags, _mode(path.name), dir_fd=folder)
            with os.fdopen(handle, "w") as file:
                file.write(path.read_text())
                file.flush()
                os.fsync(file.fileno())
    finally:
        os.close(folder)
    with contextlib.suppress(FileNotFoundError):
        # What stands there is not root's: it is put aside, not deleted.
        os.rename(KEPT, f"{name}-found", src_dir_fd=top, dst_dir_fd=top)
    os.rename(name, KEPT, src_dir_fd=top, dst_dir_fd=top)
