"""Mount points, and file systems of the network: Lustre and EFS, by units of systemd."""

from __future__ import annotations

import re
import stat
from typing import Any, NamedTuple

from ws.host import Host
from ws.phase import Failed, Waiting

UNITS = "/run/systemd/system/"
OLDEST_LUSTRE = (2, 12)
"""What FSx file systems of today's versions take (FSx for Lustre user guide, "Lustre file system
and client kernel compatibility")."""


class Mount(NamedTuple):
    """A line of /proc/self/mountinfo."""

    kind: str
    source: str
    options: str


def mounted(host: Host, at: str) -> Mount | None:
    """Return what is mounted at a path, the topmost of several (proc_pid_mountinfo(5))."""
    found, where = None, str(host.path(at))
    for line in host.path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split(" ")
        if words[4] == where:
            kind, source = words[words.index("-") + 1 :][:2]
            found = Mount(kind, source, words[5])
    return found


def close(host: Host, at: str) -> None:
    """Make the empty mount point one that nobody writes to: work in there would be lost.

    Not even root does so by mistake: `chattr +i`. Raises: Failed.
    """
    path = host.path(at)
    if mounted(host, at):
        return
    if path.is_symlink():
        raise Failed(f"{at} is a symbolic link: remove it")
    path.mkdir(parents=True, exist_ok=True)
    if stat.S_IMODE(path.stat().st_mode) == 0o555:
        return
    for command in (("chown", "root:root"), ("chmod", "555"), ("chattr", "+i")):
        done = host.run(*command, str(path))
        if done.code:
            host.log(done.output)


def mount_network(host: Host, entry: dict[str, Any]) -> None:
    """Mount a home of the network now. Raises: Failed, Waiting."""
    unit = write_units(host, entry)
    done = host.run("systemctl", "start", f"{unit}.mount", timeout=120)
    if done.code or not mounted(host, entry["at"]):
        raise Waiting(f"{entry['at']} does not mount yet: `journalctl -u {unit}.mount` says why")


def automount(host: Host, entry: dict[str, Any]) -> None:
    """Have a shared file system mounted at its first use, so that it delays nobody.

    Raises: Failed.
    """
    close(host, entry["at"])
    unit = write_units(host, entry)
    done = host.run("systemctl", "start", f"{unit}.automount")
    if done.code:
        raise Failed(f"{entry['at']}: {done.output}")


def write_units(host: Host, entry: dict[str, Any]) -> str:
    """Write the units of an entry, and return their name. Raises: Failed."""
    kind, what, options = source_of(host, entry)
    name = "-".join(_escaped(part) for part in entry["at"].strip("/").split("/"))
    host.write(
        f"{UNITS}{name}.mount",
        f"[Unit]\nAfter=network-online.target nss-lookup.target\n[Mount]\nWhat={what}\n"
        f"Where={entry['at']}\nType={kind}\nOptions={options}\nTimeoutSec=60\n",
    )
    host.write(f"{UNITS}{name}.automount", f"[Automount]\nWhere={entry['at']}\n")
    host.run("systemctl", "daemon-reload")
    return name


def _escaped(part: str) -> str:
    """Write a part of a path as systemd-escape(1) does."""
    return re.sub(r"[^\w.]", lambda found: f"\\x{ord(found[0]):02x}", part, flags=re.ASCII)


def source_of(host: Host, entry: dict[str, Any]) -> tuple[str, str, str]:
    """Return type, source and options of a mount. Raises: Failed."""
    kind = {"fsx_lustre": "lustre", "efs": "efs"}.get(entry["type"])
    if not kind:
        raise Failed(f"{entry['at']}: this agent cannot mount {entry['type']}: use a newer image")
    if not any(host.path(f"{folder}/mount.{kind}").exists() for folder in ("/sbin", "/usr/sbin")):
        raise Failed(f"{entry['at']}: this image has no mount.{kind}: use one with {CLIENTS[kind]}")
    if kind == "lustre":
        _check_lustre(host, entry["at"])
        what = f"{entry['dns_name']}@tcp:/{entry['mount_name']}"
        return kind, what, "noatime,flock,_netdev"
    words = ["_netdev", *(word for word in ("tls", "iam") if entry.get(word))]
    if entry.get("access_point_id"):
        words.append(f"accesspoint={entry['access_point_id']}")
    return kind, f"{entry['file_system_id']}:/", ",".join(words)


CLIENTS = {"lustre": "the Lustre client of FSx", "efs": "amazon-efs-utils"}


def _check_lustre(host: Host, at: str) -> None:
    done = host.run("modinfo", "-F", "version", "lustre")
    if done.code:
        raise Failed(
            f"{at}: the Lustre client of this image does not fit its kernel: {done.output}"
        )
    found = re.match(r"(\d+)\.(\d+)", done.output)
    if found and (int(found[1]), int(found[2])) < OLDEST_LUSTRE:
        raise Failed(f"{at}: Lustre client {found[0]} is too old for FSx: use a newer image")
