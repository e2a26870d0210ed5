"""User data: a cloud-config with the instance file and, where the image has none, the agent. Pure.

It is gzipped (cloud-init decompresses it). Versions of zlib compress differently, so two user data
are compared by what they hold, never by their bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import lzma
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from reconciler.machine import agent

INSTANCE_FILE = "/etc/ws/instance.json"

LIMIT = 16_384
"""Bytes before base64: "User data is limited to 16 KB" (EC2 API, RequestLaunchTemplateData)."""

IN_IMAGE = "in the image"
"""What `agent` of user data without an agent says."""

_HEAD = "#cloud-config\n"
_LARGEST = 1 << 20  # bytes that are decompressed: what AWS holds may be a bomb
_XZ = (
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "dict_size": 1 << 20,
        "pb": 0,  # texts have no alignment
    },
)
_MEMORY = 16 << 20  # for decompressing it

NOT_OURS = (
    ValueError,
    zlib.error,
    lzma.LZMAError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)
"""What reading user data raises that somebody else wrote; RecursionError: thousands of brackets."""


class UserData(NamedTuple):
    """What user data says: the instance file, and which agent comes with it."""

    instance: Mapping[str, Any]
    agent: str  # `carried, 0.1.0 (1a2b3c4d5e6f)`, by its content; or IN_IMAGE


@cache
def carried() -> str:
    """Name the agent of this product as user data carries it."""
    return _label(_entries(), agent.commands())


def encode(instance: Mapping[str, Any], *, carries_agent: bool) -> str:
    """Write user data as AWS takes it: gzip in base64."""
    return base64.b64encode(_packed(text(instance, carries_agent=carries_agent))).decode()


def text(instance: Mapping[str, Any], *, carries_agent: bool) -> str:
    """Write the cloud-config. JSON is YAML: nothing in it can break out."""
    content = json.dumps(instance, indent=1, sort_keys=True)
    config: dict[str, Any] = {
        "write_files": [{"path": INSTANCE_FILE, "permissions": "0644", "content": content}]
    }
    if carries_agent:
        config["write_files"] += _entries()
        config["runcmd"] = agent.commands()
    return f"{_HEAD}{json.dumps(config)}\n"


def size(instance: Mapping[str, Any], *, carries_agent: bool) -> int:
    """Count the bytes that LIMIT limits, or what they are at most where that is below it."""
    plain = text(instance, carries_agent=False)
    most = len(plain) + (_size_of_agent() if carries_agent else 0)
    if most < LIMIT:
        return most
    return len(_packed(text(instance, carries_agent=carries_agent)))


@cache
def _size_of_agent() -> int:
    return len(_packed(text({}, carries_agent=True)))


def decode(encoded: str) -> UserData:
    """Read user data of this product, of whichever version. Raises: NOT_OURS."""
    raw = base64.b64decode(encoded, validate=True)
    plain = (_unpacked(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    if not plain.startswith(_HEAD):
        raise ValueError("no cloud-config")
    config = _json(plain.removeprefix(_HEAD))
    first, *more = config.pop("write_files")
    commands = config.pop("runcmd", [])
    content = _json(first["content"])
    canonical = json.dumps(content, indent=1, sort_keys=True)
    expected = {"path": INSTANCE_FILE, "permissions": "0644", "content": canonical}
    if config or first != expected or not isinstance(content, dict):
        raise ValueError("not written by this product")
    return UserData(_frozen(content), _label(more, commands) if more or commands else IN_IMAGE)


def _json(source: str) -> Any:
    def refused(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(source, parse_constant=refused)


def _frozen(value: Any) -> Any:
    """A value with tuples for lists, as both sides of a comparison have it."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _entries() -> list[dict[str, str]]:
    """The file of the agent as cloud-init takes it."""
    file = agent.carried()
    # Smaller than gzip by a tenth.
    packed = lzma.compress(file.content, check=lzma.CHECK_CRC32, filters=_XZ)
    content = base64.b64encode(packed).decode()
    mode = f"{file.mode:04o}"
    return [{"path": file.path, "permissions": mode, "encoding": "b64", "content": content}]


def _label(entries: Iterable[Mapping[str, Any]], commands: Any) -> str:
    """The name of what is carried: its version, and a digest of its content."""
    digest, version = hashlib.sha256(), ""
    for entry in entries:
        content = entry["content"].encode()
        if entry["path"] == agent.PACK:
            content = _unpacked_modules(base64.b64decode(content, validate=True))
            version = agent.version_in(content)
        rest = {name: value for name, value in entry.items() if name != "content"}
        digest.update(json.dumps(rest, sort_keys=True).encode() + b"\0")
        digest.update(hashlib.sha256(content).digest())
    digest.update(json.dumps(commands).encode())
    return f"carried, {version or 'of an unknown version'} ({digest.hexdigest()[:12]})"


def _packed(plain: str) -> bytes:
    return gzip.compress(plain.encode(), 9, mtime=0)


def _unpacked(packed: bytes) -> bytes:
    """Decompress one gzip stream. Raises: zlib.error, ValueError where it is too long."""
    stream = zlib.decompressobj(wbits=31)
    content = stream.decompress(packed, _LARGEST)
    if not stream.eof or stream.unused_data:
        raise ValueError("too long, or cut off")
    return content


def _unpacked_modules(packed: bytes) -> bytes:
    """Decompress the modules. Raises: lzma.LZMAError, ValueError where they are too long."""
    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MEMORY)
    content = stream.decompress(packed, _LARGEST)
    if not stream.eof or stream.unused_data:
        raise ValueError("too long, or cut off")
    return content
