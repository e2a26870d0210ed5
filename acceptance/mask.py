"""Take out of recorded answers what must not leave the account: ids, keys, addresses, names."""

from __future__ import annotations

import base64
import gzip
import hashlib
import ipaddress
import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

ACCOUNT = "111122223333"
"""Stands for the account that is tried; AWS's documentation uses this number."""
OTHER_ACCOUNT = "444455556666"
"""Stands for every other one."""

SECRETS = frozenset(
    {
        "SecretAccessKey",
        "SessionToken",
        "Password",
        "PrivateKey",
        "StreamUrl",
        "TokenValue",
        "SecretString",
        "EncodedAuthorizationMessage",
    }
)
"""Members whose value is a secret, or carries one."""
TOKENS = frozenset({"NextToken", "ReceiptHandle", "Marker"})
"""Members that AWS made and nobody can read: they may hold anything, but have to fit together."""
SKIPPED = frozenset({"ResponseMetadata"})

_DIGITS = re.compile(r"(?<![0-9A-Za-z.])\d{12}(?![0-9A-Za-z])")
_KEY_ID = re.compile(
    r"\b(A3T[A-Z0-9]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA)[A-Z0-9]{12,}"
)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_DASHED = re.compile(r"\b(ip|ec2)-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}\b")
_HARDWARE = re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b")
_COLONS = re.compile(r"(?<![\w:])[0-9a-f:]*:[0-9a-f:]*:[0-9a-f]*(?![\w:])", re.IGNORECASE)
_CALLER = re.compile(r"(:(?:user|assumed-role|federated-user)/)([^\s\"',]+)")
_KEPT_ADDRESSES = frozenset({"0.0.0.0", "127.0.0.1", "255.255.255.255"})


class Mask:
    """Replaces what identifies somebody. The same text always becomes the same replacement.

    `words` are names to take out besides: of the caller, of the machine.
    """

    def __init__(self, account: str, words: Iterable[str] = ()) -> None:
        self.account = account
        self.words = tuple(sorted({each for each in words if len(each) > 2}, key=len, reverse=True))

    def __call__(self, value: Any) -> Any:
        """A copy of what botocore parsed, as JSON: masked, times as `{"$time": …}`."""
        match value:
            case Mapping():
                return {
                    self.text(str(key)): self._member(str(key), inner)
                    for key, inner in value.items()
                    if key not in SKIPPED
                }
            case list() | tuple() | set() | frozenset():
                return [self(each) for each in value]
            case bytes():
                return {"$bytes": base64.b64encode(self._binary(value)).decode()}
            case datetime():
                return {"$time": value.isoformat()}
            case bool() | int() | float() | None:
                return value
        return self.text(str(value))

    def text(self, text: str) -> str:
        """One string."""
        for word in self.words:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "somebody", text)
        text = _CALLER.sub(_caller, text)
        text = _DIGITS.sub(lambda found: self._account(found[0]), text)
        text = _KEY_ID.sub(_key_id, text)
        text = _EMAIL.sub(_email, text)
        text = _DASHED.sub(lambda found: f"{found[1]}-192-0-2-1", text)
        text = _ADDRESS.sub(_address, text)
        text = _HARDWARE.sub("02:00:00:00:00:01", text)
        return _COLONS.sub(_address_6, text)

    def _member(self, key: str, inner: Any) -> Any:
        if key in SECRETS and isinstance(inner, str):
            return "masked"
        if key in TOKENS and isinstance(inner, str):
            return f"token-{_digest(inner)[:12]}"
        if key == "UserData" and isinstance(inner, str):  # base64 hides what it holds
            return self._user_data(inner)
        return self(inner)

    def _user_data(self, encoded: str) -> str:
        try:
            raw = base64.b64decode(encoded, validate=True)
            packed = raw.startswith(b"\x1f\x8b")
            plain = (gzip.decompress(raw) if packed else raw).decode()
        except (OSError, EOFError, zlib.error, ValueError):
            return self.text(encoded)
        masked = self.text(plain).encode()
        return base64.b64encode(gzip.compress(masked, mtime=0) if packed else masked).decode()

    def _binary(self, value: bytes) -> bytes:
        try:
            return self.text(value.decode()).encode()
        except UnicodeDecodeError:
            return b"masked"

    def _account(self, digits: str) -> str:
        known = {self.account: ACCOUNT, ACCOUNT: ACCOUNT, "000000000000": "000000000000"}
        return known.get(digits, OTHER_ACCOUNT)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _email(found: re.Match[str]) -> str:
    """The owners that are declared here end in example.com, as does every replacement."""
    return found[0] if found[0].endswith("@example.com") else "somebody@example.com"


def _address(found: re.Match[str]) -> str:
    """A documentation address (RFC 5737); ranges of networks stay apart by their last number."""
    text = found[0]
    if text in _KEPT_ADDRESSES or text.startswith("192.0.2."):
        return text
    if any(int(part) > 255 for part in text.split(".")):
        return text
    return f"192.0.2.{int(_digest(text)[:4], 16) % 254 + 1}"


def _address_6(found: re.Match[str]) -> str:
    """Times have colons too."""
    try:
        ipaddress.IPv6Address(found[0])
    except ValueError:
        return found[0]
    return "::" if found[0] == "::" else "2001:db8::1"


def _key_id(found: re.Match[str]) -> str:
    if "EXAMPLE" in found[0]:
        return found[0]
    return f"{found[1]}EXAMPLE{_digest(found[0])[:9].upper()}"


def _caller(found: re.Match[str]) -> str:
    """A role that is made here keeps its name; whoever else asks loses it."""
    kind, name = found[1], found[2]
    if name.startswith("reconciler-acceptance"):
        return found[0]
    return f"{kind}somebody"
