"""`ws doctor`: check this workstation, and say for each thing that is wrong what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ws import VERSION
from ws.host import Host
from ws.idle import GAP, UNKNOWN_TOO_LONG, read_memory
from ws.imds import Imds, Unknown
from ws.lease import uptime
from ws.sensors import ERRORS, UNKNOWN, has_gpu
from ws.settings import Settings, load
from ws.status import places
from ws.tell import clean

OK, WARNING, ERROR = "ok", "warning", "error"
IMAGE = "start it again, or take another image"
ROOM = r"\b[1-8]?\d% .*"  # less than 90 %

Line = tuple[str, str, str]  # how bad it is, what was found, what to do
Check = tuple[str, str, str, str, str]
"""A name, the program to ask, a match in a good answer; if there is none: how bad, what to do."""

GPU: list[Check] = [
    ("GPU", "nvidia-smi --query-gpu=name,driver_version --format=csv,noheader", ".+", ERROR, IMAGE),
    ("driver", "nvidia-smi", r"CUDA[ \w]* Version *: *[\d.]+", ERROR, IMAGE),
    ("no nouveau", "grep -L ^nouveau /proc/modules", ".+", ERROR, IMAGE),
]
SYSTEM: list[Check] = [
    ("clock", "timedatectl show -p NTPSynchronized --value", "yes", WARNING, "restart chrony"),
    ("failed", "systemctl --failed --plain --no-legend", r"\A\Z", ERROR, "systemctl status"),
]


def checks(host: Host, settings: Settings) -> Iterator[Check]:
    """List the checks of this machine. Raises: OSError."""
    yield from SYSTEM
    for at in places(settings):
        yield (
            f"mount {at}",
            f"findmnt -n -o SOURCE,FSTYPE {at}",
            ".+",
            ERROR,
            "journalctl -u ws-boot",
        )
    for at in ["/", *places(settings)]:
        yield "full", f"df --output=pcent,target {at}", ROOM, WARNING, "delete files"
    if has_gpu(host):
        yield from GPU


def examine(host: Host, settings: Settings, imds: Imds) -> Iterator[Line]:
    """Make every check; what cannot be seen is a warning."""
    yield OK, f"agent {VERSION}", ""
    try:
        yield OK, f"instance {imds.instance_id()}", ""
        role = imds.get("meta-data/iam/security-credentials/")
        yield OK if role else ERROR, f"role {role or 'missing'}", "" if role else "reconcile doctor"
    except Unknown as error:
        yield ERROR, f"metadata {error}", "no firewall may block 169.254.169.254"
    try:
        memory, up = read_memory(host), uptime(host)
        if settings.idle and up - memory.get("state", [-GAP])[0] > GAP:
            yield ERROR, "idle: nobody looks", "systemctl status ws-idle"
        if memory.get("refused"):
            yield ERROR, f"idle: AWS refuses the stop: {memory['refused']}", "reconcile iam"
        for name, state, text, _, start in memory.get("readings", ()):
            if state == UNKNOWN and up - start >= UNKNOWN_TOO_LONG:
                yield WARNING, f"idle: {name} is unknown for an hour: {text}", "it counts as used"
        for name, command, good, level, advice in checks(host, settings):
            asked = host.run(*command.split(), timeout=20)
            found = None if asked.code else re.search(good, asked.output)
            if found:
                yield OK, f"{name} {found[0]}", ""
            else:
                yield level, f"{name} {asked.output}", advice
    except ERRORS as error:
        yield WARNING, f"cannot see {error}", "run it as root"


def main(arguments: list[str], host: Host) -> int:
    """Print every check; return 1 if one found an error."""
    lines = list(examine(host, load(host), Imds()))
    for level, text, advice in lines:
        print(f"{level:8} {clean(text)}" + (f" -> {advice}" if advice else ""))
    return int(ERROR in [line[0] for line in lines])
