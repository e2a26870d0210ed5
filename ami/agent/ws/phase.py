"""How far the machine is: a tag on itself, a file for logins, a line in the journal.

EC2 takes 256 characters of any kind as a tag's value (EC2 user guide, "Tag your Amazon EC2
resources").
"""

from __future__ import annotations

from ws.aws import Aws, AwsError
from ws.host import Host
from ws.imds import Unknown

FILE = "/run/ws/phase"
TAGGED = "/run/ws/phase-tagged"
"""The phase that the tag has: on tmpfs, so a boot begins without one."""


class Waiting(Exception):
    """It cannot go on yet; what it waits for may come by itself."""


class Failed(Exception):
    """A person has to do something; until then it is tried again, slowly."""


def say(host: Host, aws: Aws, phase: str, sentence: str = "") -> None:
    """Write the phase where people look; a tag that cannot be written stops nothing."""
    text = f"{phase}: {sentence}" if sentence else phase
    text = "".join(letter if letter.isprintable() else " " for letter in text)[:256]
    if _read(host, FILE) != text:
        host.write(FILE, text)
        host.log(text)
    if _read(host, TAGGED) == text:
        return
    try:
        given = {"ResourceId_1": aws.imds.instance_id(), "Tag_1_Key": "reconciler:phase"}
        aws.call("ec2", "CreateTags", **given, Tag_1_Value=text)
        host.write(TAGGED, text)
    except (AwsError, Unknown) as error:
        host.log(f"the tag reconciler:phase is not written: {error}")


def _read(host: Host, name: str) -> str:
    path = host.path(name)
    return path.read_text() if path.exists() else ""
