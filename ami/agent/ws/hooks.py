"""Run the hooks: programs that save something before the machine goes, against one deadline.

Root's hooks run as root, then the person's as the person. Names with the same number run at the
same time; each name without a number runs alone (docs/interruption.md).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from ws.host import Host
from ws.tell import as_person, clean

LIMIT = 25
FOLDER = "/etc/ws/on-interrupt.d"
OWN = ".config/ws/on-interrupt.d"


def run_hooks(host: Host, user: str, reason: str, deadline: Callable[[], float]) -> None:
    """Run all hooks until `deadline`, which may move."""

    def run_hook(path: str) -> None:
        limit = min(LIMIT, deadline() - host.now())
        if limit > 0:
            why = "env", f"WS_REASON={reason}", f"WS_DEADLINE={deadline():.0f}"
            # timeout(1) signals the process group: SIGTERM, and SIGKILL two seconds later.
            end = "timeout", "--kill-after=2", f"{limit:.1f}"
            done = host.run(*end, *whose, *why, path, timeout=limit + 4)
            host.log(f"{path} ended with {done.code} {clean(done.output[-200:])}")
        else:
            host.log(f"{path}: no time is left for it")

    # Root runs only what nobody else can have written, and follows no link.
    owned = "-uid", str(os.geteuid()), "-executable", "!", "-perm", "/022"
    for whose, flag, folder, which in (
        ((), "-P", str(host.path(FOLDER)), owned),
        (as_person(user), "-L", str(host.path(f"/home/{user}/{OWN}")), ("-executable",)),
    ):
        # By find(1), as whoever runs them: a file server that hangs, hangs a program with a limit.
        find = (
            "find",
            flag,
            folder,
            "-mindepth",
            "1",
            "-maxdepth",
            "1",
            "-type",
            "f",
            "-executable",
            *which,
        )
        found = host.run(*whose, *find, "-printf", "%f\\n", timeout=5).output.split("\n")
        names = sorted(name for name in found if re.fullmatch(r"[\w-][\w.-]*", name))
        # The key is the number that a name begins with, or the name.
        for _, group in groupby(names, lambda name: re.findall(r"^\d+|.+", name)[0]):
            with ThreadPoolExecutor(32) as pool:
                list(pool.map(run_hook, [f"{folder}/{name}" for name in group]))
