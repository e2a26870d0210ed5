"""`ws status`: what this workstation is, and how its home and its mounts are."""

from __future__ import annotations

import json

from ws import VERSION
from ws.host import Host, Result
from ws.imds import Imds, Unknown
from ws.settings import Settings, load

METADATA = {
    "instance": "instance-id",
    "type": "instance-type",
    "zone": "placement/availability-zone",
    "market": "instance-life-cycle",
}


def places(settings: Settings) -> list[str]:
    """List where something has to be mounted, the home first."""
    return [each["at"] for each in [settings.home, *settings.mounts] if each]


def mounted(host: Host, at: str) -> Result:
    """Ask for source, type, size and use of the mount at one place.

    A program asks, because a network file system can block whoever asks.
    """
    return host.run("findmnt", "-n", "-o", "SOURCE,FSTYPE,SIZE,USE%", at, timeout=10)


def ask(imds: Imds, path: str) -> str:
    """Read metadata for people, who want to see an error too."""
    try:
        return imds.get(f"meta-data/{path}") or "none"
    except Unknown as error:
        return f"unknown: {error}"


def show(arguments: list[str], found: dict[str, str]) -> int:
    """Print names with their texts: as lines, or as JSON with `-o json`."""
    if arguments == ["-o", "json"]:
        print(json.dumps(found, indent=2))
    else:
        for name, text in found.items():
            print(f"{name:12} {text}")
    return 0


def main(arguments: list[str], host: Host) -> int:
    """Print the description."""
    settings, imds = load(host), Imds()
    found = {"workstation": settings.workstation, "owner": settings.owner}
    found.update((name, ask(imds, path)) for name, path in METADATA.items())
    for at in places(settings):
        asked = mounted(host, at)
        found[at] = f"NOT MOUNTED {asked.output}" if asked.code else " ".join(asked.output.split())
    phase = host.path("/run/ws/phase")
    found["phase"] = phase.read_text() if phase.exists() else "unknown"
    return show(arguments, {**found, "agent": VERSION})
