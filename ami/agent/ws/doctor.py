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
ROOM = r"\b[1-8]?\d% .*"  # less than 90 %
IMAGE = "start it again, or take another image"

Line = tuple[str, str, str]  # how bad it is, what was found, what to do
Check = tuple[str, str, str, str, str]
"""A name, the program to ask, a match in a good answer; if there is none: how bad, what to do."""

GPU: list[Check] = [
    ("GPU", "nvidia-smi --query-gpu=name,driver_version --format=csv,noheader", ".+", ERROR, IMAGE),
    ("CUDA", "nvidia-smi", r"CUDA[ \w]* Version *: *[\d.]+", ERROR, IMAGE),
    ("without nouveau", "grep -L ^nouveau /proc/modules", ".+", ERROR, IMAGE),
]
SYSTEM: list[Check] = [
    (
        "clock",
        "timedatectl show -p NTPSynchronized --value",
        "yes",
        WARNING,
        "systemctl status chrony",
    ),
    (
        "failed units",
        "systemctl --failed --plain --no-legend",
        r"\A\Z",
        ERROR,
        "systemctl status UNIT",
    ),
]


def checks(host: Host, settings: Settings) -> list[Check]:
    """List the checks of this machine. Raises: OSError."""
    mounts = places(settings)
    return [
        *(GPU if has_gpu(host) else []),
        *SYSTEM,
        *(
            (at, f"findmnt -n -o SOURCE,FSTYPE {at}", ".+", ERROR, "journalctl -u ws-boot")
            for at in mounts
        ),
        *(
            ("full", f"df --output=pcent,target {at}", ROOM, WARNING, "delete files")
            for at in ["/", *mounts]
        ),
    ]


def idle(host: Host, settings: Settings) -> Iterator[Line]:
    """Check that `ws idle` looks, sees everything, and may stop the workstation."""
    memory, up = read_memory(host), uptime(host)
    if settings.idle and up - memory.get("state", [-GAP])[0] > GAP:
        yield ERROR, "idle: nobody looks", "systemctl status ws-idle"
    if memory.get("refused"):
        yield (
            ERROR,
            f"idle: AWS refuses {memory['refused']}",
            "give its role the policy of reconcile iam",
        )
    for name, state, text, _, start in memory.get("readings", ()):
        if state == UNKNOWN and up - start >= UNKNOWN_TOO_LONG:
            yield (
                WARNING,
                f"idle: {name} is unknown for an hour: {text}",
                "it counts as used: repair it",
            )


def examine(host: Host, settings: Settings, imds: Imds) -> Iterator[Line]:
    """Make every check; what cannot be seen is a warning."""
    yield OK, f"agent {VERSION}", ""
    try:
        yield OK, f"instance {imds.instance_id()}", ""
        role = imds.get("meta-data/iam/security-credentials/")
        yield (OK, f"role {role}", "") if role else (ERROR, "no role", "give its profile a role")
    except Unknown as error:
        yield ERROR, f"metadata service: {error}", "no firewall may block 169.254.169.254"
    try:
        for name, command, good, level, advice in checks(host, settings):
            asked = host.run(*command.split(), timeout=20)
            match = None if asked.code else re.search(good, asked.output)
            if match:
                yield OK, f"{name} {match[0]}", ""
            else:
                yield level, f"{name} {asked.output}", advice
        yield from idle(host, settings)
    except ERRORS as error:
        yield WARNING, f"not everything can be seen: {error}", "run it as root"


def main(arguments: list[str], host: Host) -> int:
    """Print every check; return 1 if one found an error."""
    lines = list(examine(host, load(host), Imds()))
    for level, text, advice in lines:
        print(f"{level:8} {clean(text)}" + (f": {advice}" if advice else ""))
    return int(any(line[0] == ERROR for line in lines))
