"""Amazon DCV, where the image has it: the screen of the machine belongs to the person.

DCV administrator guide, "Starting sessions" and "Configuration parameter reference". DCV reads
these settings when it starts. No password is set anywhere.
"""

from __future__ import annotations

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
    # DCV disconnects whoever is idle; the machine itself decides when nobody uses it.
    session = {"owner": f'"{user}"', "storage-root": '"%home%"'}
    wanted = {
        "session-management": {"create-session": "true"},
        "session-management/automatic-console-session": session,
        "connectivity": {"idle-timeout": "0"},
    }
    if _edit(host, DCV, wanted):
        _restart(host, "dcvserver")
    # Nobody has a password for the login screen, and DCV shows X alone.
    login = {"WaylandEnable": "false", "AutomaticLoginEnable": "true", "AutomaticLogin": user}
    for name in GDM:
        if host.path(name).exists() and _edit(host, name, {"daemon": login}):
            _restart(host, "display-manager")


def _restart(host: Host, unit: str) -> None:
    # It is ordered after this boot: waiting for it would be waiting for oneself.
    host.run("systemctl", "try-restart", "--no-block", f"{unit}.service")


def _edit(host: Host, name: str, wanted: dict[str, dict[str, str]]) -> bool:
    """Put values into a file of sections; tell whether it has changed."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    path = host.path(name)
    try:
        parser.read_string(path.read_text() if path.exists() else "")
    except Error as error:
        host.log(f"{name} cannot be read, and is written anew: {error}")
    for section, values in wanted.items():
        parser.read_dict({section: values})
    text = io.StringIO()
    parser.write(text)
    return put(host, name, text.getvalue())
