"""Strings from AWS or YAML, made harmless: one function per place they are written to.

| sink           | what a hostile string could do there     | function     |
| -------------- | ---------------------------------------- | ------------ |
| terminal, log  | ANSI codes, new lines, CI commands       | `terminal`   |
| markdown       | markup, HTML, mentions, broken tables    | `markdown`   |
| markdown code  | leave the code span                      | `code`       |
| GitHub command | end the command, add properties          | `annotation` |
| JSON           | CI commands                              | `in_json`    |

`json.dumps` with `ensure_ascii` writes every other such character as `\\uXXXX`.
"""

from __future__ import annotations

import re
import unicodedata

# Cc: C0 and C1 controls. Cf: bidirectional overrides and other invisible marks.
# Zl, Zp: line breaks that `str.splitlines` and some terminals obey.
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})

# A runner takes `::name …::` at the start of a line and `##[name]` anywhere as a command.
_CI_COMMAND = re.compile(r"(?<!\S):(?=:[A-Za-z])|#(?=#\[)")

_MARKUP = re.compile(r"([\\`*_\[\]~|<>&!$])")
# Mentions, issues and addresses. To GitHub a letter that is not ASCII ends the word before an @.
_LINKS = re.compile(r"(?<![A-Za-z0-9_])@(?=\w)|#(?=\d)|(?i:gh)(?=-\d)|(?i:www)(?=\.)|:(?=//)")
_LIST = re.compile(r"^(\s*\d*)([-+#=.])")


def terminal(text: str) -> str:
    """Escape a text to one line without control characters; each is shown by its code."""
    text = " ".join(text.split("\n")).replace("\t", " ").replace("\r", " ")
    visible = text if text.isprintable() else "".join(map(_visible, text))
    return _CI_COMMAND.sub(lambda found: f"\\x{ord(found[0]):02x}", visible)


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def markdown(text: str) -> str:
    """Escape prose for a comment or a table cell: read as written, no link and no mention."""
    text = _MARKUP.sub(r"\\\1", terminal(text)).replace("\\&", "&amp;").replace("\\<", "&lt;")
    text = _LINKS.sub(lambda found: found[0] + "&#8203;", text)
    return _LIST.sub(r"\1\\\2", text)


def code(text: str) -> str:
    """Write a code span, inside a table too: fenced by more backticks than it holds."""
    text = terminal(text).replace("|", "\\|") or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def in_json(written: str) -> str:
    """Escape a JSON document so that its texts hold no `##[command]`; `#` stands nowhere else in
    it."""
    return written.replace("##[", "#\\u0023[")


def annotation(text: str, *, is_property: bool = False) -> str:
    """Escape the message, or one property, of a GitHub `::error …::` line."""
    text = terminal(text).replace("%", "%25")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text
