"""Unmount a file system that processes hold: ask them to end, and never by force.

FSx for Lustre user guide, "Unmounting file systems", has a plain umount. `umount -f` and `-l` lose
what is not written yet.
"""

from __future__ import annotations

import os
import re

from ws.host import Host
from ws.mounts import mounted
from ws.tell import clean


def release(host: Host, at: str) -> None:
    """Unmount a mount point with all that is mounted below it; name in the journal who prevents it.

    A shell with a terminal ignores SIGTERM, and ends at SIGHUP: systemd ends sessions so, too. The
    others get SIGTERM alone first, since their handler of it may be saving something.
    """
    for signals in (("TERM",), ("TERM", "HUP")):
        if not occupied(host, at):
            return
        holding = holders(host, at)
        for name in signals if holding else ():
            host.run("kill", "-s", name, *holding)
        for _ in range(5):
            if not holders(host, at):
                break
            host.sleep(1)
        host.run("umount", "--recursive", str(host.path(at)), timeout=10)
    if occupied(host, at):
        held = ",".join(holders(host, at))
        names = host.run("ps", "-o", "pid=,comm=", "-p", held).output if held else "no process"
        host.log(f"{at} is still mounted, and held by {clean(names)}")
        host.run("sync", "-f", str(host.path(at)), timeout=10)


def occupied(host: Host, at: str) -> bool:
    """Tell whether a file system is mounted there; an automount that waits for one is none."""
    found = mounted(host, at)
    return bool(found and found.kind != "autofs")


def holders(host: Host, at: str) -> list[str]:
    """Find the processes that hold files of a mount point; return their ids.

    Only links of /proc are read. fuser(1) looks at the files, and hangs with their server.
    """
    where = str(host.path(at))
    find = "find", "/proc", "-maxdepth", "3", "-lname", where, "-o", "-lname", f"{where}/*"
    found = set(re.findall(r"^/proc/(\d+)/", host.run(*find, timeout=10).output, re.MULTILINE))
    return sorted(found - {str(os.getpid())})
