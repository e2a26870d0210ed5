"""Mount points, and file systems of the network: Lustre and EFS, by units of systemd."""

from __future__ import annotations

import re
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

    Not even root does so by mistake: `chattr +i`. Raises: OSError.
    """
    path = host.path(at)
    if mounted(host, at) or (path.is_dir() and path.stat().st_mode & 0o777 == 0o555):
        return
    path.mkdir(parents=True, exist_ok=True)
    host.do("chown", "root:root", str(path))
    host.do("chmod", "555", str(path))
    host.run("chattr", "+i", str(path))  # some file systems of a root disk have no such flag


def mount(host: Host, entry: dict[str, Any]) -> None:
    """Mount a home of the network now. Raises: Failed, Waiting."""
    unit = write_units(host, entry)
    done = host.run("systemctl", "start", f"{unit}.mount", timeout=120)
    if done.code or not mounted(host, entry["at"]):
        raise Waiting(f"{entry['at']} does not mount: `journalctl -u {unit}.mount` says why")


def share(host: Host, entry: dict[str, Any]) -> None:
    """Have a shared file system mounted at its first use, so that it delays nobody.

    Raises: Failed.
    """
    try:
        close(host, entry["at"])
        host.do("systemctl", "start", f"{write_units(host, entry)}.automount")
    except OSError as error:
        raise Failed(f"{entry['at']}: {error}") from error


def write_units(host: Host, entry: dict[str, Any]) -> str:
    """Write the units of an entry, and return their name. Raises: Failed."""
    kind, what, options = source_of(host, entry)
    at = entry["at"]
    # systemd-escape(1)
    name = re.sub(r"[^\w.]", lambda found: f"\\x{ord(found[0]):02x}", at[1:].replace("/", "\0"))
    name = name.replace("\\x00", "-")
    host.write(
        f"{UNITS}{name}.mount",
        f"[Unit]\nAfter=network-online.target nss-lookup.target\n[Mount]\nWhat={what}\n"
        f"Where={at}\nType={kind}\nOptions={options},_netdev\nTimeoutSec=60\n",
    )
    host.write(f"{UNITS}{name}.automount", f"[Automount]\nWhere={at}\n")
    host.run("systemctl", "daemon-reload")
    return name


def source_of(host: Host, entry: dict[str, Any]) -> tuple[str, str, str]:
    """Return type, source and options of a mount. Raises: Failed."""
    kind, at = entry["type"].rpartition("_")[2], entry["at"]
    if entry["type"] not in ("efs", "fsx_lustre"):
        raise Failed(f"{at}: this agent cannot mount {kind}: use a newer image")
    if not any(host.path(f"{folder}/mount.{kind}").exists() for folder in ("/sbin", "/usr/sbin")):
        client = "amazon-efs-utils" if kind == "efs" else "the Lustre client of FSx"
        raise Failed(f"{at}: this image has no mount.{kind}: use one with {client}")
    if kind == "efs":
        words = [word for word in ("tls", "iam") if entry.get(word)]
        words.append(f"accesspoint={entry['access_point_id']}")
        return kind, f"{entry['file_system_id']}:/", ",".join(words)
    done = host.run("modinfo", "-F", "version", "lustre")
    found = re.match(r"(\d+)\.(\d+)", done.output)
    if done.code or not found or (int(found[1]), int(found[2])) < OLDEST_LUSTRE:
        raise Failed(
            f"{at}: the Lustre client does not fit the kernel of this image, or is too old: use "
            f"another image ({done.output})"
        )
    return kind, f"{entry['dns_name']}@tcp:/{entry['mount_name']}", "noatime,flock"
