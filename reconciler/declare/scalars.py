"""One YAML scalar → text, number, true/false or null; what readers disagree on is refused.

YAML 1.1 and 1.2 read `no`, `0755`, `1_000`, `19:00` and dates differently, and characters that
cannot be seen make two different names look alike. None of them is guessed at.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_LENGTH = 4096  # characters; far above any real value

_WORDS: dict[str, bool | None] = {"": None, "~": None}
_WORDS |= dict.fromkeys(("null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)

_YES_NO = frozenset({"yes", "no", "on", "off", "y", "n"})
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,8})\.[0-9]{1,9}")
_DISPUTED = (
    (re.compile(r"[-+]?0[0-9_]+"), "has a leading zero, which some readers take for octal"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"), "is a hexadecimal, octal or binary number"),
    (re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?"), "has an underscore in a number"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"),
        "is a number in base 60 to many YAML readers",
    ),
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?", re.DOTALL),
        "is a date to many YAML readers",
    ),
    (
        re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+"),
        "is a number with an exponent to some YAML readers",
    ),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "is not a usable number"),
    (re.compile(r"\+[0-9.]+|[-+]?[0-9]+\.|[-+]?\.[0-9]+"), "is a number in an unusual form"),
    (re.compile(r"[-+]?[0-9]+(\.[0-9]+)?"), "has too many digits"),
)

# Letters and marks to Unicode, and to Python printable, but nothing is drawn for them.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


@dataclass(frozen=True)
class Trap:
    """A scalar that is refused, and what to write instead."""

    message: str
    hint: str


def plain(text: str) -> str | int | float | bool | Trap | None:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-.":
        return _number(text)
    if text.lower() in _YES_NO:
        return Trap(
            f"{show(text)} without quotes is true or false to some YAML readers",
            f'write "{text}" if text is meant, otherwise true or false',
        )
    return text


def _number(text: str) -> str | int | float | Trap:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    for pattern, what in _DISPUTED:
        if pattern.fullmatch(text):
            return Trap(f"{show(text)} without quotes {what}", _remedy(text))
    return text


def _remedy(text: str) -> str:
    if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", text):
        return f'write "{text}"; in a schedule, with its days: "Mon-Fri {text:0>5}"'
    return f'write "{text}"' if len(text) <= 40 else "write it in quotes"


def hidden(text: str) -> Trap | None:
    """What is wrong with the characters of a text, quoted or not."""
    if text.isascii() and text.isprintable():
        return None
    for char in text:
        if char == "\n":
            return Trap("has a line break", "write it on one line, without | or >")
        if not char.isprintable() or _BLANK.match(char):
            return Trap(f"has {name_of(char)}, which cannot be seen", "take it out")
    return _lookalike(text)


def _lookalike(text: str) -> Trap | None:
    if unicodedata.normalize("NFKC", text) != text:
        odd = next((c for c in text if unicodedata.normalize("NFKC", c) != c), "")
        if not odd:
            return Trap("has a letter and its accent as two characters", "type it again as one")
        return Trap(f"has {name_of(odd)}, which looks like something else", "type it plainly")
    if any(char.isascii() and char.isalpha() for char in text):
        for char in text:
            if name_of(char).partition(" ")[2].startswith(("CYRILLIC", "GREEK")):
                return Trap(
                    f"mixes Latin letters with {name_of(char)}, which looks like one",
                    "type it again in one alphabet",
                )
    return None


def name_of(char: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(char):04X} {unicodedata.name(char, 'CONTROL CHARACTER')}"


def show(text: str) -> str:
    """A text for a message: in backquotes, shortened, nothing unprintable."""
    short = text if len(text) <= 60 else text[:57] + "..."
    return "`" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short) + "`"
