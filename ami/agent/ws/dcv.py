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

DCV = "/etc/dcv/dcv.conf"
GDM = ("/etc/gdm3/custom.conf", "/etc/gdm/custom.conf")


def own(host: Host, user: str) -> None:
    """Give the person the console session; restart what has read other settings."""
    if not host.path("/usr/bin/dcv").exists():
        return
    session = {"owner": f'"{user}"', "storage-root": '"%home%"'}
    wanted = {
        "session-management": {"create-session": "true"},
        "session-management/automatic-console-session": session,
        # DCV disconnects whoever is idle; the machine itself decides when nobody uses it.
        "connectivity": {"idle-timeout": "0"},
    }
    _edit(host, DCV, wanted, "dcvserver")
    # Nobody has a password for the login screen, and DCV shows X alone.
    login = {"WaylandEnable": "false", "AutomaticLoginEnable": "true", "AutomaticLogin": user}
    for name in GDM:
        if host.path(name).exists():
            _edit(host, name, {"daemon": login}, "display-manager")


def _edit(host: Host, name: str, wanted: dict[str, dict[str, str]], unit: str) -> None:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    with contextlib.suppress(OSError, Error):
        parser.read_string(host.path(name).read_text())
    parser.read_dict(wanted)
    text = io.StringIO()
    parser.write(text)
    if put(host, name, text.getvalue()):
        # It is ordered after this boot: waiting for it would be waiting for oneself.
        host.run("systemctl", "try-restart", "--no-block", f"{unit}.service")
