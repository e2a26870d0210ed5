"""Commands and files that connect to a workstation: DCV and ssh by Session Manager. Pure.

ssh finds its settings in a file of ours, which one line of the user's own configuration includes.
They name the workstation and no instance: `workstation proxy` finds the instance each time ssh
connects, so that they outlive every machine.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.errors import Refused
from reconciler.workstation.model import Group

DCV_PORT = 8443
FOLDER = "workstations"
"""Under ~/.ssh: what ssh knows of workstations."""

LOCK = f"{FOLDER}/.lock"
"""Held by a command while it changes these files."""

CONFIG = f"{FOLDER}/config"
INCLUDE = f"Include {CONFIG}"
"""A path that is not absolute is one under ~/.ssh (ssh_config(5), Include)."""

_INCLUDED = f"# Written by `workstation connect`: hosts that are workstations\n{INCLUDE}\n"
_BEGIN = "# >>> {name}: edits between the marks are lost"
_END = "# <<< {name}"
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
"""A login that can stand in a configuration file."""

INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")
"""An instance id: 17 digits, once 8 (EC2 user guide, "Resource IDs")."""

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}")
"""The name of a region in any partition (botocore, data/partitions.json)."""

SUFFIX = "workstation"
"""The last part of a host name. No domain of the internet ends in it, and no host of one's own."""

_KEYS_OF = re.compile(rf"# keys of ({INSTANCE.pattern})\n")


@dataclass(frozen=True)
class Way:
    """The connection to one instance, and the AWS configuration that it uses.

    All of it becomes part of a command or a line of a file.

    Raises: Refused for what does not have the form of an instance id, a region or a profile.
    """

    group: Group
    instance: str
    profile: str  # "" is the default one
    user: str

    def __post_init__(self) -> None:
        name = self.group.workstation
        if not INSTANCE.fullmatch(self.instance):
            raise Refused(
                f"AWS's answer names {self.instance!r:.80} as the instance of {name}, which is no "
                "instance id: nothing was written; look at what answers as AWS (AWS_ENDPOINT_URL)"
            )
        if not REGION.fullmatch(self.group.region):
            raise Refused(
                f"{self.group.region!r:.80} is no region of AWS: nothing was written; correct "
                "AWS_REGION, or `region` in the profile"
            )
        if not self.profile.isprintable():
            raise Refused(
                f"the profile {self.profile!r:.80} cannot stand in a file of ssh: nothing was "
                "written; give it another name"
            )


def forward(way: Way, local_port: int) -> list[str]:
    """Build the command that forwards DCV to a port of this machine."""
    parameters = f"portNumber={DCV_PORT},localPortNumber={local_port}"
    return [*_session(way, "AWS-StartPortForwardingSession"), "--parameters", parameters]


def _session(way: Way, document: str) -> list[str]:
    profile = ["--profile", way.profile] if way.profile else []
    where = ["--region", way.group.region, "--target", way.instance]
    return ["aws", "ssm", "start-session", *profile, *where, "--document-name", document]


def host(group: Group) -> str:
    """Name a workstation for ssh. Our file is read first, so no other host can take the name.

    A workstation may be called `localhost` or as a host of the user, and two sites have an alice.
    """
    return f"{group.workstation}.{group.site}.{SUFFIX}"


def proxied(way: Way, port: str) -> list[str]:
    """Build the command that ssh uses as its connection.

    Only AWS-StartSSHSession speaks over a pipe; a forwarded port would need a process of its own
    (Session Manager user guide, "Allow and control permissions for SSH connections").
    """
    return [*_session(way, "AWS-StartSSHSession"), "--parameters", f"portNumber={port}"]


def block(way: Way, program: Sequence[str]) -> str:
    """Format the marked lines of one workstation; `program` calls `workstation`.

    To ssh, % begins a token.
    """
    group = way.group
    profile = ["--profile", way.profile] if way.profile else []
    where = ["--region", group.region, *profile]
    proxy = shlex.join([*program, "proxy", *where, f"{group.site}/{group.workstation}"])
    lines = (
        _BEGIN.format(name=group.name),
        f"Host {host(group)}",
        f"    User {way.user}",
        f"    HostKeyAlias {group.name}",
        f"    UserKnownHostsFile ~/.ssh/{keys(group)}",
        "    StrictHostKeyChecking accept-new",
        f"    ProxyCommand {proxy.replace('%', '%%')} %p",
        _END.format(name=group.name),
    )
    return "\n".join(lines) + "\n"


def keys(group: Group) -> str:
    """Return the file of a workstation's present host keys, under ~/.ssh."""
    return f"{FOLDER}/{group.name}.known_hosts"


def included(config: str) -> str:
    """Add our line at the beginning of the user's configuration, unless it has it already.

    At the beginning, since an Include behind a Host line holds for that host alone.
    """
    if re.search(rf"^\s*{re.escape(INCLUDE)}\s*$", config, re.MULTILINE | re.IGNORECASE):
        return config
    return _INCLUDED + ("\n" + config if config else "")


def merged(config: str, way: Way, program: Sequence[str]) -> str:
    """Replace or append this workstation's block in our file; keep the rest as it is."""
    name, new = way.group.name, block(way, program)
    begin, end = (re.escape(mark.format(name=name)) for mark in (_BEGIN, _END))
    found = re.search(rf"^{begin}\n(?:(?!# >>> ).*\n)*?{end}(?:\n|\Z)", config, re.MULTILINE)
    if found is None:
        return config + ("" if not config or config.endswith("\n") else "\n") + new
    return config[: found.start()] + new + config[found.end() :]


def keys_of(known: str) -> str:
    """Read the instance whose keys a file of ours holds; "" for none.

    A machine keeps its host keys on the home, so the next one has the same. One without a home has
    new keys, and ssh would refuse it under the name of the old one. Which machine answers is proved
    by Session Manager, not by these keys: so a new machine begins with none.
    """
    found = _KEYS_OF.match(known)
    return found[1] if found else ""


def no_keys(instance: str) -> str:
    """Make the file for an instance that ssh has not seen."""
    return f"# keys of {instance}\n"
