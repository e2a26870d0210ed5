"""Tell the person something: on every terminal, and on the desktop if there is one.

Not by wall(1): it writes to the logins that utmp names, and these are neither the panes of tmux nor
the terminals of an editor.
"""

from __future__ import annotations

import os
from contextlib import suppress

from ws.host import Host
from ws.settings import Unusable, load

SESSION = """\
XDG_RUNTIME_DIR=/run/user/$(id -u)
export XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
exec "$@\""""


def as_person(user: str) -> tuple[str, ...]:
    """Return the beginning of a command that runs as the person, in their session."""
    ids = f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env"
    return ("setpriv", *ids, "sh", "-c", SESSION, "sh")


def clean(text: str) -> str:
    """Take out what a terminal obeys and what a desktop takes for markup."""
    return "".join(c if c.isprintable() and c not in "<>&" else " " for c in text)[:300]


def tell(host: Host, text: str) -> None:
    """Show one sentence on terminals and desktop; what does not take it is left out."""
    line = clean(text)
    for terminal in host.path("/dev/pts").glob("[0-9]*"):
        # One that is stopped by Ctrl-S must not stop us.
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
        with suppress(OSError), os.fdopen(os.open(terminal, flags), "wb", 0) as file:
            file.write(f"\r\n\a*** {line}\r\n".encode())
    with suppress(Unusable):
        notify = "notify-send", "--urgency=critical", "--", "Workstation", line
        host.run(*as_person(load(host).user), *notify, timeout=5)
