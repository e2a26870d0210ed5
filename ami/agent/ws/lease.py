"""`ws keep-alive`: leases that keep this workstation on while no sensor sees its work.

A lease is an empty file in a folder that everybody may write to, like /tmp. Its modification time
is when it ends, in seconds since the boot, so it has no content to trust, and no clock that jumps
ends it early. Its name begins with the id of the process that it lasts for at most, or with 0.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from pathlib import Path

from ws.host import Host

FOLDER = "/run/ws/leases"
LONGEST = 24 * 3600
SECONDS = {"m": 60, "h": 3600}


def uptime(host: Host) -> float:
    """Return the seconds since the boot. They never jump, and go on when a service restarts."""
    return float(host.path("/proc/uptime").read_text().split()[0])


def leases(host: Host, up: float) -> list[float]:
    """List the seconds that each lease has left, and remove those that have ended. Raises: OSError.

    Regular files of root and of people (ids from 1000) count, and a day at most: one that ends
    later is removed, too, whoever wrote it.
    """
    found = []
    for each in host.path(FOLDER).iterdir():
        pid, status = each.name.split(".")[0], each.lstat()
        left = status.st_mtime - up
        if not pid.isdecimal() or not stat.S_ISREG(status.st_mode) or 0 < status.st_uid < 1000:
            continue
        if 0 < left <= LONGEST and (pid == "0" or host.path(f"/proc/{pid}").exists()):
            found.append(left)
        else:
            each.unlink()
    return found


def main(arguments: list[str], host: Host) -> int:
    """Make a lease, or end one's own: `4h`, `4h -- COMMAND`, `off`."""
    amount, *rest = arguments or [""]
    found = re.fullmatch(r"(\d{1,4})([mh])(| -- .+)", " ".join(arguments), re.DOTALL)
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    try:
        if arguments == ["off"]:
            for each in host.path(FOLDER).iterdir():
                if os.geteuid() in (0, each.lstat().st_uid):
                    each.unlink()
        elif not 0 < seconds <= LONGEST:
            return _say("use 4h (24h at most), 4h -- COMMAND, or off", 2)
        else:
            _make(host, uptime(host) + seconds, os.getpid() if rest else 0)
            _say(f"counts as used for {amount}; schedules still hold: ws why", 0)
    except OSError as error:
        return _say(f"{error}; without ws-idle.service there are no leases", 1)
    if rest:
        try:
            os.execvp(rest[1], rest[1:])  # the same process, so its lease ends with it
        except OSError as error:
            return _say(f"{rest[1]}: {error.strerror}", 127)
    return 0


def _make(host: Host, end: float, pid: int) -> None:
    # A new name that nobody could foresee, never through a link, and hidden until it has its time.
    handle, name = tempfile.mkstemp(prefix=".", dir=host.path(FOLDER))
    os.utime(handle, (end, end))
    os.close(handle)
    Path(name).rename(host.path(f"{FOLDER}/{pid}{name[-9:]}"))


def _say(text: str, code: int) -> int:
    print(f"ws keep-alive: {text}", file=sys.stderr)
    return code
