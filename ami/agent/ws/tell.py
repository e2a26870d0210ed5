"""Tell the person something: on every terminal, and on the desktop if there is one.

Not by wall(1): it writes to the logins that utmp names, and these are neither the panes of tmux nor
the terminals of an editor.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NamedTuple

from ws.host import Host
from ws.settings import Unusable, load


class Person(NamedTuple):
    """The account of the person, from /etc/passwd."""

    uid: str
    gid: str

    def command(self, *command: str) -> tuple[str, ...]:
        """Wrap a command so that it runs as the person, with the environment of their login."""
        runtime = f"XDG_RUNTIME_DIR=/run/user/{self.uid}"
        bus = f"DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/{self.uid}/bus"
        ids = f"--reuid={self.uid}", f"--regid={self.gid}"
        return ("setpriv", *ids, "--init-groups", "--reset-env", "env", runtime, bus, *command)


def person(host: Host) -> Person | None:
    """Find the person of this workstation; None while the account is missing, or is root's."""
    with suppress(Unusable, OSError):
        user = load(host).user
        for line in host.path("/etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = [*line.split(":"), "", "", ""]
            if name == user and int(uid or 0):
                return Person(uid, gid)
    return None


def clean(text: str) -> str:
    """Take out what a terminal obeys and what a desktop takes for markup."""
    return "".join(c if c.isprintable() and c not in "<>&" else " " for c in text)[:300]


def tell(host: Host, text: str) -> None:
    """Show one sentence on terminals and desktop; what does not take it is left out."""
    line = clean(text)
    for terminal in sorted(host.path("/dev/pts").glob("[0-9]*")):
        # One that is stopped by Ctrl-S must not stop us.
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW
        with suppress(OSError):
            number = os.open(terminal, flags)
            try:
                os.write(number, f"\r\n\a*** {line}\r\n".encode())
            finally:
                os.close(number)
    account = person(host)
    if account and host.path(f"/run/user/{account.uid}/bus").exists():
        notify = "notify-send", "--urgency=critical", "--", "Workstation", line
        done = host.run(*account.command(*notify), timeout=5)
        if done.code:
            host.log(f"the desktop shows nothing: {clean(done.output)}")
