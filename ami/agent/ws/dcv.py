"""Amazon DCV, where the image has it: the screen of the machine belongs to the person.

DCV administrator guide, "Starting sessions" and "Configuration parameter reference". No password
is set anywhere.
"""

from __future__ import annotations

import contextlib
import io
from configparser import Error, RawConfigParser

from ws.account import put
from ws.host import Host

FILE = "/etc/dcv/dcv.conf"


def own(host: Host, user: str) -> None:
    """Give the person the console session."""
    parser = RawConfigParser(strict=False)
    with contextlib.suppress(OSError, Error):
        parser.read_string(host.path(FILE).read_text())
    session = {"owner": f'"{user}"', "storage-root": '"%home%"'}
    # DCV disconnects whoever is idle; the machine itself decides when nobody uses it.
    parser.read_dict(
        {
            "session-management": {"create-session": "true"},
            "session-management/automatic-console-session": session,
            "connectivity": {"idle-timeout": "0"},
        }
    )
    text = io.StringIO()
    parser.write(text)
    if put(host, FILE, text.getvalue()):
        # It is ordered after this boot: waiting for it would be waiting for oneself.
        host.run("systemctl", "try-restart", "--no-block", "dcvserver")
