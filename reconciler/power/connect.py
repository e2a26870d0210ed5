"""The way onto a workstation: a forwarded port for DCV, a block of ssh's configuration. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from reconciler.power.model import Group

DCV_PORT = 8443
_BEGIN = (
    "# >>> workstation {name}: written by `workstation connect`, edits between the marks are lost"
)
_END = "# <<< workstation {name}"
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
"""A login that can stand in a configuration file."""

_INSTANCE = re.compile(r"--target (i-[0-9a-f]+)")


@dataclass(frozen=True)
class Way:
    """One instance, and by whose configuration AWS is reached."""

    group: Group
    instance: str
    profile: str  # "" is the default one
    user: str


def forward(way: Way, local_port: int) -> list[str]:
    """The command that brings DCV to a port of this machine."""
    parameters = f"portNumber={DCV_PORT},localPortNumber={local_port}"
    return [*_session(way, "AWS-StartPortForwardingSession"), "--parameters", parameters]


def _session(way: Way, document: str) -> list[str]:
    profile = ["--profile", way.profile] if way.profile else []
    where = ["--region", way.group.region, "--target", way.instance]
    return ["aws", "ssm", "start-session", *profile, *where, "--document-name", document]


def host(group: Group) -> str:
    """What to write after `ssh`."""
    return group.workstation


def block(way: Way) -> str:
    """The marked lines of one workstation.

    Only AWS-StartSSHSession speaks over a ProxyCommand's pipe; a forwarded port would need a
    process of its own (Session Manager user guide, "Allow and control permissions for SSH
    connections"). To ssh, % begins a token.
    """
    name = way.group.name
    proxy = shlex.join([*_session(way, "AWS-StartSSHSession"), "--parameters"])
    lines = (
        _BEGIN.format(name=name),
        f"Host {host(way.group)}",
        f"    HostName {way.instance}",
        f"    User {way.user}",
        f"    HostKeyAlias {alias(way.group)}",
        "    StrictHostKeyChecking accept-new",
        f"    ProxyCommand {proxy.replace('%', '%%')} portNumber=%p",
        _END.format(name=name),
    )
    return "\n".join(lines) + "\n"


def alias(group: Group) -> str:
    """The name that ssh keeps the host's key under, whichever instance it is."""
    return f"workstation-{group.name}"


def merged(config: str, way: Way) -> str:
    """The file with this workstation's block in its place, or at its beginning; else untouched.

    At the beginning, since ssh takes the first value it finds.
    """
    found = _find(config, way.group.name)
    if found is None:
        return block(way) + ("\n" + config if config else "")
    start, end = found
    return config[:start] + block(way) + config[end:]


def before(config: str, name: str) -> str:
    """The instance that the block names; "" without one."""
    found = _find(config, name)
    target = _INSTANCE.search(config[slice(*found)]) if found else None
    return target[1] if target else ""


def _find(config: str, name: str) -> tuple[int, int] | None:
    """Where a block begins and ends; one whose end mark is gone is not touched."""
    begin, end = (re.escape(mark.format(name=name)) for mark in (_BEGIN, _END))
    found = re.search(
        rf"^{begin}\n(?:(?!# >>> workstation ).*\n)*?{end}(?:\n|\Z)", config, re.MULTILINE
    )
    return found.span() if found else None
