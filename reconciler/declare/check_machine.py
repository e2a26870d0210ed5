"""Do the settings of the machine itself make sense: SSH keys, and when it stops for want of use."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from reconciler.declare.merge import Item
from reconciler.declare.scalars import either, show
from reconciler.declare.tree import Map, wrong
from reconciler.declare.units import seconds
from reconciler.errors import Problem

_FIELDS = {
    "ssh-ed25519": 2,
    "ssh-rsa": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ssh-ed25519@openssh.com": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
}
"""The types of public keys that sshd takes (sshd manual, "AUTHORIZED_KEYS FILE FORMAT"), and how
many fields the encoded key of each has, its type included (RFC 4253, 5656 and 8709; OpenSSH's
PROTOCOL.u2f)."""

_AFTER = (600, 7 * 86400, "10m", "7d")
_LEAST_WARNING = 60


def check(item: Item) -> Iterator[Problem]:
    """Check the `ssh_keys` and the `idle` section of one workstation."""
    keys = item.settings.get("ssh_keys", ())
    for index, line in enumerate(keys):
        problem = _of_key(line)
        if problem:
            yield keys.spans[index].value(*problem)
    idle = item.settings.get("idle")
    if isinstance(idle, Map):  # else it is off
        yield from _idle(item, idle)


def _of_key(line: str) -> tuple[str, str] | None:
    """What is wrong with the line of a public key, and what to do; None if nothing is."""
    of_type, _, rest = line.partition(" ")
    if of_type not in _FIELDS:
        return f"there is no type of public key {show(of_type)}", f"use {_TYPES}"
    try:
        fields = list(_fields(base64.b64decode(rest.partition(" ")[0], validate=True)))
    except (binascii.Error, ValueError):
        return "the public key is not whole", "copy the whole line again"
    if fields[:1] != [of_type.encode()]:
        return f"the public key is not of the type {of_type}", "copy the whole line again"
    if len(fields) != _FIELDS[of_type] or not all(fields):
        return "the public key is not whole", "copy the whole line again"
    return None


_TYPES = either(list(_FIELDS)[:3])


def _fields(encoded: bytes) -> Iterator[bytes]:
    """The fields of an encoded key, each after its length (RFC 4251, section 5)."""
    while encoded:
        length = int.from_bytes(encoded[:4], "big")
        if len(encoded) < 4 + length:
            raise ValueError("cut off")
        yield encoded[4 : 4 + length]
        encoded = encoded[4 + length :]


def _idle(item: Item, idle: Map) -> Iterator[Problem]:
    span = item.settings.spans.get("idle", item.span)
    if "after" not in idle or "warn" not in idle:  # refused before
        return
    after, warn = seconds(idle["after"]), seconds(idle["warn"])
    least, most, from_, to = _AFTER
    if not least <= after <= most:
        yield wrong(idle, "after", span, f"`after` must be from {from_} to {to}")
    elif not _LEAST_WARNING <= warn < after:
        yield wrong(
            idle,
            "warn",
            span,
            f"`warn` must be from 1m to less than `after`, {idle['after']}",
            "it says how long after the warning the machine stops",
        )
