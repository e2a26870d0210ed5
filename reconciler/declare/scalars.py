"""One YAML scalar → text, number, true/false or null; what readers disagree on is refused.

YAML 1.1 and 1.2 read `no`, `0755`, `1_000`, `19:00` and dates differently, and characters that
cannot be seen make two different names look alike. None of them is guessed at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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


_WORD = re.compile(r"[^\W\d_]+")  # letters in a row
_DISTINCT = frozenset({"<super>", "<sub>", "<fraction>", "<square>", "<circle>"})
"""Kinds of compatibility characters that nobody takes for the plain one: m², ½, 1º."""


@dataclass(frozen=True)
class AmbiguousScalar:
    """A scalar that is refused, and what to write instead."""

    message: str
    hint: str


def plain(text: str) -> str | int | float | bool | AmbiguousScalar | None:
    """Read an unquoted scalar as the value that it means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-.":
        return _number(text)
    if text.lower() in _YES_NO:
        return AmbiguousScalar(
            f"{show(text)} without quotes is true or false to some YAML readers",
            f'write "{text}" if text is meant, otherwise true or false',
        )
    return text


def _number(text: str) -> str | int | float | AmbiguousScalar:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    for pattern, problem in _DISPUTED:
        if pattern.fullmatch(text):
            return AmbiguousScalar(f"{show(text)} without quotes {problem}", _remedy(text))
    return text


def _remedy(text: str) -> str:
    if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", text):
        return f'write "{text}"; in a schedule, with its days: "Mon-Fri {text:0>5}"'
    if len(text) > 40:
        return "write it in quotes"
    number = _meant(text)
    if re.match("[-+]?0[0-9_]", text):  # 0755: an id, mostly
        other = f", or {number} if a number is meant" if number.isdecimal() else ""
        return f'write "{text}"{other}'
    if not number:
        return f'write "{text}"'
    return f'write {number}, or "{text}" if text is meant'


def _meant(text: str) -> str:
    """The number that an unusual spelling probably stands for, spelt plainly; "" if none."""
    bare = text.replace("_", "")
    if re.fullmatch(r"[-+]?\.(inf|nan)", bare, re.IGNORECASE):
        return "a number"
    try:
        number = int(bare, 0) if re.match("[-+]?0[xob]", bare) else float(bare)
    except (ValueError, OverflowError):
        return ""
    if abs(number) >= 1e9:
        return "a smaller number"
    plainly = str(int(number)) if number == int(number) else f"{number:.9f}".rstrip("0")
    return plainly if float(plainly) == number else ""


def hidden(text: str, *, strict: bool) -> AmbiguousScalar | None:
    """Find what is wrong with the characters of a text, quoted or not.

    `strict` is for names, which must not be taken for one another; a value may have words of
    several scripts and signs such as `²`. Values that are names are ASCII by their own rules.
    """
    if text.isascii() and text.isprintable():
        return None
    for char in text:
        if char == "\n":
            return AmbiguousScalar("has a line break", "write it on one line, without | or >")
        if not char.isprintable() or _BLANK.match(char):
            return AmbiguousScalar(f"has {name_of(char)}, which cannot be seen", "take it out")
    if strict:
        return _changed(text, "NFKC") or _mixed(text)
    poses = next((char for char in text if _poses(char)), "")
    if poses:
        return _pretends(poses)
    return _changed(text, "NFC") or next(filter(None, map(_mixed, _WORD.findall(text))), None)


def _changed(text: str, form: Literal["NFC", "NFKC"]) -> AmbiguousScalar | None:
    """What would be another text in a normal form of Unicode."""
    if unicodedata.normalize(form, text) == text:
        return None
    odd = next((char for char in text if unicodedata.normalize(form, char) != char), "")
    if odd:
        return _pretends(odd)
    return AmbiguousScalar("has a letter and its accent as two characters", "type it again as one")


def _poses(char: str) -> bool:
    """Whether a character looks like a plain ASCII one, or like none."""
    plain_form = unicodedata.normalize("NFKC", char)
    if plain_form == char or unicodedata.decomposition(char).partition(" ")[0] in _DISTINCT:
        return False
    return any(c.isascii() for c in plain_form) or _BLANK.match(plain_form) is not None


def _pretends(char: str) -> AmbiguousScalar:
    return AmbiguousScalar(
        f"has {name_of(char)}, which looks like something else", "type it plainly"
    )


def _mixed(text: str) -> AmbiguousScalar | None:
    if any(char.isascii() and char.isalpha() for char in text):
        for char in text:
            if name_of(char).partition(" ")[2].startswith(("CYRILLIC", "GREEK")):
                return AmbiguousScalar(
                    f"mixes Latin letters with {name_of(char)}, which looks like one",
                    "type it again in one alphabet",
                )
    return None


def name_of(char: str) -> str:
    """Name a character: `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(char):04X} {unicodedata.name(char, 'CONTROL CHARACTER')}"


def in_yaml(text: str) -> str:
    """Write a text as YAML: in quotes where it needs them."""
    is_safe = plain(text) == text and re.fullmatch(r"[\w./][\w./@:+-]*", text)
    return text if is_safe else f'"{text}"'


def show(text: str) -> str:
    """Quote a text for a message: in backquotes, shortened, nothing unprintable."""
    short = text if len(text) <= 60 else text[:57] + "..."
    return "`" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short) + "`"


def either(words: Sequence[str]) -> str:
    """Join words as `a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
