"""Amazon DCV, where the image has it: the screen of the machine belongs to the person, and their
input there is use of the machine.

DCV administrator guide, "Enabling automatic console sessions": create-session, owner, storage-root.
Not verified are idle-timeout and the JSON of list-sessions and list-connections. No password is set
anywhere.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from configparser import Error, RawConfigParser

from ws.account import put
from ws.host import Host
from ws.sensors import good

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


def interactions(host: Host, sessions: str) -> dict[str, str]:
    """List when each client of each session was last used, by what `dcv list-sessions` printed.

    Raises: ValueError, LookupError, TypeError for an answer that makes no sense.
    """
    seen = {}
    for session in json.loads(sessions):
        name = session["id"]
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise ValueError("a session id that is none")
        listed = host.run("dcv", "list-connections", "-j", name, timeout=10)
        for client in json.loads(good(listed)):
            at = client["last-interaction-time"]
            if not re.match(r"\d{4}-\d\d-\d\dT", at):
                raise ValueError("a client without last-interaction-time")
            seen[f"{name}/{client['id']}"] = at
    return seen
