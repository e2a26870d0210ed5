"""The account of the person: who may log in, with which keys, and as whom the machine answers."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from typing import Any

from ws.host import Host
from ws.settings import Settings

KEPT = ".ws-host-keys"


def make(host: Host, settings: Settings, uid: int) -> None:
    """Make the account, or give it this user id; 0 for the one that it has.

    Raises: OSError while processes have the old one.

    The person is root by sudo: the machine is theirs alone, and what the machine may do in AWS,
    each of its processes may do.
    """
    user, accounts, groups = settings.user, numbers(host, "passwd"), numbers(host, "group")
    uid = uid or accounts.get(user, settings.uid)
    ids = ["-o", "-u", str(uid)]  # -o: an account of the image may have this id, too
    if user not in accounts:
        group = ["-g", user] if user in groups else ["-U"]
        # No password opens it: `*` is the hash of none.
        host.do("useradd", "-M", *group, *ids, "-s", "/bin/bash", "-p", "*", user)
    elif accounts[user] != uid:
        host.do("usermod", *ids, user)
    for name in {"video", "render", "docker"} & groups.keys():
        host.do("usermod", "-aG", name, user)
    host.write("/etc/sudoers.d/ws", f"{user} ALL=(ALL) NOPASSWD:ALL\n", 0o440)
    host.write(f"/etc/ssh/authorized_keys.d/{user}", "".join(f"{k}\n" for k in settings.ssh_keys))
    files = "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n"
    if put(host, "/etc/ssh/sshd_config.d/10-ws.conf", files):
        reload_ssh(host)


def numbers(host: Host, name: str) -> dict[str, int]:
    """Return the numbers of all accounts ("passwd") or groups ("group") by name."""
    rows = [line.split(":") for line in host.path(f"/etc/{name}").read_text().splitlines()]
    return {row[0]: int(row[2]) for row in rows if len(row) > 2}


def put(host: Host, name: str, text: str, mode: int = 0o644) -> bool:
    """Write a file if it differs; tell whether it did."""
    path = host.path(name)
    if path.exists() and path.read_text() == text:
        return False
    host.write(name, text, mode)
    return True


def reload_ssh(host: Host) -> None:
    """Let sshd read its files again, under either of its names."""
    for unit in ("ssh", "sshd"):
        host.run("systemctl", "try-reload-or-restart", "--no-block", unit)


def keep_host_keys(host: Host, home: str, owner: int = 0) -> None:
    """Have the same host keys on each machine of this home, so that ssh never complains.

    The person owns the folder of the file. So root follows no link there, and trusts the file only
    while it is root's own (`owner`).
    """
    kept: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        handle = os.open(host.path(f"{home}/{KEPT}"), os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle) as file:
            found = os.fstat(handle)
            if found.st_uid == owner and found.st_mode == stat.S_IFREG | 0o600:
                kept = json.load(file)
    keys = {path.name: path.read_text() for path in host.path("/etc/ssh").glob("ssh_host_*")}
    if not kept:
        host.write(f"{home}/{KEPT}", json.dumps(keys), 0o600)
    changed = [name for name in keys if kept.get(name, keys[name]) != keys[name]]
    for name in changed:
        host.write(f"/etc/ssh/{name}", kept[name], 0o600)
    if changed:
        reload_ssh(host)
