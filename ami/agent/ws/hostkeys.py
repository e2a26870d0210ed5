"""The host keys of ssh, kept on the home: the next machine answers as this one, so ssh is content.

The person owns the folder around the file of the keys. So root follows no link there, and trusts
only a file that is root's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat

from ws.account import put, reload_ssh
from ws.host import Host

KEPT = ".ws-host-keys"
NAMES = ("ecdsa", "ed25519", "rsa")


def keep(host: Host, home: str, owner: int = 0) -> None:
    """Install the keys that the home keeps, or keep those of this machine there.

    `owner` is root. A home that cannot hold files of root, such as one on EFS, keeps no keys.
    """
    top = os.open(host.path(home), os.O_RDONLY | os.O_DIRECTORY)
    try:
        kept = _kept(top, owner)
        if not kept:
            _save(host, top, owner)
        elif any([put(host, name, kept[name], 0o600) for name in _files() if name in kept]):  # noqa: C419
            reload_ssh(host)
    except (OSError, ValueError) as error:
        host.log(f"the host keys of ssh are not kept: {error}")
    finally:
        os.close(top)


def _files() -> list[str]:
    return [f"/etc/ssh/ssh_host_{name}_key{end}" for name in NAMES for end in ("", ".pub")]


def _kept(top: int, owner: int) -> dict[str, str]:
    try:
        handle = os.open(KEPT, os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=top)
        with os.fdopen(handle) as file:
            found = os.fstat(handle)
            private = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077
            kept: dict[str, str] = json.load(file) if private and found.st_uid == owner else {}
            return kept
    except (OSError, ValueError):
        return {}


def _save(host: Host, top: int, owner: int) -> None:
    keys = {name: host.path(name) for name in _files()}
    kept = {name: path.read_text() for name, path in keys.items() if path.exists()}
    name = f"{KEPT}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=top)
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=top)
    with os.fdopen(handle, "w") as file:
        json.dump(kept, file)
        file.flush()
        os.fsync(handle)
        own = os.fstat(handle).st_uid == owner
    if own and kept:  # in the place of what is not root's, unless that is a folder
        os.rename(name, KEPT, src_dir_fd=top, dst_dir_fd=top)
    else:
        os.unlink(name, dir_fd=top)
