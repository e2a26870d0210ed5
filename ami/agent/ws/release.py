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
    where = str(host.path(at))
    for name in ("TERM", "HUP"):
        found = mounted(host, at)
        if not found or found.kind == "autofs":  # an automount that waits for its first use
            return
        holding = holders(host, where)
        if holding:
            host.run("kill", "-s", name, *holding)
            host.sleep(5)
        host.run("sync", "-f", where, timeout=10)
        done = host.run("umount", "--recursive", where, timeout=10)
    if done.code:
        names = host.run("ps", "-o", "pid=,comm=", *holding).output if holding else ""
        host.log(f"{done.output} {clean(names)}")


def holders(host: Host, where: str) -> list[str]:
    """Find the processes that hold files of a mount point; return their ids.

    Only links of /proc are read. fuser(1) looks at the files, and hangs with their server.
    """
    find = "find", "/proc", "-maxdepth", "3", "-lname", where, "-o", "-lname", f"{where}/*"
    found = set(re.findall(r"^/proc/(\d+)/", host.run(*find, timeout=10).output, re.MULTILINE))
    return sorted(found - {str(os.getpid())})
