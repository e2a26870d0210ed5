"""Mount points, and file systems of the network: Lustre and EFS, by units of systemd."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ws.host import Host
from ws.phase import Failed

UNITS = "/run/systemd/system/"
OLDEST_LUSTRE = (2, 12)
"""An older client does not fit file systems of Lustre 2.15 (FSx for Lustre user guide, "Lustre file
system and client kernel compatibility")."""


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

    Not even root does so by mistake: `chattr +i`. Raises: OSError.
    """
    path = host.path(at)
    if mounted(host, at) or (path.is_dir() and path.stat().st_mode & 0o777 == 0o555):
        return
    path.mkdir(parents=True, exist_ok=True)
    host.do("chown", "root:root", str(path))
    host.do("chmod", "555", str(path))
    host.run("chattr", "+i", str(path))  # some file systems of a root disk have no such flag


def mount(host: Host, entry: dict[str, Any], kind: str = "mount") -> None:
    """Mount a file system of the network now; as "automount", at its first use.

    Raises: Failed, OSError.
    """
    at = entry["at"]
    close(host, at)
    source = lustre(host, entry) if entry["type"] == "fsx_lustre" else efs(host, entry)
    # systemd-escape(1)
    name = at[1:].replace("-", "\\x2d").replace("/", "-")
    # _netdev orders it after the network (systemd.mount(5)).
    text = f"Where={at}\n{source},_netdev\nTimeoutSec=60\n"
    host.write(f"{UNITS}{name}.mount", f"[Mount]\n{text}")
    host.write(f"{UNITS}{name}.automount", f"[Automount]\nWhere={at}\n")
    host.do("systemctl", "daemon-reload")
    host.do("systemctl", "start", f"{name}.{kind}")


def lustre(host: Host, entry: dict[str, Any]) -> str:
    """Return the lines that mount a file system of FSx. Raises: Failed."""
    done = host.run("modinfo", "-F", "version", "lustre")
    found = re.match(r"(\d+)\.(\d+)", done.output)
    if done.code or not found or (int(found[1]), int(found[2])) < OLDEST_LUSTRE:
        raise Failed(
            f"{entry['at']}: this image has no Lustre client that fits its kernel and FSx: use "
            f"another image ({done.output})"
        )
    source = f"{entry['dns_name']}@tcp:/{entry['mount_name']}"
    return f"What={source}\nType=lustre\nOptions=noatime,flock"


def efs(host: Host, entry: dict[str, Any]) -> str:
    """Return the lines that mount a file system of EFS. Raises: Failed."""
    if entry["type"] != "efs":
        raise Failed(f"{entry['at']}: this agent cannot mount {entry['type']}: use a newer image")
    if not host.path("/sbin/mount.efs").exists():
        raise Failed(f"{entry['at']}: use an image with amazon-efs-utils, for its mount.efs")
    source, point = entry["file_system_id"], entry["access_point_id"]
    return f"What={source}:/\nType=efs\nOptions=tls,iam,accesspoint={point}"
